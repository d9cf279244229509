import type { Named, NdArray } from "../array/ndarray.ts";
import type { Dataset } from "../data/dataset.ts";
import { scaledDataset } from "../data/views.ts";
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
 * there is nothing to score; a line to `onNote` where that is for want of labelled pixels.
 */
export async function judge(options: JudgeOptions): Promise<Omit<EvaluationLine, "step" | "stage"> | null> {
  const { engine, run, planned, weights, validation, validationImages = 200, onBadImage = "fail" } = options;
  const { stage } = planned;
  const { classes, frequencies, shortSide } = run.record;
  if (stage.whole) {
    if (validation === null) return null;
    const model = trainedModel(run, weights, `step ${options.step}`);
    const scores = await validationScores({ engine, model, dataset: validation, limit: validationImages, onBadImage });
    if (scores === null) {
      options.onNote?.(
        `${validation.name}: no pixel of the ${validation.split} masks counts, so step ${options.step} has no score and no checkpoint is best. Check the masks with: tessera inspect`,
      );
    }
    return scores && { unit: "share", scores };
  }
  if (stage.trial === undefined) return null;
  // Without images to validate on, those that are learned from show at least how it goes.
  const dataset = validation === null ? options.training() : scaledDataset(validation, shortSide);
  return runTrial(stage.trial, { ...options, task: { classes, frequencies }, dataset, onBadImage });
}
