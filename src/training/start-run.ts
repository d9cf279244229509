/** What has to be known before the first step: the data set's frequencies and sizes, and whether the folder is free. */
import { median } from "../array/median.ts";
import { type Dataset, whereOf } from "../data/dataset.ts";
import { kindsText, sourceOf } from "../data/labels.ts";
import { scaledSize } from "../data/views.ts";
import { InputError } from "../errors.ts";
import { maxClasses } from "../image/image.ts";
import type { ResolvedRecipe, Task } from "../methods/method.ts";
import type { PredictionModel } from "../methods/model.ts";
import type { Recipe } from "../methods/recipe.ts";
import { checkRecipe, differences, withMoreSteps } from "../methods/resolve-recipe.ts";
import type { Trained } from "../methods/stage.ts";
import {
  anyTask,
  beginningOf,
  modelOf,
  partsStartingAnew,
  predictionParameters,
  sourcesOf,
  stagesOf,
  totalSteps,
  trainingModel,
} from "../methods/stages.ts";
import type { ImageSize, Platform } from "../platform/platform.ts";
import { listCheckpoints } from "../runs/checkpoint.ts";
import { contentsOf } from "../runs/data-contents.ts";
import {
  clearUnfinished,
  createRun,
  extendRun,
  fingerprintOf,
  holdsSame,
  type Run,
  readRun,
  requireSame,
  stateOf,
} from "../runs/run.ts";
import { type DataPlace, type RunRecord, runFormat } from "../runs/run-record.ts";
import type { Engine } from "../runtime/engine.ts";
import { version } from "../version.ts";
import { requireRoom } from "./disk-room.ts";
import { lookThrough } from "./look-through.ts";
import { requireMemory } from "./memory.ts";
import { requireWork } from "./replicas.ts";

export interface StartOptions extends ResolvedRecipe {
  readonly platform: Platform;
  readonly engine: Pick<Engine, "memoryBytes" | "helpers">;
  readonly folder: string;
  readonly dataset: Dataset;
  readonly unlabelled: Dataset | null;
  readonly labels: { readonly of: number; readonly seed: number } | null;
  readonly from: readonly Trained[];
  readonly validation: Dataset | null;
  /** Go on with the run in `folder`, if there is one. */
  readonly resume: boolean;
  readonly onBadImage: "fail" | "skip";
  /** Pixels; see `RunRecord.shortSide`. Default: chosen by the data set and the crop. */
  readonly shortSide?: number;
  readonly licence: string;
  /** How the data set was named, kept in the run. */
  readonly place?: DataPlace | undefined;
  readonly onProgress: (done: number, total: number) => void;
  /** Takes the folder, at the last moment before anything is written to it. */
  readonly lock: () => Promise<void>;
}

export interface Started {
  readonly run: Run;
  /** Lines about samples that could not be read. */
  readonly skipped: readonly string[];
  /** Lines about what is worth knowing of the data before it is learned from. */
  readonly notes: readonly string[];
}

/**
 * The run to train: a new one, written to `folder`, or with `resume` the one that is there.
 * Throws InputError when the folder holds something else, or a run of another recipe, data set or class list.
 */
export async function startRun(options: StartOptions): Promise<Started> {
  const { platform, folder, dataset, unlabelled, labels, from, method, recipe, resume } = options;
  checkRecipe(method, recipe);
  await method.ready?.();
  requireLabels(dataset, { method, recipe });
  requireMemory({ method, recipe }, dataset.classes, options.engine);
  requireWork({ method, recipe }, options.engine);
  const state = await stateOf(platform, folder);
  if (state === "other") {
    throw new InputError(
      `${folder}: expected an empty folder or a run, got other files. Choose another place with --out.`,
    );
  }
  // A run that failed before its first checkpoint has nothing to lose.
  const begun = state === "run" && (resume || (await listCheckpoints(platform, folder)).length > 0);
  if (begun && !resume) {
    throw new InputError(
      `${folder}: expected an empty folder, got a run. Add --resume to go on with it, or choose another --out.`,
    );
  }
  const contents = await contentsOf(platform, dataset);
  const source = {
    name: dataset.name,
    samples: dataset.ids.length,
    fingerprint: await fingerprintOf(dataset.ids),
    ...(contents !== null && { contents }),
    ...(options.place && { place: options.place }),
  };
  const more = unlabelled && { samples: unlabelled.ids.length, fingerprint: await fingerprintOf(unlabelled.ids) };
  if (begun) {
    const known = await readRun(platform, folder, { methods: [method] });
    const { classes, valueMap } = dataset;
    // Weights that are not named again are those of the last checkpoint.
    const begins = from.length === 0 ? known.record.from : from.map(sourceAndStage);
    const record = { ...known.record, dataset: source, unlabelled: more, labels, from: begins, classes, valueMap };
    const longer = withMoreSteps(known, totalSteps(stagesOf({ method, recipe })));
    const isLonger = longer !== null && differences(longer.recipe, recipe).length === 0;
    requireSame(folder, isLonger ? { ...known, recipe } : known, { method, recipe, record });
    const before = known.record.from;
    if (before.length > 0 && from.length === 0 && (await listCheckpoints(platform, folder)).length === 0) {
      const sources = before.map(({ source }) => source).join(" and ");
      const again = before.map(({ source, stage }) => `${stage === "encoder" ? "--encoder" : "--from"} ${source}`);
      throw new InputError(
        `${folder}: expected the weights of ${sources} again, as the run has no checkpoint yet, got none. Add ${again.join(" ")}.`,
      );
    }
    await options.lock();
    await clearUnfinished(platform, folder);
    const notes = changesOf(folder, known.record.dataset, source);
    const isChanged = differences(known.recipe, recipe).length > 0;
    const run = { ...known, recipe, record: { ...known.record, dataset: source } };
    if (isChanged || notes.length > 0) await extendRun(platform, folder, run);
    if (isChanged) {
      const [was, now] = [known, run].map((each) => totalSteps(stagesOf(each)));
      notes.push(
        `${folder}: made longer, from ${was} to ${now} steps; from here on the learning rate is that of the longer run.`,
      );
    }
    return { run: notes.length > 0 ? run : known, skipped: [], notes };
  }
  const task = { classes: dataset.classes, frequencies: [] };
  requireBeginning({ method, recipe }, from, task.classes.length === 0 ? anyTask : task);
  const { frequencies, sizes, skipped, notes } = await lookThrough(options);
  const shortSide = options.shortSide ?? shortSideFor(sizes, recipe);
  requireRoom({ method, recipe }, task, options, { sizes, shortSide });
  const window = windowOf(modelOf({ method, recipe }, task), recipe, sizes, shortSide);
  // A model that gives no scores of the right shape is found now, too.
  predictionParameters({ method, recipe }, task, window);
  const record = {
    ...{ format: runFormat, version, method: method.name, recipe: recipe.name, dataset: source },
    ...{ unlabelled: more, labels, from: from.map(sourceAndStage) },
    classes: dataset.classes.map(({ name, color, thing, background, words, categoryId }) => ({
      ...{ name, color, ...(thing !== undefined && { thing }) },
      ...{
        ...(background && { background }),
        ...(words && { words }),
        ...(categoryId !== undefined && { categoryId }),
      },
    })),
    valueMap: dataset.valueMap,
    frequencies,
    window,
    shortSide,
    licence: options.licence,
  };
  const run: Run = { method, recipe, record };
  await options.lock();
  if ((await stateOf(platform, folder)) !== state) {
    throw new InputError(
      `${folder}: expected the folder as it was a moment ago, got one that another training has begun in. Choose another --out.`,
    );
  }
  await createRun(platform, folder, run, labels && dataset.ids);
  return { run, skipped, notes };
}

/** What is another about the data set than when the run was started, and does not keep it from going on. */
function changesOf(folder: string, before: RunRecord["dataset"], now: RunRecord["dataset"]): string[] {
  const isSame = holdsSame(before, now);
  if (isSame === false) {
    return [
      `${folder}: expected the photographs and masks that the run was started with, got others under the same names. It goes on with them as they are now.`,
    ];
  }
  return isSame && before.name !== now.name
    ? [`${folder}: ${now.name} holds what ${before.name} did, and is read in its place.`]
    : [];
}

/** Throws InputError where a stage needs labels that the data set does not have. */
function requireLabels(dataset: Dataset, resolved: ResolvedRecipe): void {
  const { split, kinds, classes } = dataset;
  const where = whereOf(dataset);
  const { labels } = sourcesOf(resolved);
  for (const stage of stagesOf(resolved)) {
    const learnsFrom = stage.learnsFrom.filter((kind) => labels.includes(kind));
    if (learnsFrom.some((kind) => sourceOf(kind, kinds) === undefined)) {
      throw new InputError(
        `${where}: stage ${stage.name} of ${resolved.method.name} learns from ${kindsText(learnsFrom)}, got ${kindsText(kinds)} in the split ${split}. See tessera inspect for what is there.`,
      );
    }
    if (classes.length > maxClasses) {
      throw new InputError(
        `${where}: expected at most ${maxClasses} classes, got ${classes.length}. Merge some with \`values\` in classes.json.`,
      );
    }
    if (classes.length < 1 && learnsFrom.some((kind) => kind !== "captions" && kind !== "saliency"))
      throw new InputError(`${where}: expected at least one class, got none. Name the classes in classes.json.`);
  }
}

/** Throws InputError where the first stage needs weights that were trained before and there are none, or others. */
function requireBeginning(resolved: ResolvedRecipe, from: readonly Trained[], task: Task): void {
  const [stage] = stagesOf(resolved, task);
  const { requires, name } = stage;
  const given = beginningOf(stage, from);
  const source = from.map((each) => each.source).join(", ");
  if (from.length > 0 && stage.kind === "training") partsStartingAnew(trainingModel(stage).model, given, source);
  if (requires === undefined || Object.keys(given.weights).length > 0) return;
  const encoder = resolved.method.encoder === undefined ? "" : "--encoder WEIGHTS or ";
  throw new InputError(
    `recipe ${resolved.recipe.name}: stage ${name} expected ${requires}, got no weights to begin with. Add ${encoder}--from RUN; tessera import makes a run of published weights.`,
  );
}

function sourceAndStage({ source, stage }: Trained): { source: string; stage: string } {
  return { source, stage };
}

/**
 * What prediction sees at a time: the training crop, or along an axis where images are at most a quarter longer, the
 * whole image, so that a few rows more than the crop do not cost a second window. Sides that the method can take.
 */
export function windowOf(
  model: PredictionModel,
  { cropHeight, cropWidth }: Pick<Recipe, "cropHeight" | "cropWidth">,
  sizes: readonly ImageSize[],
  shortSide: number,
): [number, number] {
  if (model.kind === "panoptic") return [...model.size];
  if (model.window !== undefined) return [...model.window];
  const { stride, remainder = 0 } = model;
  const along = (axis: "height" | "width", crop: number) => {
    const typical = median(sizes.map((size) => scaledSize(size, shortSide)[axis]));
    const wanted = typical <= 1.25 * crop ? Math.max(typical, crop) : crop;
    return Math.ceil((wanted - remainder) / stride) * stride + remainder;
  };
  return [along("height", cropHeight), along("width", cropWidth)];
}

/**
 * The data set's own size, but no more than two and a half crops: a crop of a larger photograph would show too little
 * of the scene to tell what it is part of.
 */
export function shortSideFor(sizes: readonly ImageSize[], { cropHeight, cropWidth }: Recipe): number {
  const typical = median(sizes.map(({ width, height }) => Math.min(width, height)));
  return Math.min(typical, Math.round(2.5 * Math.min(cropHeight, cropWidth)));
}
