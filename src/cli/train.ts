import type { Dataset } from "../data/dataset.ts";
import type { LabelKind } from "../data/sample.ts";
import type { OpenOptions } from "../datasets/index.ts";
import type { TrainingData, TrainingDataOptions } from "../datasets/training-data.ts";
import { InputError, oneLine } from "../errors.ts";
import type { Method, ResolvedRecipe } from "../methods/method.ts";
import type { Trained } from "../methods/stage.ts";
import type { Platform } from "../platform/platform.ts";
import type { ReadEncoder } from "../runs/open-encoder.ts";
import type { DataPlace } from "../runs/run-record.ts";
import { command } from "./command.ts";
import { cachedEncoder, encoderOptions, givenEncoder, randomEncoderNote } from "./encoder-option.ts";
import {
  badImagePolicy,
  datasetOptions,
  labelOptions,
  labelsToKeep,
  placeOf,
  sizeOptions,
  trainingEngineFor,
  trainingEngineOptions,
} from "./options.ts";
import { methodOptions, methodsWith } from "./own-methods.ts";
import { keptLabels, longerRecipe, resumedRun } from "./resumed-run.ts";
import { duration, type Terminal } from "./terminal.ts";

/** Notes on the data set that are repeated before training; inspect lists all. */
const shownNotes = 8;

export const trainCommand = command({
  name: "train",
  summary: "train a model on a data set and write a run folder",
  positionals: [
    {
      name: "DATASET",
      help: "a folder (see tessera inspect), or scenes for the drawn data set; with --resume it may be left out",
      count: "optional",
    },
  ],
  options: {
    out: { kind: "text", placeholder: "FOLDER", help: "the run folder: new, empty, or with --resume a run; needed" },
    recipe: {
      kind: "text",
      placeholder: "NAME",
      help: "see tessera recipes; or a JSON file of one (tessera recipe NAME > mine.json), or a run, for its recipe; default: chosen by the labels found",
    },
    steps: {
      kind: "number",
      placeholder: "N",
      integer: true,
      minimum: 1,
      help: "updates in all; where a recipe has several stages, each gets its share of them; with --resume a run goes on until then",
    },
    set: { kind: "list", placeholder: "KEY=VALUE", help: "change one value of the recipe; may be repeated" },
    from: {
      kind: "list",
      placeholder: "RUN",
      help: "begin with the weights of another run, or of tessera import; may be repeated for the parts of a network",
    },
    masksFrom: {
      kind: "text",
      placeholder: "RUN",
      help: "learn from the pseudo masks that this run made of the training images, such as one of l2g-small, in place of their own",
    },
    ...encoderOptions,
    encoder: {
      ...encoderOptions.encoder,
      kind: "list",
      help: `${encoderOptions.encoder.help}; may be repeated where a recipe has two`,
    },
    ...labelOptions,
    resume: { kind: "flag", help: "go on with the run in --out; starts one where there is none" },
    ...datasetOptions,
    ...sizeOptions,
    licence: { kind: "text", placeholder: "TEXT", help: "of the weights, kept in the run and in exported models" },
    ...methodOptions,
    ...trainingEngineOptions,
  },
  examples: [
    ["tessera train photos --out run", "picks a recipe by the labels in photos/ and says why"],
    ["tessera train photos --recipe transunet-small --steps 2000 --out run", "longer"],
    ["tessera train --resume --out run", "goes on after Ctrl-C or a crash, as if it had never stopped"],
    ["tessera train --resume --out run --steps 8000", "trains a run longer, also one that has ended"],
    ["tessera train scenes --out run --set learningRate=1e-3 --set batchSize=4", "changes single values"],
    ["tessera train photos --encoder timm/mobilenetv2_100.ra_in1k --out run", "begins with an encoder of the hub"],
    [
      "tessera train photos --recipe unet-mobilenet --masks-from run --out second",
      "learns from pseudo masks of l2g-small",
    ],
    ["tessera train photos --recipe ddep-small --from encoder --label-fraction 1/8 --out run", "few labels, see ddep"],
  ],
  notes:
    "The run folder holds recipe.json, run.json, metrics.jsonl, a TensorBoard event file, checkpoints/, scores.json\n" +
    "and report.html. Ctrl-C ends after the current step, with a checkpoint.",
  async run({ positionals: [typed], options }, terminal) {
    const { shortSide, licence } = options;
    const asked = await labelsToKeep(options);
    const [{ nodePlatform }, { sourcesOf, stagesOf }, { openTrainingData }, { runTraining, scoresText }] =
      await Promise.all([
        import("../platform/node.ts"),
        import("../methods/stages.ts"),
        import("../datasets/training-data.ts"),
        import("./run-training.ts"),
      ]);
    const onBadImage = badImagePolicy(options);
    // A mistyped recipe is said before a large data set is looked through.
    const methods = await methodsWith(nodePlatform, options.method);
    const given = { dataset: typed, out: options.out, resume: options.resume };
    const { out, place: where, record } = await resumedRun(nodePlatform, given, methods);
    const { spec } = where;
    const place = { ...optionsOf(where), ...placeOf(options), onBadFile: onBadImage };
    const ofRun = record === null || asked !== null ? null : keptLabels(record);
    const keep = asked ?? ofRun;
    const labelSeed = options.labelSeed ?? ofRun?.seed;
    const masksFrom = options.masksFrom ?? where.masksFrom;
    const { withMasksOf } = await import("../runs/pseudo-labels.ts");
    const changed =
      masksFrom === undefined
        ? undefined
        : (train: Dataset) => withMasksOf(nodePlatform, masksFrom, train, { methods });
    const named = await recipeAsked(nodePlatform, out, options, options.set, methods);
    const reads: (ReadEncoder | null)[] = [];
    for (const each of options.encoder.length > 0 ? options.encoder : [undefined]) {
      reads.push(await givenEncoder(nodePlatform, { ...options, encoder: each }, { terminal, methods }));
    }
    const [read, ...more] = reads;
    const { start, encoder } =
      named === null
        ? await chosenRecipe(nodePlatform, spec, place, { given: read, set: options.set, changed }, terminal)
        : { start: named, encoder: read };
    if (record === null && options.from.length === 0 && encoder === null) {
      const line = await randomEncoderNote(nodePlatform, start);
      if (line !== null) terminal.note(oneLine(line));
    }
    const from: Trained[] = [];
    for (const run of options.from) from.push(await trainedIn(nodePlatform, run, start, terminal, methods));
    const { encoderFor } = await import("../runs/open-encoder.ts");
    for (const each of [encoder, ...more]) if (each !== null) from.push(encoderFor(each, start));
    const seeded = labelSeed === undefined ? {} : { labelSeed };
    const wanted = await withStepsOf(options.steps, await adopted(start, from, terminal));
    const longer =
      record === null || options.steps === undefined
        ? null
        : await longerRecipe(nodePlatform, out, wanted, options.steps, methods);
    const resolved = longer ?? wanted;
    const data = await openTrainingData(nodePlatform, spec, {
      ...{ ...place, keep, learnsFrom: sourcesOf(resolved) },
      ...(changed && { changed }),
      ...seeded,
    });
    if (keep !== null && data.labels === null) {
      throw new InputError(
        `${spec}: expected labels to use a part of, got images alone. Leave --label-fraction and --label-count out.`,
      );
    }
    for (const note of data.notes.slice(0, shownNotes)) terminal.note(oneLine(note));
    const unsaid = data.notes.length - shownNotes;
    if (unsaid > 0) terminal.note(oneLine(`… and ${unsaid} more notes: tessera inspect ${spec} lists them.`));
    const isLearned = sourcesOf(resolved).labels.every((kind) => data.dataset.kinds.includes(kind));
    // A run that is gone on from may have learned from them.
    if (isLearned && options.from.length === 0) {
      for (const line of unusedImages(data, sourcesOf(resolved).labels, resolved.recipe.name))
        terminal.note(oneLine(`${spec} has ${line}`));
    }
    for (const { kind, count, of } of data.lacking) {
      const how = `${resolved.recipe.name} does without it there`;
      terminal.note(oneLine(`${spec}: ${count} of ${of} images have no ${wordOf(kind)}; ${how}`));
    }
    const engine = await trainingEngineFor(options, resolved, data.dataset.classes);
    try {
      const outcome = await runTraining(
        {
          ...{ ...resolved, ...data, from, methods, platform: nodePlatform, engine, folder: out },
          ...{
            resume: options.resume,
            onBadImage,
            place: { ...dataPlace(spec, place), ...(masksFrom !== undefined && { masksFrom }) },
          },
          ...(shortSide !== undefined && { shortSide }),
          ...(licence !== undefined && { licence }),
        },
        terminal,
      );
      const { evaluation, report, steps, seconds } = outcome;
      const count = `${steps} ${steps === 1 ? "step" : "steps"}`;
      const passes = stagesOf(resolved).filter(({ kind }) => kind === "pass").length;
      const counted = passes === 0 ? count : `${count} (${passes} of them ${passes === 1 ? "a pass" : "passes"})`;
      terminal.print(oneLine(`${out}: ${counted}, ${duration(seconds)}`));
      if (evaluation === null) terminal.print(oneLine(await notScored(resolved, out)));
      else terminal.print(scoresText(evaluation, outcome, terminal));
      terminal.print(oneLine(`report: ${report}`));
      terminal.result({
        ...outcome,
        recipe: resolved.recipe.name,
        evaluation: evaluation && withoutImages(evaluation),
      });
    } finally {
      await engine.close();
    }
  },
});

/** What of the images is not learned from, and why, a line each. labels: the kinds that the recipe called `name` needs. */
function unusedImages(
  { left, leavesUnlabelled }: Pick<TrainingData, "left" | "leavesUnlabelled">,
  labels: readonly LabelKind[],
  name: string,
): string[] {
  const learnsToo = "ddep-small learns from them, too";
  const lines = left.map(({ kind, count, of }) => {
    const line = `${count} of ${of} images without ${wordOf(kind)}, which ${name} leaves out`;
    return kind === "mask" ? `${line}; ${learnsToo}` : line;
  });
  if (!leavesUnlabelled) return lines;
  const unlabelled = `images that nobody labelled, which ${name} leaves out`;
  return [...lines, labels.includes("mask") ? `${unlabelled}; ${learnsToo}` : unlabelled];
}

/** What one image lacks: `mask`, `tags`, `saliency map`. */
function wordOf(kind: LabelKind): string {
  return { panoptic: "panoptic segments", saliency: "saliency map" }[kind as string] ?? kind;
}

/** How a data set lies, as the run that is gone on with has it. */
function optionsOf({ layout, images, captionCleaning, valFraction }: DataPlace): OpenOptions {
  return {
    ...(valFraction !== undefined && { valFraction }),
    ...(layout !== undefined && { layout }),
    ...(images !== undefined && { images }),
    ...(captionCleaning === "yfcc" && { captionCleaning }),
  };
}

function dataPlace(spec: string, { layout, images, captionCleaning, valFraction }: OpenOptions): DataPlace {
  return {
    spec,
    ...(valFraction !== undefined && { valFraction }),
    ...(layout !== undefined && { layout }),
    ...(images !== undefined && { images }),
    ...(captionCleaning !== undefined && { captionCleaning }),
  };
}

/** The recipe that was asked for, or that the run has which is resumed or begun from; null: one has to be chosen. */
async function recipeAsked(
  platform: Platform,
  folder: string,
  {
    recipe,
    resume,
    from,
    steps,
  }: {
    readonly recipe?: string | undefined;
    readonly resume: boolean;
    readonly from: readonly string[];
    readonly steps?: number | undefined;
  },
  settings: readonly string[],
  methods: readonly Method[] | undefined,
): Promise<ResolvedRecipe | null> {
  const [{ applySetting, checkRecipe }, { readRun, stateOf }, { namedRecipe }] = await Promise.all([
    import("../methods/resolve-recipe.ts"),
    import("../runs/run.ts"),
    import("./named-recipe.ts"),
  ]);
  if (recipe !== undefined) return namedRecipe(platform, recipe, settings, methods);
  const resumes = resume && (await stateOf(platform, folder)) === "run";
  const source = resumes ? folder : from[0];
  if (source === undefined) return null;
  const known = await readRun(platform, source, { methods });
  // A run that ended before the last stage has no steps of it: --steps gives it some.
  const last = steps !== undefined && known.recipe.steps === 0 ? [`steps=${steps}`] : [];
  const changed = [...last, ...settings].reduce(applySetting, known.recipe);
  checkRecipe(known.method as Method, changed);
  return { method: known.method, recipe: changed };
}

/** The recipe and encoder that suit what there is, said to the user with the reason. */
async function chosenRecipe(
  platform: Platform,
  spec: string,
  place: OpenOptions,
  {
    given,
    set,
    changed,
  }: Pick<TrainingDataOptions, "changed"> & { readonly given: ReadEncoder | null; readonly set: readonly string[] },
  terminal: Terminal,
): Promise<{ readonly start: ResolvedRecipe; readonly encoder: ReadEncoder | null }> {
  const [{ chooseRecipe }, { recipeToAdopt }, { openDataset }, { findRecipe }, { encoderFor }] = await Promise.all([
    import("./choose-recipe.ts"),
    import("../methods/resolve-recipe.ts"),
    import("../datasets/index.ts"),
    import("../methods/index.ts"),
    import("../runs/open-encoder.ts"),
  ]);
  const train = await openDataset(platform, spec, "train", place);
  const dataset = (await changed?.(train)) ?? train;
  const cached = given === null ? await cachedEncoder(platform) : null;
  const encoder = given ?? cached?.read ?? null;
  const { encoder: name } = (encoder === null ? {} : encoderFor(encoder, findRecipe("unet-mobilenet")).recipe) as {
    readonly encoder?: string;
  };
  const how =
    cached === null
      ? `a pretrained ${name} is given`
      : `the cache has ${cached.name}, a pretrained ${name} (${cached.licence})`;
  const chosen = await chooseRecipe(dataset, name === undefined ? null : { name, how });
  const { recipe, settings, why, usesEncoder } = chosen;
  if (given !== null && !usesEncoder) {
    throw new InputError(
      `${spec}: expected masks to learn from with a pretrained encoder, got none. Leave --encoder out, or name a --recipe.`,
    );
  }
  terminal.note(`recipe ${recipe}: ${why}. Another: --recipe NAME.`);
  return { start: recipeToAdopt(recipe, [...settings, ...set]), encoder: usesEncoder ? encoder : null };
}

async function trainedIn(
  platform: Platform,
  folder: string,
  start: ResolvedRecipe,
  terminal: Terminal,
  methods: readonly Method[] | undefined,
): Promise<Trained> {
  const [{ openTrained }, { stagesOf }] = await Promise.all([
    import("../runs/open-run.ts"),
    import("../methods/stages.ts"),
  ]);
  const note = (message: string) => terminal.note(oneLine(message));
  const begins = { method: start.method.name, stage: stagesOf(start)[0] };
  return openTrained(platform, folder, { onDamaged: note, onNote: note, methods, begins });
}

/** The recipe without the stages that the given weights have behind them, checked as a whole. */
async function adopted(
  resolved: ResolvedRecipe,
  from: readonly Trained[],
  terminal: Terminal,
): Promise<ResolvedRecipe> {
  const { method, recipe, changes } = (await import("../methods/resolve-recipe.ts")).adopt(resolved, from);
  const behind = from.map(({ source, stage }) => `${source} has stage ${stage} behind it`).join(", ");
  if (changes.length > 0) terminal.note(`${behind}: ${changes.join(", ")}`);
  const { stagesTrainedAgain } = await import("../methods/stages.ts");
  for (const line of stagesTrainedAgain({ method, recipe }, from)) terminal.note(oneLine(line));
  return { method, recipe };
}

/** `--steps`: of all stages together. */
async function withStepsOf(steps: number | undefined, resolved: ResolvedRecipe): Promise<ResolvedRecipe> {
  if (steps === undefined) return resolved;
  return (await import("../methods/resolve-recipe.ts")).withSteps(resolved, steps);
}

async function notScored(resolved: ResolvedRecipe, out: string): Promise<string> {
  const { endsWhole } = await import("../methods/stages.ts");
  return endsWhole(resolved)
    ? "not scored: the data set has no labelled split val; --val-fraction 0.2 takes a part of train"
    : `not a whole model yet; fine-tune it with: tessera train DATASET --from ${out} --out NEW --steps N`;
}

/** Scores without the list of all images, which scores.json has. */
function withoutImages<E extends { readonly perImage: unknown }>({ perImage: _, ...scores }: E): Omit<E, "perImage"> {
  return scores;
}
