/** Saliency as what is not background: pieces that the picture's border does not cut (Zhu, Liang, Wei and Sun, CVPR 2014). */
import type { Image, LabelMap } from "../image/image.ts";
import { type SuperpixelOptions, type Superpixels, superpixels } from "./superpixels.ts";

/** As published: standard deviations of colour (Lab), of boundary connectivity and of places (of the longer side), and what smooths. */
const [colorDeviation, borderDeviation, placeDeviation, smoothness] = [10, 1, 0.25, 0.1];
/** How much the background's term counts against the foreground's, as in the authors' code. */
const backgroundWeight = 5;

/**
 * How salient each pixel is, 0 … 255, stretched so that the least is 0 and the most 255; all 0 where a picture has nothing that differs.
 * Differs: the contrast that marks the foreground is taken as it is, where the authors' code cuts it off below Otsu's threshold.
 */
export function robustBackgroundSaliency(image: Image, options: SuperpixelOptions = {}): LabelMap {
  const pieces = superpixels(image, options);
  const { width, height, labels } = pieces;
  const values = saliencyOfPieces(pieces);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  // Less than one step of eight bits apart is rounding, not saliency.
  const stretch = most - least < 1 / 255 ? 0 : 255 / (most - least);
  return { width, height, data: Uint8Array.from(labels, (piece) => Math.round((values[piece] - least) * stretch)) };
}

/** Of each piece, about 0 … 1. */
function saliencyOfPieces(pieces: Superpixels): Float64Array {
  const { count, centres, width, height } = pieces;
  const contrast = distancesOf(pieces.colors, count, 3); // d_app
  const neighbours = neighboursOf(pieces);
  const onBorder = borderOf(pieces);
  const background = backgroundOf(contrast, neighbours, onBorder, count);
  const places = distancesOf(
    centres.map((value) => value / Math.max(width, height)),
    count,
    2,
  );
  // Contrast with what is background, nearer pieces counting more (eq. 7).
  const foreground = new Float64Array(count);
  for (let p = 0; p < count; p++) {
    for (let i = 0; i < count; i++) {
      const at = p * count + i;
      foreground[p] += contrast[at] * Math.exp(-(places[at] ** 2) / (2 * placeDeviation ** 2)) * background[i];
    }
  }
  const most = Math.max(...foreground);
  if (!(most > 0)) return foreground;
  // The minimum of eq. 9 is where its gradient is 0: a linear system.
  const matrix = new Float64Array(count * count);
  const right = new Float64Array(count);
  for (let p = 0; p < count; p++) {
    const own = foreground[p] / most;
    matrix[p * count + p] += backgroundWeight * background[p] + own;
    right[p] = own;
    for (const i of neighbours[p]) {
      const weight = Math.exp(-(contrast[p * count + i] ** 2) / (2 * colorDeviation ** 2)) + smoothness;
      matrix[p * count + p] += weight;
      matrix[p * count + i] -= weight;
    }
  }
  return solved(matrix, right);
}

/** How likely each piece is background, by how much of its region's outline lies on the border (eq. 2 to 6 and 8). */
function backgroundOf(
  contrast: Float64Array,
  neighbours: readonly ReadonlySet<number>[],
  onBorder: readonly boolean[],
  count: number,
): Float64Array {
  const paths = geodesics(contrast, neighbours, onBorder, count);
  return Float64Array.from({ length: count }, (_, p) => {
    let [area, length] = [0, 0];
    for (let i = 0; i < count; i++) {
      const share = Math.exp(-(paths[p * count + i] ** 2) / (2 * colorDeviation ** 2));
      area += share;
      if (onBorder[i]) length += share;
    }
    return 1 - Math.exp(-(length ** 2 / area) / (2 * borderDeviation ** 2));
  });
}

/** Shortest ways over colours from piece to piece; those on the border are neighbours of one another (sec. 3.2). */
function geodesics(
  contrast: Float64Array,
  neighbours: readonly ReadonlySet<number>[],
  onBorder: readonly boolean[],
  count: number,
): Float64Array {
  // Small steps of colour would add up to a large one over a plain region: what neighbours differ by anyway is left out (Wei et al. 2012).
  const least = neighbours.map((beside, p) =>
    beside.size === 0 ? 0 : Math.min(...[...beside].map((i) => contrast[p * count + i])),
  );
  const usual = least.reduce((sum, value) => sum + value, 0) / Math.max(1, count);
  const borders = onBorder.flatMap((is, p) => (is ? [p] : []));
  const out = new Float64Array(count * count).fill(Infinity);
  for (let start = 0; start < count; start++) {
    const own = out.subarray(start * count, (start + 1) * count);
    const isDone = new Uint8Array(count);
    own[start] = 0;
    for (let round = 0; round < count; round++) {
      let p = -1;
      for (let i = 0; i < count; i++) if (isDone[i] === 0 && (p < 0 || own[i] < own[p])) p = i;
      if (own[p] === Infinity) break;
      isDone[p] = 1;
      const relax = (i: number) => {
        own[i] = Math.min(own[i], own[p] + Math.max(0, contrast[p * count + i] - usual));
      };
      for (const i of neighbours[p]) relax(i);
      if (onBorder[p]) for (const i of borders) relax(i);
    }
  }
  return out;
}

/** Euclidean distances of points of `size` numbers: [count, count]. */
function distancesOf(points: Float64Array, count: number, size: number): Float64Array {
  return Float64Array.from({ length: count * count }, (_, at) => {
    const [p, i] = [Math.floor(at / count), at % count];
    let sum = 0;
    for (let c = 0; c < size; c++) sum += (points[p * size + c] - points[i * size + c]) ** 2;
    return Math.sqrt(sum);
  });
}

function neighboursOf({ labels, width, count }: Superpixels): readonly ReadonlySet<number>[] {
  const beside = Array.from({ length: count }, () => new Set<number>());
  const join = (a: number, b: number) => {
    if (a === b) return;
    beside[a].add(b);
    beside[b].add(a);
  };
  for (let i = 0; i < labels.length; i++) {
    if (i % width < width - 1) join(labels[i], labels[i + 1]);
    if (i + width < labels.length) join(labels[i], labels[i + width]);
  }
  return beside;
}

function borderOf({ labels, width, height, count }: Superpixels): readonly boolean[] {
  const found = new Array<boolean>(count).fill(false);
  for (let x = 0; x < width; x++) for (const y of [0, height - 1]) found[labels[y * width + x]] = true;
  for (let y = 0; y < height; y++) for (const x of [0, width - 1]) found[labels[y * width + x]] = true;
  return found;
}

/** x of A x = b, A symmetric with positive pivots: elimination without exchanges. Both are overwritten. */
function solved(matrix: Float64Array, right: Float64Array): Float64Array {
  const count = right.length;
  for (let k = 0; k < count; k++) {
    for (let i = k + 1; i < count; i++) {
      const factor = matrix[i * count + k] / matrix[k * count + k];
      if (factor === 0) continue;
      for (let j = k; j < count; j++) matrix[i * count + j] -= factor * matrix[k * count + j];
      right[i] -= factor * right[k];
    }
  }
  for (let k = count - 1; k >= 0; k--) {
    for (let j = k + 1; j < count; j++) right[k] -= matrix[k * count + j] * right[j];
    right[k] /= matrix[k * count + k];
  }
  return right;
}
