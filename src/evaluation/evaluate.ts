/** Scores of a model on a data set, through the segmenter: at the labels' own size, as predictions are used. */
import { type Dataset, whereOf } from "../data/dataset.ts";
import { kindsText } from "../data/labels.ts";
import { labelledDataset } from "../data/views.ts";
import { InputError, Interrupted } from "../errors.ts";
import { IGNORE } from "../image/image.ts";
import type { Measure } from "../metrics/measure.ts";
import type { ModelCard } from "../prediction/model.ts";
import type { SegmentOptions, WindowsChoice } from "../prediction/segmentation.ts";
import type { Segmenter } from "../prediction/segmenter.ts";
import type { CrfSettings } from "../refinement/crf-settings.ts";
import { type FurtherScorer, type PanopticDetails, type Scorer, type SemanticDetails, scorerOf } from "./scorer.ts";

export interface EvaluateOptions extends SegmentOptions {
  /** Boundary IoU takes about as long as counting pixels; it can be left out. */
  readonly boundary?: boolean;
  /** `skip`: images that cannot be read are listed instead of ending the evaluation. */
  readonly onBadImage?: "fail" | "skip";
  readonly onProgress?: (done: number, total: number) => void;
  /** Scores the same images in another way, too, such as what the groups of a model are worth. */
  readonly further?: FurtherScorer | undefined;
  /** Stops before the next image; then throws Interrupted. */
  readonly signal?: AbortSignal;
}

export interface ImageScore {
  /** Position among the samples that are scored (`scoredDataset`). */
  readonly index: number;
  readonly id: string;
  /** What the first measure says of this image alone; null where nothing of it counts. */
  readonly score: number | null;
}

/** What every evaluation has. Scores are shares, 0 … 1. */
export interface EvaluationSummary {
  readonly dataset: string;
  readonly split: string;
  readonly model: string;
  readonly images: number;
  /** The most telling first. */
  readonly measures: readonly Measure[];
  readonly perImage: readonly ImageScore[];
  readonly skipped: readonly { readonly source: string; readonly problem: string }[];
  /** How images were segmented; `shortSide` null: as the model was trained. */
  readonly options: {
    readonly shortSide: number | null;
    readonly scales: readonly number[];
    readonly flip: boolean;
    readonly windows: WindowsChoice;
    /** Null: what the model's method does on the host. */
    readonly crf: CrfSettings | "none" | null;
  };
}

/** The result, as `tessera eval --json` prints it. */
export type Evaluation = EvaluationSummary & (SemanticDetails | PanopticDetails);

/**
 * Segments every image of the data set that has the labels which its kind of model is scored by. The next image is read
 * while one is computed. Throws InputError where the data set's classes are not the model's, or no image has such labels.
 */
export async function evaluateDataset(
  segmenter: Segmenter,
  all: Dataset,
  { boundary = true, onBadImage = "fail", onProgress, further, signal, ...segmentOptions }: EvaluateOptions = {},
): Promise<Evaluation> {
  requireSameClasses(all, segmenter);
  const scorer = scorerOf(segmenter.card.kind, all.classes, { boundary });
  const dataset = scoredDataset(all, scorer);
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
      const sample = await current;
      if (index + 1 < dataset.ids.length) ahead = read(index + 1);
      const prediction = await segmenter.segment(sample.image, segmentOptions);
      await further?.add(sample);
      perImage.push({ index, id: dataset.ids[index], score: scorer.add(sample, prediction) });
    } catch (error) {
      if (onBadImage === "fail" || !(error instanceof InputError)) throw error;
      skipped.push({ source, problem: error.message });
    }
    if (index + 1 < dataset.ids.length) ahead ??= read(index + 1);
    onProgress?.(index + 1, dataset.ids.length);
  }
  const {
    shortSide = null,
    scales = [1],
    flip = false,
    windows = segmenter.card.windowing,
    crf = null,
  } = segmentOptions;
  return {
    ...{ dataset: dataset.name, split: dataset.split, model: segmenter.source, images: perImage.length },
    measures: [...scorer.measures(), ...(further?.measures() ?? [])],
    ...scorer.details(),
    ...{ perImage, skipped, options: { shortSide, scales, flip, windows, crf } },
  };
}

/** The samples that have the labels which predictions are compared with. Throws InputError where none has. */
export function scoredDataset(dataset: Dataset, { truth }: Pick<Scorer, "truth">): Dataset {
  const scored = labelledDataset(dataset, [truth]);
  if (scored.ids.length > 0 || dataset.ids.length === 0) return scored;
  throw new InputError(
    `${whereOf(dataset)}: expected ${kindsText([truth])} to score against, got ${kindsText(dataset.kinds)} in ${dataset.split}. Evaluate on a split that has them.`,
  );
}

/** The score by which an evaluation is compared with others. */
export function scoreOfEvaluation({ measures }: Pick<Evaluation, "measures">): number | null {
  return measures[0]?.value ?? null;
}

/** Whether an evaluation has any score. */
export function isEmpty({ measures }: Pick<Evaluation, "measures">): boolean {
  return measures.every(({ value }) => value === null);
}

/** `3 masks in which no pixel counts`: why an evaluation has no scores. */
export function nothingCounts({ images, kind }: Pick<Evaluation, "images" | "kind">): string {
  const count = images.toLocaleString("en");
  if (kind === "panoptic") return `${count} ${images === 1 ? "image" : "images"} in which no segment counts`;
  return `${count} ${images === 1 ? "mask" : "masks"} in which no pixel counts`;
}

/** `1 of 3 images in val has no masks: not scored`; null where all of `dataset` were to be scored. */
export function unscoredText(
  { images, skipped, kind }: Pick<Evaluation, "images" | "skipped" | "kind">,
  { ids, split }: Pick<Dataset, "ids" | "split">,
): string | null {
  const left = ids.length - images - skipped.length;
  const truth = kindsText([kind === "panoptic" ? "panoptic" : "mask"]);
  const has = left === 1 ? "has" : "have";
  return left === 0 ? null : `${left} of ${ids.length} images in ${split} ${has} no ${truth}: not scored`;
}

/** A class in a table of scores. */
export interface ClassRow {
  readonly name: string;
  readonly measures: readonly Measure[];
  /** Labelled pixels, or segments of the truth. */
  readonly amount: number;
}

/** The classes of an evaluation as rows of a table, and what their amounts count. */
export function classTable(evaluation: Evaluation): {
  readonly unit: "pixels" | "segments";
  readonly rows: readonly ClassRow[];
} {
  const share = (name: string, value: number | null): Measure => ({ name, value, unit: "share" });
  if (evaluation.kind === "panoptic") {
    const rows = evaluation.classes.map(({ name, pq, sq, rq, segments }) => ({
      ...{ name, amount: segments, measures: [share("PQ", pq), share("SQ", sq), share("RQ", rq)] },
    }));
    return { unit: "segments", rows };
  }
  const rows = evaluation.classes.map(({ name, iou, accuracy, boundaryIou, pixels }) => ({
    ...{ name, amount: pixels },
    measures: [share("IoU", iou), share("accuracy", accuracy), share("boundary IoU", boundaryIou)],
  }));
  return { unit: "pixels", rows };
}

/** Whether any mask has a labelled pixel; reads up to the first. Throws InputError as `evaluateDataset` does. */
export async function anythingCounts(
  all: Dataset,
  { onBadImage = "fail" }: Pick<EvaluateOptions, "onBadImage"> = {},
): Promise<boolean> {
  const dataset = scoredDataset(all, { truth: "mask" });
  for (let index = 0; index < dataset.ids.length; index++) {
    try {
      const { mask } = (await dataset.read(index)).labels;
      if (mask?.data.some((label) => label !== IGNORE)) return true;
    } catch (error) {
      if (onBadImage === "fail" || !(error instanceof InputError)) throw error;
    }
  }
  return false;
}

/** Indices mean the same only when both lists are equal. */
function requireSameClasses(dataset: Dataset, { card, source }: { card: ModelCard; source: string }): void {
  const ours = card.classes.map(({ name }) => name);
  const theirs = dataset.classes.map(({ name }) => name);
  const length = Math.max(ours.length, theirs.length);
  for (let i = 0; i < length; i++) {
    if (ours[i] === theirs[i]) continue;
    const { withBackground } = dataset;
    const isOneMore = ours.length === theirs.length + 1 && card.classes.some(({ background }) => background);
    const remedy =
      withBackground !== undefined && isOneMore
        ? `Add --layout ${withBackground}, by which the background is a class.`
        : "Evaluate on a data set with the model's classes.";
    throw new InputError(
      `${whereOf(dataset)}: expected the classes of ${source}, which has ${ours[i] ?? "none"} at index ${i}, got ${theirs[i] ?? "none"} (${theirs.length} classes against ${ours.length}). ${remedy}`,
    );
  }
}
