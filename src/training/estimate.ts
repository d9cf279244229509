/** What a recipe costs before there is any data: by its graphs, and by a few steps on drawn scenes. */

import type { Named, NdArray } from "../array/ndarray.ts";
import { sizeOf } from "../array/shape.ts";
import { batches } from "../data/batches.ts";
import { sourceOf } from "../data/labels.ts";
import type { ClassInfo } from "../data/sample.ts";
import { labelledDataset } from "../data/views.ts";
import type { ResolvedRecipe } from "../methods/method.ts";
import type { TrainingStage } from "../methods/stage.ts";
import { evenTask, stagesOf, trainingModel } from "../methods/stages.ts";
import { copiesOf } from "../runtime/copy.ts";
import type { Engine } from "../runtime/engine.ts";
import { openScenes } from "../scenes/index.ts";
import { leastBytesOfStep, requireMemory } from "./memory.ts";
import { buildStageStep } from "./stage-step.ts";

export interface Size {
  /** Weights of the largest stage, without running averages. */
  readonly parameters: number;
  /** Bytes that a step needs at the very least. */
  readonly bytes: number;
}

/** classes: those of the data set, or as many as there are likely to be. */
export function sizeOfRecipe(resolved: ResolvedRecipe, classes: readonly ClassInfo[]): Size {
  const counts = trainingStages(resolved, classes).map((stage) => {
    const weights = [...trainingModel(stage).model.parameters.values()].filter(({ role }) => role === "weight");
    return weights.reduce((total, { tensor }) => total + sizeOf(tensor.shape), 0);
  });
  return { parameters: Math.max(0, ...counts), bytes: leastBytesOfStep(resolved, classes) };
}

function trainingStages(resolved: ResolvedRecipe, classes: readonly ClassInfo[]): TrainingStage[] {
  return stagesOf(resolved, evenTask(classes)).filter((stage): stage is TrainingStage => stage.kind === "training");
}

export interface StageTime {
  readonly stage: string;
  readonly steps: number;
  /** Seconds from update to update; null where the stage learns from what a pass before it makes. */
  readonly step: number | null;
}

/** Steps that are timed, after a first one. */
const timed = 2;

/**
 * The time of each stage's steps on this machine as it is now, on drawn scenes with batches made ready. Steps that accumulate are told
 * by one batch. Nothing is written; the engine's store is left as it was. Throws InputError where a step does not fit.
 */
export async function timeRecipe(resolved: ResolvedRecipe, engine: Engine, signal?: AbortSignal): Promise<StageTime[]> {
  const { cropHeight, cropWidth } = resolved.recipe;
  const size = Math.min(512, Math.max(64, cropHeight, cropWidth));
  const scenes = openScenes(`scenes:size=${size},train=24,val=1,test=1`, "train");
  requireMemory(resolved, scenes.classes, engine);
  const times: StageTime[] = [];
  for (const stage of trainingStages(resolved, scenes.classes)) {
    const { name, learnsFrom, settings } = stage;
    const { steps, accumulate } = settings;
    if (learnsFrom.some((kind) => sourceOf(kind, scenes.kinds) === undefined)) {
      times.push({ stage: name, steps, step: null });
      continue;
    }
    const once = { ...stage, settings: { ...settings, accumulate: 1 } };
    const source = batches(labelledDataset(scenes, learnsFrom), {
      ...{ batchSize: settings.batchSize, seed: settings.seed, toStep: 1 },
      prepare: (sample, random) => stage.prepare(sample, random),
    });
    let arrays: Named<NdArray> = {};
    for await (const batch of source) arrays = batch.arrays;
    const step = await buildStageStep(once, engine);
    try {
      await step.initialize(settings.seed);
      let start = 0;
      for (let i = 0; i <= timed; i++) {
        signal?.throwIfAborted();
        if (i === 1) start = performance.now();
        await step.run([copiesOf(arrays)], { step: i, seed: settings.seed });
      }
      times.push({ stage: name, steps, step: (accumulate * (performance.now() - start)) / 1000 / timed });
    } finally {
      await step.release();
      await engine.drop(step.variables.map((each) => each.name));
    }
  }
  return times;
}
