/** Panoptic quality of predictions that any program wrote, as COCO's evaluator gives it. */

import { annotationName } from "../datasets/panoptic-annotation.ts";
import { InputError, Interrupted, problem } from "../errors.ts";
import type { Measure } from "../metrics/measure.ts";
import type { ScoredSegments } from "../metrics/panoptic-quality.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { readJson } from "../prediction/folder-list.ts";
import { readPanopticJson } from "../prediction/panoptic-files.ts";
import type { PanopticClass } from "./panoptic-categories.ts";
import { type Pair, pairImages } from "./panoptic-pairs.ts";
import {
  type ImageId,
  type PanopticImages,
  readPredictions,
  readTruth,
  twoChannelPredictions,
} from "./panoptic-set.ts";
import { type PanopticDetails, panopticTally } from "./scorer.ts";

export interface PanopticFilesOptions {
  /** Folders of the PNGs, where they lie neither in one of the JSON's name nor beside it. */
  readonly predictionMasks?: string;
  readonly truthMasks?: string;
  readonly onProgress?: (done: number, total: number) => void;
  /** What whoever watches should know. */
  readonly onNote?: (line: string) => void;
  /** Stops before the next image; then throws Interrupted. */
  readonly signal?: AbortSignal;
}

/** A category of the truth. Scores are shares, 0 … 1, null where it does not occur; counts are of the whole set. */
export interface PanopticClassScores extends PanopticClass {
  readonly pq: number | null;
  readonly sq: number | null;
  readonly rq: number | null;
  /** Sum over matched pairs. */
  readonly iou: number;
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  /** Of the truth, crowds apart. */
  readonly segments: number;
}

/** The result, as `tessera eval --panoptic --json` prints it. */
export interface PanopticFilesEvaluation extends Omit<PanopticDetails, "classes"> {
  readonly predictions: string;
  readonly truth: string;
  readonly images: number;
  /** PQ, SQ, RQ, and PQ of things and stuff. */
  readonly measures: readonly Measure[];
  readonly classes: readonly PanopticClassScores[];
  readonly perImage: readonly { readonly id: ImageId; readonly file: string; readonly score: number | null }[];
}

/**
 * predictions: a panoptic JSON in COCO's format, a folder that predict wrote, or one of PNGs of two channels; truth: a JSON, whose
 * categories count. Images are paired by `pairImages`, categories by `predictedCategories`. Pairs are read one after another, so that memory
 * holds the two lists and two pairs of maps.
 *
 * The rules are those of `countSegments`. Predictions of images that the truth has not are left out. Throws InputError where an image
 * has no prediction, files contradict each other or are damaged, and where no segment counts.
 */
export async function evaluatePanopticFiles(
  platform: Platform,
  predictions: string,
  truth: string,
  { predictionMasks, truthMasks, onProgress, onNote, signal }: PanopticFilesOptions = {},
): Promise<PanopticFilesEvaluation> {
  const { classes, images } = await readTruth(platform, truth, truthMasks);
  if (images.size === 0) {
    throw new InputError(problem(truth, "expected annotations of images", "an empty list", "Name another file."));
  }
  const guesses = await predictionsOf(platform, predictions, { classes, images }, predictionMasks, onNote);
  const pairs = pairImages(images, guesses, { predictions, truth, onNote });
  const unused = guesses.size - pairs.length;
  const are = unused === 1 ? "image is" : "images are";
  if (unused > 0) onNote?.(`${predictions}: ${unused} ${are} not in ${truth}: not scored`);

  const tally = panopticTally(classes);
  const perImage: { id: ImageId; file: string; score: number | null }[] = [];
  let ahead = read(pairs[0]);
  for (const [index, [{ id, file }, guess]] of pairs.entries()) {
    if (signal?.aborted) throw new Interrupted("eval: stopped.");
    const [of, by] = await ahead;
    // The next pair is read while this one is counted.
    if (index + 1 < pairs.length) ahead = read(pairs[index + 1]);
    perImage.push({ id, file, score: tally.add(of, by, guess.file) });
    onProgress?.(index + 1, pairs.length);
  }
  const { classes: scores, ...details } = tally.details();
  if (details.all.pq === null) {
    const got = `${pairs.length} ${pairs.length === 1 ? "image" : "images"} in which none counts`;
    throw new InputError(problem(truth, "expected segments to score", got, "Check segments_info and category ids."));
  }
  const { iou, truePositives, falsePositives, falseNegatives } = tally.counts;
  return {
    ...{ predictions, truth, images: pairs.length, measures: tally.measures(), ...details },
    classes: classes.map((each, c) => ({
      ...{ ...each, ...scores[c], iou: iou[c], truePositives: truePositives[c] },
      ...{ falsePositives: falsePositives[c], falseNegatives: falseNegatives[c] },
    })),
    perImage,
  };
}

function read([truth, prediction]: Pair): Promise<readonly [ScoredSegments, ScoredSegments]> {
  const both = Promise.all([truth.read(), prediction.read()]);
  // Awaited later; until then a failure is not "unhandled".
  both.catch(() => {});
  return both;
}

async function predictionsOf(
  platform: Platform,
  path: string,
  truth: { readonly classes: readonly PanopticClass[]; readonly images: PanopticImages },
  masks: string | undefined,
  onNote: (line: string) => void = () => {},
): Promise<PanopticImages> {
  if ((await platform.exists(path)) !== "folder") {
    return readPredictions(platform, path, truth.classes, { masks, onNote });
  }
  // What predict wrote says which segments there are, however it stores ids.
  const own = joinPath(path, annotationName);
  if (readPanopticJson(await readJson(platform, own)) === null) {
    return twoChannelPredictions(platform, path, truth.classes, truth.images);
  }
  onNote(`${path}: predictions of tessera, read by ${annotationName}`);
  return readPredictions(platform, own, truth.classes, { masks: path, onNote });
}
