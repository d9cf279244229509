import { resolve } from "node:path";
import type { Dataset } from "../data/dataset.ts";
import type { OpenOptions } from "../datasets/index.ts";
import type { TrainingData } from "../datasets/training-data.ts";
import { problem, UsageError } from "../errors.ts";
import type { Recipe } from "../methods/recipe.ts";
import type { Platform } from "../platform/platform.ts";
import type { Engine } from "../runtime/engine.ts";
import type { MeasureOptions } from "../training/step-time.ts";
import { command } from "./command.ts";
import { badImagePolicy, datasetOptions, placeOf, trainingEngineFor, trainingEngineOptions } from "./options.ts";
import { duration, type Terminal } from "./terminal.ts";

/** Streets, with nine classes that every pixel has one of: what a small model can learn in minutes, and worth a look. */
const scenesSpec =
  "scenes:size=128,train=400,val=40,test=6,kind=street," +
  "classes=sky+road+pavement+person+vegetation+building+vehicle+animal+object";

/** transunet-small made to show something within minutes: small crops that differ less, a higher rate, more log lines. */
const settings = [
  "cropHeight=128",
  "cropWidth=128",
  "scaleMin=0.8",
  "scaleMax=1.4",
  "photometric=0.2",
  "learningRate=3e-3",
  "logEvery=5",
  "checkpointEvery=100",
];
const recipeName = "transunet-small";
/** Of training; scoring, masks and the report come after. */
const defaultMinutes = 2.5;
/** Share of it for what is not timed: checkpoints, the log, a machine that gets busier. */
const reserve = 0.05;

/** Pictures that the model is tried on at the end. */
const tried = 6;

export const startCommand = command({
  name: "start",
  summary: "the whole tour in about three minutes: train, score, segment, report",
  positionals: [
    { name: "DATASET", help: "your own folder with images and masks; default: the drawn scenes", count: "optional" },
  ],
  options: {
    minutes: {
      kind: "number",
      placeholder: "N",
      minimum: 0.05,
      maximum: 10_000,
      help: `how long to train: steps are timed first, and as many done as fit; default ${defaultMinutes}`,
    },
    steps: {
      kind: "number",
      placeholder: "N",
      integer: true,
      minimum: 1,
      help: "instead of minutes: how many updates",
    },
    out: { kind: "text", placeholder: "FOLDER", help: "where to write; default runs/start, or the next free number" },
    set: { kind: "list", placeholder: "KEY=VALUE", help: "change one value of the recipe; may be repeated" },
    ...datasetOptions,
    ...trainingEngineOptions,
  },
  examples: [
    ["npm start", "draws scenes, trains on them, and shows what was learned"],
    ["npm start -- photos", "the same with your own folder"],
    ["tessera start photos --minutes 20", "longer, and better"],
  ],
  async run({ positionals: [spec = scenesSpec], options }, terminal) {
    if (options.minutes !== undefined && options.steps !== undefined) {
      throw new UsageError(problem("start", "expected --minutes or --steps", "both", "Leave one of them out."));
    }
    const [{ nodePlatform }, { openTrainingData }, { runTraining, scoresText }, { resolveRecipe }, { isEmpty }] =
      await Promise.all([
        import("../platform/node.ts"),
        import("../datasets/training-data.ts"),
        import("./run-training.ts"),
        import("../methods/resolve-recipe.ts"),
        import("../evaluation/evaluate.ts"),
      ]);
    const recipeFor = (steps: number) =>
      resolveRecipe(recipeName, [...settings, ...scheduleFor(steps), ...options.set]).recipe;
    const asked = resolveRecipe(recipeName, [...settings, ...scheduleFor(options.steps ?? 1), ...options.set]);
    // Set by hand, they count as --steps does.
    const givenSteps =
      options.steps !== undefined || options.set.some((setting) => /^\s*steps\s*=/.test(setting))
        ? asked.recipe.steps
        : null;
    const onBadImage = badImagePolicy(options);
    const found = await openTrainingData(nodePlatform, spec, {
      ...{ ...placeOf(options), onBadFile: onBadImage },
      learnsFrom: { labels: ["mask"], images: false },
    });
    // Drawing a scene takes longer than reading a photograph: each is drawn once.
    const data = spec === scenesSpec ? await drawn(found, terminal) : found;
    const folder = options.out ?? (await freeFolder(nodePlatform, "runs/start"));
    const unseen = await unseenOf(nodePlatform, spec, placeOf(options));
    const { dataset, validation } = data;
    terminal.note(
      `data: ${dataset.name}, ${dataset.ids.length} images to train on, ${validation?.ids.length ?? 0} to score`,
    );
    terminal.note(`model: ${recipeName}; everything goes to ${folder}`);
    const engine = await trainingEngineFor(options, asked, dataset.classes);
    try {
      const timed = { ...asked, ...data, engine, onBadImage, signal: terminal.signal };
      const steps = givenSteps ?? (await stepsFor(options.minutes ?? defaultMinutes, timed, recipeFor, terminal));
      const request = {
        method: asked.method,
        recipe: recipeFor(steps),
        ...data,
        platform: nodePlatform,
        engine,
        folder,
        resume: false,
        onBadImage,
        unseen,
      };
      const outcome = await runTraining(request, terminal);
      const masks = await segmentUnseen(nodePlatform, engine, folder, unseen ?? validation, terminal);
      const { evaluation, report, seconds } = outcome;
      terminal.print(`trained ${steps} ${steps === 1 ? "step" : "steps"} in ${duration(seconds)}`);
      if (evaluation !== null) {
        const where = isEmpty(evaluation) ? "" : `, on ${evaluation.images} images it was not trained on`;
        terminal.print(`${scoresText(evaluation, outcome, terminal)}${where}`);
      }
      if (masks !== null) terminal.print(`masks of unseen pictures: ${masks}`);
      terminal.print(`report: ${terminal.bold(resolve(report))}`);
      terminal.result({
        ...outcome,
        evaluation: evaluation && { measures: evaluation.measures },
        masks,
      });
    } finally {
      await engine.close();
    }
  },
});

/** What goes by the number of steps: three looks at the validation split, and a warm-up that a short run outlasts. */
function scheduleFor(steps: number): string[] {
  const evaluateEvery = Math.max(25, Math.ceil(steps / 3));
  return [`steps=${steps}`, `evaluateEvery=${evaluateEvery}`, `warmupSteps=${Math.min(40, Math.floor(steps / 10))}`];
}

/** As many steps as train within some minutes on this machine, by its own measure. */
async function stepsFor(
  minutes: number,
  options: Omit<MeasureOptions, "seconds">,
  recipeFor: (steps: number) => Recipe,
  terminal: Terminal,
): Promise<number> {
  const { measureTraining, stepsWithin, trainingSeconds } = await import("../training/step-time.ts");
  terminal.note("timing a few steps");
  // A twentieth of the time is spent on it, or less: loads come and go within seconds.
  const times = await measureTraining({ ...options, seconds: Math.min(10, 3 * minutes) });
  const seconds = 60 * minutes * (1 - reserve);
  const steps = stepsWithin(seconds, times, recipeFor);
  const fits = trainingSeconds(times, recipeFor(steps)) <= seconds;
  const within = `in ${minutes} ${minutes === 1 ? "minute" : "minutes"}`;
  const count = fits
    ? `${steps} ${steps === 1 ? "step" : "steps"} ${within}`
    : `with compiling and scoring none fits ${within}, so one is done`;
  terminal.note(`a step takes ${Number(times.step.toPrecision(2))} s here: ${count}`);
  return steps;
}

/** Drawn scenes, every one of them once and for all. */
async function drawn(data: TrainingData, terminal: Terminal): Promise<TrainingData> {
  const { keptDataset } = await import("../data/views.ts");
  const dataset = keptDataset(data.dataset);
  const validation = data.validation && keptDataset(data.validation);
  const progress = terminal.progress("drawing");
  const total = dataset.ids.length + (validation?.ids.length ?? 0);
  let done = 0;
  try {
    for (const each of [dataset, ...(validation === null ? [] : [validation])]) {
      for (let index = 0; index < each.ids.length; index++) {
        terminal.signal.throwIfAborted();
        await each.read(index);
        progress.update(++done, total, "scenes");
      }
    }
  } finally {
    progress.end();
  }
  return { ...data, dataset, validation };
}

/** `base`, or `base-2`, `base-3` … : the first that is not there. */
async function freeFolder(platform: Platform, base: string): Promise<string> {
  for (let count = 1; ; count++) {
    const folder = count === 1 ? base : `${base}-${count}`;
    if ((await platform.exists(folder)) === "nothing") return folder;
  }
}

/** The test split, which nothing was trained on or chosen by; null where there is none. */
async function unseenOf(platform: Platform, spec: string, place: OpenOptions): Promise<Dataset | null> {
  const { openDataset, splitsOf } = await import("../datasets/index.ts");
  const options = { ...place, onBadFile: "skip" as const };
  const splits = await splitsOf(platform, spec, options);
  return splits.includes("test") ? openDataset(platform, spec, "test", options) : null;
}

/** Masks, overlays and records of a few pictures, as tessera predict writes them. Returns their folder. */
async function segmentUnseen(
  platform: Platform,
  engine: Engine,
  folder: string,
  dataset: Dataset | null,
  terminal: Terminal,
): Promise<string | null> {
  if (dataset === null) return null;
  const [{ predictFiles }, { openModel }] = await Promise.all([
    import("../prediction/predict.ts"),
    import("./open-model.ts"),
  ]);
  const photographs: string[] = [];
  for (let index = 0; index < Math.min(tried, dataset.ids.length); index++) {
    const file = dataset.source(index);
    if ((await platform.exists(file)) === "file") photographs.push(file);
    else {
      // Drawn in memory: predict reads files, so it gets some.
      const { id, image } = await dataset.read(index);
      const path = `${folder}/unseen/${id}.jpg`;
      await platform.writeFile(path, await platform.encodeImage(image, "jpeg", { quality: 92 }));
      photographs.push(path);
    }
  }
  const out = `${folder}/predictions`;
  const segmenter = await openModel(engine, platform, folder, terminal);
  const { skipped } = await predictFiles(segmenter, platform, photographs, out, {
    onBadImage: "skip",
    signal: terminal.signal,
  });
  for (const { problem } of skipped) terminal.note(`skipped: ${problem}`);
  await segmenter.close();
  return out;
}
