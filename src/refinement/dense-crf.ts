/** A fully connected CRF over an image: pixels that lie near one another and look alike tend to have one label. */
import { type NdArray, ndarray } from "../array/ndarray.ts";
import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Image } from "../image/image.ts";
import { type CrfSettings, type CrfTerm, maxExactPixels, requireSettings } from "./crf-settings.ts";
import { exactFilter, exactFilterOfOthers } from "./exact-filter.ts";
import { type FilterMaker, strideOf } from "./gaussian-filter.ts";
import { latticeFilter } from "./lattice-filter.ts";
import { edgesOf, meanField, noLabel } from "./mean-field.ts";
import { Workspace } from "./workspace.ts";

/** Probabilities below this are taken for it: no label is impossible. */
const leastProbability = 1e-5;

export interface CrfOptions {
  /**
   * `lattice` filters on permutohedral lattices; `exact` sums over all pairs, for images up to `maxExactPixels`. Default: that of the
   * settings, or `lattice`.
   */
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
 * Memory besides both: 12 K + 110 bytes a pixel with two terms, and 4 K + 24 for each lattice vertex, of which photographs have
 * 0.2 to 3 a pixel, at most 9. Throws InputError for scores of another shape, or which are not finite, for settings out of
 * range and for more pixels than `exact` takes.
 */
export function denseCrf(scores: NdArray, image: Image, settings: CrfSettings, options: CrfOptions = {}): NdArray {
  const { filter = settings.filter ?? "lattice", selfPair = true } = options;
  requireSettings(settings);
  const labels = requireScores(scores, image);
  const pixels = image.width * image.height;
  if (filter === "exact" && pixels > maxExactPixels) {
    throw new InputError(
      `dense CRF: expected at most ${maxExactPixels} pixels for the exact sum over all pairs, got ${image.width}x${image.height}. Use the lattice (without :exact), or smaller images.`,
    );
  }
  if (filter === "lattice" && !selfPair) {
    throw new InputError(
      "dense CRF: expected pixels among their own neighbours with the lattice, got selfPair: false. Use the exact filter.",
    );
  }
  const seen = settings.colors === "wrapped" ? wrapped(image) : image;
  const workspace = new Workspace();
  const stride = strideOf(labels);
  const [negativeUnary, marginals] = [workspace.reserve(pixels * stride), workspace.reserve(pixels * stride)];
  const edges = settings.terms.map((term) => {
    const features = featuresOf(seen, term);
    const own = makerOf({ filter, selfPair })(workspace, features, features.length / pixels, stride);
    return edgesOf(workspace, own, term.weight, term.normalization ?? "symmetric", marginals);
  });
  writeLogScores(workspace.floats(negativeUnary, pixels * stride), scores.data as Float32Array, labels, stride);
  meanField(workspace, { negativeUnary, marginals, points: pixels, stride }, edges, settings.iterations);
  const result = planesOf(workspace.floats(marginals, pixels * stride), labels, stride);
  return ndarray("float32", scores.shape, result);
}

function makerOf({ filter, selfPair }: Required<CrfOptions>): FilterMaker {
  if (filter === "lattice") return latticeFilter;
  return selfPair ? exactFilter : exactFilterOfOthers;
}

/** Caffe's mean of red, green and blue. */
const caffeMean = [122.675, 116.669, 104.008];

/** Bytes less Caffe's mean, as bytes: what is below 0 counted from 256 down. */
function wrapped({ data, ...size }: Image): Image {
  return { ...size, data: data.map((byte, i) => Math.trunc(byte - caffeMean[i % 3])) };
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

/** [labels, pixels] → log, [pixels, stride]. */
function writeLogScores(rows: Float32Array, planes: Float32Array, labels: number, stride: number): void {
  rows.fill(noLabel);
  const pixels = planes.length / labels;
  for (let l = 0, from = 0; l < labels; l++) {
    for (let to = l, pixel = 0; pixel < pixels; pixel++, from++, to += stride) {
      rows[to] = Math.log(Math.min(1, Math.max(leastProbability, planes[from])));
    }
  }
}

/** [pixels, stride] → [labels, pixels]. */
function planesOf(rows: Float32Array, labels: number, stride: number): Float32Array {
  const pixels = rows.length / stride;
  const planes = new Float32Array(labels * pixels);
  for (let l = 0, to = 0; l < labels; l++) {
    for (let from = l; from < rows.length; from += stride, to++) planes[to] = rows[from];
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
