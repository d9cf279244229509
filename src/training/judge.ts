import type { Named, NdArray } from "../array/ndarray.ts";
import type { Dataset } from "../data/dataset.ts";
import { sourceOf } from "../data/labels.ts";
import { labelledDataset, scaledDataset } from "../data/views.ts";
import type { PlannedStage } from "../methods/stages.ts";
import type { Platform } from "../platform/platform.ts";
import type { EvaluationLine } from "../runs/log.ts";
import { type Run, trainedModel } from "../runs/run.ts";
import type { Engine } from "../runtime/engine.ts";
import { runTrial } from "./trial.ts";
import { validationScores } from "./validation.ts";

export interface JudgeOptions {
  readonly platform: Platform;
  readonly engine: Engine;
  readonly folder: string;
  readonly run: Run;
  readonly planned: PlannedStage;
  /** Those that prediction would use. */
  readonly weights: Named<NdArray>;
  readonly step: number;
  readonly validation: Dataset | null;
  /** Most images that are scored of a whole model. */
  readonly validationImages?: number;
  /** What the stage learns from. */
  readonly training: () => Dataset;
  readonly onBadImage?: "fail" | "skip";
  readonly onNote?: ((line: string) => void) | undefined;
}

/**
 * Scores of a stage as it trains: of a whole model on the validation split, of another by the stage's trial. Null where
 * there is nothing to judge by. A line to `onNote` where there is, but every score would be one over nothing.
 */
export async function judge(options: JudgeOptions): Promise<Omit<EvaluationLine, "step" | "stage"> | null> {
  const { engine, run, planned, weights, validation, validationImages = 200, onBadImage = "fail", onNote } = options;
  const { stage } = planned;
  const { classes, frequencies, shortSide } = run.record;
  if (stage.whole) {
    if (validation === null || sourceOf("mask", validation.kinds) === undefined) return null;
    const model = trainedModel(run, weights, `step ${options.step}`);
    const scores = await validationScores({ engine, model, dataset: validation, limit: validationImages, onBadImage });
    if (isEmpty(scores)) {
      onNote?.(
        `${validation.name}: no pixel counts in the masks of split ${validation.split}, so step ${options.step} has no score and no checkpoint is best. See: tessera inspect`,
      );
    }
    return { unit: "share", scores };
  }
  if (stage.trial === undefined) return null;
  // Without images to validate on, those that are learned from show at least how it goes.
  const given = validation === null ? null : labelledDataset(validation, stage.learnsFrom);
  const dataset = given === null || given.ids.length === 0 ? options.training() : scaledDataset(given, shortSide);
  const judged = await runTrial(stage.trial, { ...options, task: { classes, frequencies }, dataset, onBadImage });
  if (judged === null || isEmpty(judged.scores)) {
    onNote?.(
      `${dataset.name}: nothing in split ${dataset.split} can be scored for stage ${stage.name}, so step ${options.step} has no score. See: tessera inspect`,
    );
  }
  return judged;
}

function isEmpty(scores: EvaluationLine["scores"]): boolean {
  return Object.values(scores).every((score) => score === null);
}
