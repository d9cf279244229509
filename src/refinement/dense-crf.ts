/** A fully connected CRF over an image: pixels that lie near one another and look alike tend to have one label. */
import { type NdArray, ndarray } from "../array/ndarray.ts";
import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Image } from "../image/image.ts";
import { exactFilter } from "./exact-filter.ts";
import type { GaussianFilter } from "./gaussian-filter.ts";
import { latticeFilter } from "./lattice-filter.ts";
import { type CrfSettings, type CrfTerm, requireSettings } from "./crf-settings.ts";
import { edgesOf, meanField } from "./mean-field.ts";

/** Images of more pixels are too many pairs: 2 bytes times the square of the pixels for each term. */
export const maxExactPixels = 10_000;

/** Probabilities below this are taken for it: no label is impossible. */
const leastProbability = 1e-5;

export interface CrfOptions {
  /** `lattice`, the default, filters on permutohedral lattices; `exact` sums over all pairs, for images up to `maxExactPixels`. */
  readonly filter?: "lattice" | "exact";
  /**
   * Whether a pixel is among its own neighbours, as in the published implementation; the textbook leaves it out, which only
   * `exact` can. Default true.
   */
  readonly selfPair?: boolean;
}

/**
 * Marginal probabilities of each pixel's labels by mean field. The unary energy is −log of the scores, which are clipped to
 * 10⁻⁵ … 1 and need not sum to 1.
 *
 * scores: [K, h, w] float32; image: of the same size. Gives [K, h, w] float32, which sum to 1 at each pixel.
 *
 * Memory besides both, in bytes a pixel: 12 K + 80, and for each lattice vertex 4 K + 50; of the latter a photograph has 0.1
 * to 1 a pixel, noise up to 6. Throws InputError for scores of another shape, or which are not finite, for settings out of
 * range and for more pixels than `exact` takes.
 */
export function denseCrf(
  scores: NdArray,
  image: Image,
  settings: CrfSettings,
  { filter = "lattice", selfPair = true }: CrfOptions = {},
): NdArray {
  requireSettings(settings);
  const labels = requireScores(scores, image);
  const pixels = image.width * image.height;
  if (filter === "exact" && pixels > maxExactPixels) {
    throw new InputError(
      `dense CRF: expected at most ${maxExactPixels} pixels for the exact sum over all pairs, got ${image.width}x${image.height}. Use the lattice.`,
    );
  }
  if (filter === "lattice" && !selfPair) {
    throw new InputError(
      "dense CRF: expected pixels among their own neighbours with the lattice, got selfPair: false. Use the exact filter.",
    );
  }
  const edges = settings.terms.map((term) => {
    const features = featuresOf(image, term);
    const dimensions = features.length / pixels;
    const own: GaussianFilter =
      filter === "exact" ? exactFilter(features, dimensions, selfPair) : latticeFilter(features, dimensions);
    return edgesOf(own, term.weight, term.normalization ?? "symmetric");
  });
  const marginals = meanField(logScores(scores.data as Float32Array, labels), labels, edges, settings.iterations);
  return ndarray("float32", scores.shape, planesOf(marginals, labels));
}

/** Where each pixel lies, and its colour where the term looks at it, in standard deviations. → [pixels, 2 or 5]. */
function featuresOf({ width, height, data }: Image, { xy, rgb }: CrfTerm): Float32Array {
  const dimensions = rgb === undefined ? 2 : 5;
  const features = new Float32Array(width * height * dimensions);
  for (let y = 0, pixel = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      features[at++] = x / xy;
      features[at++] = y / xy;
      if (rgb === undefined) continue;
      for (let c = 0; c < 3; c++) features[at++] = data[3 * pixel + c] / rgb;
    }
  }
  return features;
}

/** [labels, pixels] → log, [pixels, labels]. */
function logScores(planes: Float32Array, labels: number): Float32Array {
  const pixels = planes.length / labels;
  const result = new Float32Array(planes.length);
  for (let l = 0, from = 0; l < labels; l++) {
    for (let pixel = 0; pixel < pixels; pixel++, from++) {
      result[pixel * labels + l] = Math.log(Math.min(1, Math.max(leastProbability, planes[from])));
    }
  }
  return result;
}

/** [pixels, labels] → [labels, pixels]. */
function planesOf(values: Float32Array, labels: number): Float32Array {
  const pixels = values.length / labels;
  const planes = new Float32Array(values.length);
  for (let l = 0, to = 0; l < labels; l++) {
    for (let pixel = 0; pixel < pixels; pixel++, to++) planes[to] = values[pixel * labels + l];
  }
  return planes;
}

/** The number of labels. */
function requireScores({ dtype, shape, data }: NdArray, { width, height, data: bytes }: Image): number {
  const [labels, rows, columns] = shape;
  if (width < 1 || height < 1 || bytes.length !== 3 * width * height) {
    throw new InputError(
      `dense CRF: expected 3 bytes for each of ${width}x${height} pixels, got ${bytes.length}. Pass a decoded RGB image.`,
    );
  }
  if (dtype !== "float32" || shape.length !== 3 || labels < 1 || rows !== height || columns !== width) {
    throw new InputError(
      `dense CRF: expected scores float32 [labels, ${height}, ${width}] as large as the image, got ${dtype} ${show(shape)}. Resize one of them.`,
    );
  }
  const bad = (data as Float32Array).findIndex((value) => !(value >= 0 && value <= 1.001));
  if (bad >= 0) {
    throw new InputError(
      `dense CRF: expected probabilities, 0 to 1, got ${data[bad]} for label ${Math.floor(bad / (width * height))}. Apply a softmax first.`,
    );
  }
  return labels;
}
