/** Boundary IoU: the same score on the rims of regions alone, so that large regions do not hide ragged edges. */
import { InputError } from "../errors.ts";
import { IGNORE, type LabelMap } from "../image/image.ts";
import { mean } from "./confusion.ts";

/** Pixels of each class's rims, over a data set. */
export interface BoundaryCounts {
  readonly intersection: Float64Array;
  readonly union: Float64Array;
}

export interface BoundaryScores {
  /** Null where no rim of the class is in truth or prediction. */
  readonly iou: readonly (number | null)[];
  readonly meanIou: number | null;
}

export function boundaryCounts(classes: number): BoundaryCounts {
  return { intersection: new Float64Array(classes), union: new Float64Array(classes) };
}

/** Width of the rim: 2 % of the diagonal, rounded, at least 1 pixel (Cheng et al. 2021, Boundary IoU, sec. 4). */
export function boundaryWidth(width: number, height: number): number {
  return Math.max(1, Math.round(0.02 * Math.hypot(width, height)));
}

/**
 * Counts one image into `counts` (changed in place). The rim of a region is what `boundaryWidth` erosions with a 3×3
 * square take away, the outside of the image being no part of any region. Pixels that truth ignores count nowhere,
 * and what lies next to them is on a rim in both, so that a perfect prediction scores 1.
 */
export function countBoundaries(
  counts: BoundaryCounts,
  truth: LabelMap,
  prediction: LabelMap,
  where = "boundary",
): void {
  const { width, height } = truth;
  if (prediction.width !== width || prediction.height !== height) {
    throw new InputError(
      `${where}: expected a prediction of the mask's size ${width}x${height}, got ${prediction.width}x${prediction.height}. Predict at the image's own size.`,
    );
  }
  const reach = boundaryWidth(width, height);
  const trueRim = rims(truth, reach);
  const guesses = prediction.data.slice();
  for (let i = 0; i < guesses.length; i++) if (truth.data[i] === IGNORE) guesses[i] = IGNORE;
  const guessedRim = rims({ width, height, data: guesses }, reach);
  const { intersection, union } = counts;
  for (let i = 0; i < trueRim.length; i++) {
    const label = truth.data[i];
    if (label === IGNORE) continue;
    const guess = guesses[i];
    if (trueRim[i] && guessedRim[i] && label === guess) {
      intersection[label]++;
      union[label]++;
    } else {
      if (trueRim[i]) union[label]++;
      if (guessedRim[i] && guess !== IGNORE) union[guess]++;
    }
  }
}

export function boundaryScores({ intersection, union }: BoundaryCounts): BoundaryScores {
  const iou = Array.from(union, (count, c) => (count > 0 ? intersection[c] / count : null));
  return { iou, meanIou: mean(iou) };
}

/**
 * 1 where a pixel lies on the rim of its own region: within `reach` (largest of row and column distance) of a pixel of
 * another class or of the outside. A pixel survives all erosions exactly when the square around it is of one class;
 * runs of equal labels along rows, then the smallest of them down the columns, decide that for all classes at once.
 */
function rims({ width, height, data }: LabelMap, reach: number): Uint8Array {
  // The square's rows: wide[i] is 1 where the 2·reach + 1 labels around i in its row are equal and inside the image.
  const wide = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let start = 0;
    for (let x = 1; x <= width; x++) {
      if (x < width && data[row + x] === data[row + start]) continue;
      if (x - start > 2 * reach) wide.fill(1, row + start + reach, row + x - reach);
      start = x;
    }
  }
  // The square's columns: enough wide rows of the same label, one below the other.
  const rim = new Uint8Array(width * height).fill(1);
  const run = new Int32Array(width);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) {
      const i = row + x;
      if (!wide[i]) run[x] = 0;
      else run[x] = y > 0 && data[i - width] === data[i] ? run[x] + 1 : 1;
      if (run[x] > 2 * reach) rim[i - reach * width] = 0;
    }
  }
  return rim;
}
