import type { Dataset } from "../data/dataset.ts";
import { spreadDataset } from "../data/views.ts";
import { evaluateDataset } from "../evaluation/evaluate.ts";
import type { TrainedModel } from "../prediction/model.ts";
import { openSegmenter } from "../prediction/segmenter.ts";
import type { Engine } from "../runtime/engine.ts";

export interface ValidationOptions {
  readonly engine: Engine;
  readonly model: TrainedModel;
  readonly dataset: Dataset;
  /** Most images, spread evenly over the data set. */
  readonly limit: number;
  readonly onBadImage: "fail" | "skip";
}

/** Shares, 0 … 1; the mean is over the classes that occur. Null where no pixel counts. */
export type ValidationScores = Readonly<Record<"mean IoU" | "pixel accuracy", number | null>>;

/**
 * Scores a model that is still being trained, through the segmenter that will predict with it, at the images' own
 * size.
 */
export async function validationScores(options: ValidationOptions): Promise<ValidationScores> {
  const { engine, model, dataset, limit, onBadImage } = options;
  const segmenter = await openSegmenter(engine, model);
  try {
    const some = spreadDataset(dataset, limit);
    const { meanIou, pixelAccuracy } = await evaluateDataset(segmenter, some, { boundary: false, onBadImage });
    return { "mean IoU": meanIou, "pixel accuracy": pixelAccuracy };
  } finally {
    await segmenter.close();
  }
}
