import { loadAhead } from "../data/ahead.ts";
import type { Dataset } from "../data/dataset.ts";
import { InputError } from "../errors.ts";
import { confusionMatrix, countPixels, scoresOf } from "../metrics/confusion.ts";
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

export interface ValidationScore {
  /** Mean over the classes that occur, 0 … 1. */
  readonly meanIoU: number;
  readonly pixelAccuracy: number;
}

/**
 * Scores a model that is still being trained, through the segmenter that will predict with it, at the images' own
 * size. Null where nothing is labelled.
 */
export async function validationScore(options: ValidationOptions): Promise<ValidationScore | null> {
  const { engine, model, dataset, limit, onBadImage } = options;
  const size = dataset.ids.length;
  const total = Math.min(size, limit);
  const matrix = confusionMatrix(dataset.classes.length);
  const segmenter = await openSegmenter(engine, model);
  try {
    for await (const { value, error } of loadAhead(total, (i) => dataset.read(Math.floor((i * size) / total)))) {
      if (error !== undefined) {
        if (onBadImage === "skip" && error instanceof InputError) continue;
        throw error;
      }
      if (value?.labels === undefined) continue;
      const { labels } = await segmenter.segment(value.image);
      countPixels(matrix, value.labels, labels, value.source);
    }
  } finally {
    await segmenter.close();
  }
  const { meanIou, pixelAccuracy } = scoresOf(matrix);
  return meanIou === null || pixelAccuracy === null ? null : { meanIoU: meanIou, pixelAccuracy };
}
