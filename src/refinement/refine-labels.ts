/** Label maps made better by a dense CRF. */
import { type NdArray, ndarray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { IGNORE, type Image, type LabelMap } from "../image/image.ts";
import type { CrfSettings } from "./crf-settings.ts";
import { denseCrf } from "./dense-crf.ts";

/**
 * How sure labels are unless someone says otherwise. Measured: with less, the published weights, made for a network's softer
 * probabilities, take more from masks than they give (docs/refinement.md).
 */
export const defaultCertainty = 0.9;

/**
 * Scores of hard labels: `certainty` for the label that a pixel has, the rest shared by the other labels of the map; pixels that
 * are `IGNORE` know nothing. labels: the values that the map has, ascending, without `IGNORE`; scores: [labels, h, w], summing to
 * 1. certainty: above 0, at most 1; throws InputError otherwise.
 */
export function scoresOfLabels(
  { width, height, data }: LabelMap,
  certainty = defaultCertainty,
): { readonly labels: readonly number[]; readonly scores: NdArray } {
  if (!(certainty > 0 && certainty <= 1)) {
    throw new InputError(
      `dense CRF: expected a certainty of labels above 0 and at most 1, got ${certainty}. Use ${defaultCertainty}.`,
    );
  }
  const labels = [...new Set(data)].filter((label) => label !== IGNORE).sort((a, b) => a - b);
  const pixels = width * height;
  const rest = labels.length > 1 ? (1 - certainty) / (labels.length - 1) : 1;
  const scores = new Float32Array(labels.length * pixels);
  for (const [index, label] of labels.entries()) {
    const own = labels.length > 1 ? certainty : 1;
    for (let i = 0; i < pixels; i++) {
      scores[index * pixels + i] = data[i] === label ? own : data[i] === IGNORE ? 1 / labels.length : rest;
    }
  }
  return { labels, scores: ndarray("float32", [labels.length, height, width], scores) };
}

/**
 * The most likely labels of each pixel, of those that the map has. Pixels that are `IGNORE` get one, unless all of them are. Throws
 * InputError as `denseCrf` does.
 */
export function refineLabels(map: LabelMap, image: Image, settings: CrfSettings, certainty?: number): LabelMap {
  const { labels, scores } = scoresOfLabels(map, certainty);
  if (labels.length === 0) return map;
  const best = likeliest(denseCrf(scores, image, settings));
  return { ...best, data: best.data.map((index) => labels[index]) };
}

/** The index of the largest score at each pixel; the lowest wins ties. scores: [K, h, w], K up to 255. */
export function likeliest({ shape: [labels, height, width], data }: NdArray): LabelMap {
  const pixels = height * width;
  const best = new Uint8Array(pixels);
  for (let l = 1; l < labels; l++) {
    for (let i = 0; i < pixels; i++) if (data[l * pixels + i] > data[best[i] * pixels + i]) best[i] = l;
  }
  return { width, height, data: best };
}
