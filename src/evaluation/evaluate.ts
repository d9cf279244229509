/** Scores of a model on a data set, through the segmenter: at the masks' own size, as predictions are used. */
import type { Dataset } from "../data/dataset.ts";
import { labelledDataset } from "../data/views.ts";
import { InputError, Interrupted } from "../errors.ts";
import { IGNORE, type LabelMap } from "../image/image.ts";
import { boundaryCounts, boundaryScores, countBoundaries } from "../metrics/boundary.ts";
import { addCounts, confusionMatrix, countPixels, scoresOf } from "../metrics/confusion.ts";
import type { ModelCard } from "../prediction/model.ts";
import type { Segmenter, SegmentOptions } from "../prediction/segmenter.ts";
import { defaultWindowing, type WindowingName } from "../prediction/windows.ts";

export interface EvaluateOptions extends SegmentOptions {
  /** Boundary IoU takes about as long as counting pixels; it can be left out. */
  readonly boundary?: boolean;
  /** `skip`: images that cannot be read are listed instead of ending the evaluation. */
  readonly onBadImage?: "fail" | "skip";
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops before the next image; then throws Interrupted. */
  readonly signal?: AbortSignal;
}

export interface ClassScore {
  readonly name: string;
  /** Null where the class is in neither masks nor predictions: left out of the means. */
  readonly iou: number | null;
  /** Null where the masks have none of it. */
  readonly accuracy: number | null;
  readonly boundaryIou: number | null;
  /** Labelled pixels of the class. */
  readonly pixels: number;
}

export interface ImageScore {
  /** Position in the data set. */
  readonly index: number;
  readonly id: string;
  /** Over the classes in this image's mask or prediction; null where nothing is labelled. */
  readonly meanIou: number | null;
  readonly pixelAccuracy: number | null;
}

/** The result, as `tessera eval --json` prints it. Scores are shares, 0 … 1. */
export interface Evaluation {
  readonly dataset: string;
  readonly split: string;
  readonly model: string;
  readonly images: number;
  /** Labelled pixels. */
  readonly pixels: number;
  /** Over classes whose union is not empty. */
  readonly meanIou: number | null;
  /** Over classes that the masks have. */
  readonly meanIouOfPresent: number | null;
  readonly meanAccuracy: number | null;
  readonly pixelAccuracy: number | null;
  readonly frequencyWeightedIou: number | null;
  /** Null also when boundaries were not asked for. */
  readonly meanBoundaryIou: number | null;
  readonly classes: readonly ClassScore[];
  /** Names of classes in neither masks nor predictions. */
  readonly absent: readonly string[];
  /** confusion[truth][prediction]: pixels. */
  readonly confusion: readonly (readonly number[])[];
  readonly perImage: readonly ImageScore[];
  readonly skipped: readonly { readonly source: string; readonly problem: string }[];
  /** How images were segmented; `shortSide` null: as the model was trained. */
  readonly options: {
    readonly shortSide: number | null;
    readonly scales: readonly number[];
    readonly flip: boolean;
    readonly windows: WindowingName;
  };
}

/**
 * Segments every image of the data set and counts pixels in one integer confusion matrix. The next image is read while
 * one is computed. Throws InputError where the data set's classes are not the model's, or an image has no mask.
 */
export async function evaluateDataset(
  segmenter: Segmenter,
  all: Dataset,
  { boundary = true, onBadImage = "fail", onProgress, signal, ...segmentOptions }: EvaluateOptions = {},
): Promise<Evaluation> {
  requireSameClasses(all, segmenter);
  const dataset = withMasks(all);
  const classes = dataset.classes.length;
  const total = confusionMatrix(classes);
  const rims = boundaryCounts(classes);
  const perImage: ImageScore[] = [];
  const skipped: { source: string; problem: string }[] = [];

  const read = (index: number) => {
    const sample = dataset.read(index);
    // Awaited later; until then a failure is not "unhandled".
    sample.catch(() => {});
    return sample;
  };
  let ahead = dataset.ids.length > 0 ? read(0) : undefined;
  for (let index = 0; index < dataset.ids.length; index++) {
    if (signal?.aborted) throw new Interrupted("eval: stopped.");
    const source = dataset.source(index);
    const current = ahead!;
    ahead = undefined;
    try {
      const { image, labels } = await current;
      if (index + 1 < dataset.ids.length) ahead = read(index + 1);
      const truth = required(labels.mask, source);
      const result = await segmenter.segment(image, segmentOptions);
      const counts = confusionMatrix(classes);
      countPixels(counts, truth, result.labels, source);
      if (boundary) countBoundaries(rims, truth, result.labels, source);
      addCounts(total, counts);
      const { meanIou, pixelAccuracy } = scoresOf(counts);
      perImage.push({ index, id: dataset.ids[index], meanIou, pixelAccuracy });
    } catch (error) {
      if (onBadImage === "fail" || !(error instanceof InputError)) throw error;
      skipped.push({ source, problem: error.message });
    }
    if (index + 1 < dataset.ids.length) ahead ??= read(index + 1);
    onProgress?.(index + 1, dataset.ids.length);
  }

  const scores = scoresOf(total);
  const edges = boundaryScores(rims);
  const rows = Array.from({ length: classes }, (_, c) => [...total.counts.subarray(c * classes, (c + 1) * classes)]);
  const { shortSide = null, scales = [1], flip = false, windows = defaultWindowing } = segmentOptions;
  return {
    dataset: dataset.name,
    split: dataset.split,
    model: segmenter.source,
    images: perImage.length,
    pixels: scores.pixels,
    meanIou: scores.meanIou,
    meanIouOfPresent: scores.meanIouOfPresent,
    meanAccuracy: scores.meanAccuracy,
    pixelAccuracy: scores.pixelAccuracy,
    frequencyWeightedIou: scores.frequencyWeightedIou,
    meanBoundaryIou: boundary ? edges.meanIou : null,
    classes: dataset.classes.map(({ name }, c) => ({
      name,
      iou: scores.iou[c],
      accuracy: scores.accuracy[c],
      boundaryIou: boundary ? edges.iou[c] : null,
      pixels: rows[c].reduce((sum, count) => sum + count, 0),
    })),
    absent: scores.absent.map((c) => dataset.classes[c].name),
    confusion: rows,
    perImage,
    skipped,
    options: { shortSide, scales, flip, windows },
  };
}

/** `3 masks in which no pixel counts`: why an evaluation of no labelled pixels has no scores. */
export function nothingCounts({ images }: Pick<Evaluation, "images">): string {
  return `${images.toLocaleString("en")} ${images === 1 ? "mask" : "masks"} in which no pixel counts`;
}

/** Whether any mask has a labelled pixel; reads up to the first. Throws InputError as `evaluateDataset` does. */
export async function anythingCounts(
  all: Dataset,
  { onBadImage = "fail" }: Pick<EvaluateOptions, "onBadImage"> = {},
): Promise<boolean> {
  const dataset = withMasks(all);
  for (let index = 0; index < dataset.ids.length; index++) {
    try {
      const { labels } = await dataset.read(index);
      if (required(labels.mask, dataset.source(index)).data.some((label) => label !== IGNORE)) return true;
    } catch (error) {
      if (onBadImage === "fail" || !(error instanceof InputError)) throw error;
    }
  }
  return false;
}

/** The samples that have masks. Throws InputError where none has. */
function withMasks(dataset: Dataset): Dataset {
  const scored = labelledDataset(dataset, ["mask"]);
  if (scored.ids.length > 0 || dataset.ids.length === 0) return scored;
  required(undefined, dataset.name);
  return scored;
}

function required(labels: LabelMap | undefined, source: string): LabelMap {
  if (labels === undefined) {
    throw new InputError(`${source}: expected a mask to score against, got none. Evaluate on a split with masks.`);
  }
  return labels;
}

/** Indices mean the same only when both lists are equal. */
function requireSameClasses(dataset: Dataset, { card, source }: { card: ModelCard; source: string }): void {
  const ours = card.classes.map(({ name }) => name);
  const theirs = dataset.classes.map(({ name }) => name);
  const length = Math.max(ours.length, theirs.length);
  for (let i = 0; i < length; i++) {
    if (ours[i] === theirs[i]) continue;
    throw new InputError(
      `${dataset.name}: expected the classes of ${source}, which has ${ours[i] ?? "none"} at index ${i}, got ${theirs[i] ?? "none"} (${theirs.length} classes against ${ours.length}). Evaluate on a data set with the model's classes.`,
    );
  }
}
