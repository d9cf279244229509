/** How long training takes on this machine, found on a short session that is thrown away, and what fits a given time. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { loadAhead } from "../data/ahead.ts";
import { batches } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import { scaledDataset, spreadDataset } from "../data/views.ts";
import { InputError } from "../errors.ts";
import { evaluateDataset } from "../evaluation/evaluate.ts";
import type { ResolvedRecipe } from "../methods/method.ts";
import type { Recipe } from "../methods/recipe.ts";
import type { TrainingStage } from "../methods/stage.ts";
import { evenTask, modelOf, stagesOf } from "../methods/stages.ts";
import type { ImageSize } from "../platform/platform.ts";
import { openSegmenter } from "../prediction/segmenter.ts";
import type { Engine } from "../runtime/engine.ts";
import type { TrainingStep } from "../step/step.ts";
import { requireMemory } from "./memory.ts";
import { buildStageStep } from "./stage-step.ts";
import { shortSideFor, windowOf } from "./start-run.ts";

/** Seconds. */
export interface TrainingTimes {
  /** What is paid once: looking through the images, building and compiling the step. */
  readonly beginning: number;
  /** One update, with the images in memory. */
  readonly step: number;
  /** Scoring the validation split once; 0 where there is none. */
  readonly validation: number;
}

export interface MeasureOptions extends ResolvedRecipe {
  readonly engine: Engine;
  readonly dataset: Dataset;
  readonly validation: Dataset | null;
  /** How long to time steps; longer is more exact where others use the machine as well. */
  readonly seconds: number;
  readonly onBadImage?: "fail" | "skip";
  readonly signal?: AbortSignal;
  /** Milliseconds. */
  readonly clock?: () => number;
}

/** The first steps find memory and caches cold. */
const warmUpSteps = 3;
/** Steps to time, however long they take. */
const fewestSteps = 3;
/** Images looked through as training begins, and images scored while it goes on, at most. */
const lookedThrough = 400;
const scoredImages = 200;

/**
 * Times the training of a recipe of one stage: its own step on real batches of the data set, and one validation with
 * the weights so far. A step is the mean of several, without the slowest; compiling and reading count as `beginning`. Nothing is written,
 * and the engine's store is left as it was. Throws InputError as training does.
 */
export async function measureTraining(options: MeasureOptions): Promise<TrainingTimes> {
  const { method, recipe, engine, dataset, validation, onBadImage = "fail" } = options;
  const { clock: now = () => performance.now() } = options;
  requireMemory(options, dataset.classes, engine);
  const task = evenTask(dataset.classes);
  const [stage, ...others] = stagesOf({ method, recipe }, task);
  if (others.length > 0 || stage.kind !== "training") {
    throw new Error(`step time: expected a recipe of one training stage, got ${others.length + 1} stages.`);
  }

  const begun = now();
  const some = spreadDataset(dataset, warmUpSteps * stage.settings.batchSize * stage.settings.accumulate);
  const sizes = await sizesOf(some, onBadImage);
  const looks = [dataset, validation].reduce((sum, each) => sum + Math.min(lookedThrough, each?.ids.length ?? 0), 0);
  const looking = (looks * (now() - begun)) / some.ids.length;
  const shortSide = shortSideFor(sizes, stage.settings);

  const built = now();
  const step = await buildStageStep(stage, engine);
  const names = step.variables.map(({ name }) => name);
  try {
    await step.initialize(recipe.seed);
    const compiling = now() - built;
    const time = await timeSteps(step, stage, { ...options, dataset: scaledDataset(some, shortSide) });
    const scoring = now();
    if (validation !== null) {
      const kept = step.variables.filter(({ kind }) => kind === "parameter" || kind === "running");
      const model = {
        ...{
          method,
          recipe,
          task,
          valueMap: dataset.valueMap,
          window: windowOf(modelOf({ method, recipe }, task), recipe, sizes, shortSide),
        },
        ...{ shortSide, weights: await engine.get(kept.map(({ name }) => name)), source: "step time", licence: "" },
      };
      const segmenter = await openSegmenter(engine, model);
      try {
        await evaluateDataset(segmenter, spreadDataset(validation, scoredImages), { boundary: false, onBadImage });
      } finally {
        await segmenter.close();
      }
    }
    return { beginning: (looking + compiling) / 1000, step: time / 1000, validation: (now() - scoring) / 1000 };
  } finally {
    await step.release();
    await engine.drop(names);
  }
}

/**
 * Milliseconds from update to update, batches made ready meanwhile: the mean, after the first few and without the
 * slowest. A median would be too short where others use the machine now and then.
 */
async function timeSteps(
  step: TrainingStep,
  stage: TrainingStage,
  { dataset, seconds, onBadImage, signal, clock: now = () => performance.now() }: MeasureOptions,
): Promise<number> {
  const { batchSize, seed, accumulate } = stage.settings;
  const source = batches(dataset, {
    ...{ batchSize, seed, ...(onBadImage && { onBadImage }) },
    prepare: (sample, random) => stage.prepare(sample, random),
  });
  const times: number[] = [];
  const group: Named<NdArray>[] = [];
  let [count, last, warm] = [0, now(), now()];
  for await (const { arrays } of source) {
    signal?.throwIfAborted();
    group.push(arrays);
    if (group.length < accumulate) continue;
    await step.run(group.splice(0), { step: count++, seed });
    const time = now();
    if (count > warmUpSteps) times.push(time - last);
    else warm = time;
    last = time;
    if (times.length >= fewestSteps && last - warm >= 1000 * seconds) break;
  }
  const usual = times.sort((a, b) => a - b).slice(0, -1);
  return usual.reduce((sum, each) => sum + each, 0) / usual.length;
}

/** Of all images that can be read, a few at a time. */
async function sizesOf(dataset: Dataset, onBadImage: "fail" | "skip"): Promise<ImageSize[]> {
  const sizes: ImageSize[] = [];
  for await (const { value, error } of loadAhead(dataset.ids.length, (index) => dataset.read(index))) {
    if (value !== undefined) sizes.push({ width: value.image.width, height: value.image.height });
    else if (onBadImage === "fail" || !(error instanceof InputError)) throw error;
  }
  return sizes;
}

/** Seconds that a recipe's training takes, validations included. */
export function trainingSeconds(
  { beginning, step, validation }: TrainingTimes,
  { steps, evaluateEvery }: Recipe,
): number {
  const validations = evaluateEvery === 0 ? 0 : Math.ceil(steps / evaluateEvery);
  return beginning + steps * step + validations * validation;
}

/**
 * The most steps that end within `seconds`, at least 1. `recipeFor` gives the recipe of a number of steps, which may
 * validate more or less often by it.
 */
export function stepsWithin(seconds: number, times: TrainingTimes, recipeFor: (steps: number) => Recipe): number {
  let [fits, tooMany] = [1, Math.max(2, Math.floor(seconds / times.step) + 1)];
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (trainingSeconds(times, recipeFor(middle)) <= seconds) fits = middle;
    else tooMany = middle;
  }
  return fits;
}
