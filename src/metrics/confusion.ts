/** Scores from one integer confusion matrix over a whole data set. Pure; nothing is averaged per image. */

import { InputError } from "../errors.ts";
import { IGNORE, type LabelMap } from "../image/image.ts";

/** Pixels. Exact up to 2⁵³. */
export interface ConfusionMatrix {
  readonly classes: number;
  /** counts[truth · classes + prediction]. */
  readonly counts: Float64Array;
  /** missed[truth]: pixels whose prediction is none of the classes (`IGNORE`): wrong, but no other class's. */
  readonly missed: Float64Array;
}

export interface Scores {
  /** Intersection over union of each class; null where the class is in neither truth nor prediction. */
  readonly iou: readonly (number | null)[];
  /** Share of each class's true pixels that were found; null where the truth has none. */
  readonly accuracy: readonly (number | null)[];
  /** Mean IoU over classes whose union is not empty; null when there is none. */
  readonly meanIou: number | null;
  /** Mean IoU over classes present in the truth (the convention of DeepLab's scripts). */
  readonly meanIouOfPresent: number | null;
  /** Mean over all classes, one that never occurs counting as 0 (the convention of SEAM's scripts); null without pixels. */
  readonly meanIouOfAll: number | null;
  /** Mean accuracy over classes present in the truth. */
  readonly meanAccuracy: number | null;
  /** Share of all counted pixels that are right. */
  readonly pixelAccuracy: number | null;
  /** IoU weighted by each class's share of the true pixels. */
  readonly frequencyWeightedIou: number | null;
  /** Classes in neither truth nor prediction: left out of `meanIou`. */
  readonly absent: readonly number[];
  /** Labelled pixels that were counted. */
  readonly pixels: number;
}

/** An empty matrix for `classes` classes. */
export function confusionMatrix(classes: number): ConfusionMatrix {
  return { classes, counts: new Float64Array(classes * classes), missed: new Float64Array(classes) };
}

/**
 * Counts the pixels of one image into `matrix` (changed in place). Truth `IGNORE` is skipped.
 *
 * truth, prediction: same size; values below `matrix.classes`, or `IGNORE`. Throws InputError for other sizes or values.
 */
export function countPixels(matrix: ConfusionMatrix, truth: LabelMap, prediction: LabelMap, where = "score"): void {
  if (truth.width !== prediction.width || truth.height !== prediction.height) {
    const [expected, got] = [truth, prediction].map(({ width, height }) => `${width}x${height}`);
    throw new InputError(
      `${where}: expected a prediction of the mask's size ${expected}, got ${got}. Predict at the image's own size.`,
    );
  }
  const { classes, counts, missed } = matrix;
  const [labels, guesses] = [truth.data, prediction.data];
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (label === IGNORE) continue;
    if (label < classes && guesses[i] === IGNORE) {
      missed[label]++;
      continue;
    }
    if (label >= classes || guesses[i] >= classes) {
      const [what, value] = label >= classes ? ["mask", label] : ["prediction", guesses[i]];
      throw new InputError(
        `${where}: expected classes 0 to ${classes - 1}, got ${value} in the ${what}. Check the map of mask values.`,
      );
    }
    counts[label * classes + guesses[i]]++;
  }
}

/** Adds the counts of `part` to `total`, in place. */
export function addCounts(total: ConfusionMatrix, part: ConfusionMatrix): void {
  for (let i = 0; i < total.counts.length; i++) total.counts[i] += part.counts[i];
  for (let i = 0; i < total.classes; i++) total.missed[i] += part.missed[i];
}

/**
 * Per class c, with h the matrix: IoU = h_cc / (row_c + column_c − h_cc), accuracy = h_cc / row_c.
 * The three means differ only in what they do with classes that do not occur; on full data sets they agree.
 */
export function scoresOf({ classes, counts, missed }: ConfusionMatrix): Scores {
  const rows = missed.slice();
  const columns = new Float64Array(classes);
  let pixels = missed.reduce((sum, count) => sum + count, 0);
  let correct = 0;
  for (let truth = 0; truth < classes; truth++) {
    for (let guess = 0; guess < classes; guess++) {
      const count = counts[truth * classes + guess];
      rows[truth] += count;
      columns[guess] += count;
      pixels += count;
      if (truth === guess) correct += count;
    }
  }
  const iou: (number | null)[] = [];
  const accuracy: (number | null)[] = [];
  let weighted = 0;
  for (let c = 0; c < classes; c++) {
    const hit = counts[c * classes + c];
    const union = rows[c] + columns[c] - hit;
    iou.push(union > 0 ? hit / union : null);
    accuracy.push(rows[c] > 0 ? hit / rows[c] : null);
    if (union > 0) weighted += (rows[c] * hit) / union;
  }
  return {
    iou,
    accuracy,
    meanIou: mean(iou),
    meanIouOfPresent: mean(iou.filter((_, c) => rows[c] > 0)),
    meanIouOfAll: pixels > 0 ? mean(iou.map((value) => value ?? 0)) : null,
    meanAccuracy: mean(accuracy),
    pixelAccuracy: pixels > 0 ? correct / pixels : null,
    frequencyWeightedIou: pixels > 0 ? weighted / pixels : null,
    absent: iou.flatMap((value, c) => (value === null ? [c] : [])),
    pixels,
  };
}

/** Mean of the values that are there; null when none is. */
export function mean(values: readonly (number | null)[]): number | null {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (value === null) continue;
    sum += value;
    count++;
  }
  return count > 0 ? sum / count : null;
}
