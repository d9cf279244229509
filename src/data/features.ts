/** Feature maps beside a mask: what makes them whole, and windows of both. */
import { allocate } from "../array/dtype.ts";
import { type NdArray, ndarray } from "../array/ndarray.ts";
import type { Random } from "../array/random.ts";
import { show, sizeOf } from "../array/shape.ts";
import { flipLabels } from "../image/flip.ts";
import type { LabelMap } from "../image/image.ts";
import { padLabels } from "../image/pad.ts";
import { viewLabels, wholeView } from "../image/resize.ts";
import type { AugmentRecipe } from "./augment.ts";
import type { FeatureArray, Features } from "./sample.ts";

/** What of features is not as `Features` says: what was expected, and what is there. Null where all is. */
export function featuresProblem(features: Features): readonly [expected: string, got: string] | null {
  const { width, height, maps } = features as Partial<Features>;
  const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;
  if (!isSize(width) || !isSize(height)) return ["width and height in pixels", `${width} and ${height}`];
  if (!Array.isArray(maps) || maps.length === 0)
    return ["maps, at least one", Array.isArray(maps) ? "none" : typeof maps];
  const pictures = new Set<string>();
  const strides = new Set<number>();
  for (const { stride, values } of maps as readonly FeatureArray[]) {
    if (!isSize(stride) || strides.has(stride)) return ["strides of maps in pixels, each once", String(stride)];
    strides.add(stride);
    const { dtype, shape = [], data } = (values ?? {}) as Partial<NdArray>;
    if (dtype !== "float16" || shape.length !== 3 || data?.length !== sizeOf(shape)) {
      return ["maps of float16 [C, h, w]", `${dtype} ${show(shape)}`];
    }
    const [rows, columns] = [shape[1] * stride, shape[2] * stride];
    if (rows < height || columns < width) return [`maps of ${width}x${height} pixels`, `one of ${columns}x${rows}`];
    pictures.add(`${columns}x${rows}`);
  }
  return pictures.size === 1 ? null : ["maps of one padded picture", [...pictures].join(" and ")];
}

/** Whether half floats, given as their bits, are numbers: neither infinite nor NaN. */
export function allFiniteHalves({ data }: NdArray): boolean {
  for (let i = 0; i < data.length; i++) if ((Number(data[i]) & 0x7c00) === 0x7c00) return false;
  return true;
}

export interface FeatureWindow {
  /** Of each map, [C, cropHeight / stride, cropWidth / stride] float16. */
  readonly maps: readonly FeatureArray[];
  /** cropHeight x cropWidth; all that is padding is unlabelled. */
  readonly labels: LabelMap;
}

/**
 * A random window of features and the mask that is below it, perhaps mirrored. It begins where columns of all maps begin, so
 * no number is mixed with another. The same features, recipe and `random` give the same numbers.
 *
 * The crop's sides are multiples of every stride, and no longer than the padded picture's. mask: of the photograph, of any size.
 */
export function featureWindow(
  { width, height, maps }: Features,
  mask: LabelMap,
  { cropHeight, cropWidth, flipProbability }: Pick<AugmentRecipe, "cropHeight" | "cropWidth" | "flipProbability">,
  random: Random,
): FeatureWindow {
  const coarsest = maps.reduce((a, b) => (b.stride > a.stride ? b : a));
  const place = (cells: number, crop: number) => coarsest.stride * random.integer(cells - crop / coarsest.stride + 1);
  const [, rows, columns] = coarsest.values.shape;
  const [top, left] = [place(rows, cropHeight), place(columns, cropWidth)];
  const flipped = random.chance(flipProbability);
  const view = {
    ...{ ...wholeView(width, height), left, top },
    ...{ width: Math.min(cropWidth, width - left), height: Math.min(cropHeight, height - top) },
  };
  const labels = padLabels(viewLabels(mask, view), cropWidth, cropHeight);
  const cut = ({ stride, values }: FeatureArray): FeatureArray => {
    const cells = { top: top / stride, left: left / stride, height: cropHeight / stride, width: cropWidth / stride };
    return { stride, values: cutCells(values, cells, flipped) };
  };
  return { maps: maps.map(cut), labels: flipped ? flipLabels(labels) : labels };
}

interface Cells {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** A rectangle of each channel, mirrored left to right if so asked. x: [C, h, w] → [C, height, width]. */
function cutCells({ dtype, shape, data }: NdArray, { top, left, height, width }: Cells, flipped: boolean): NdArray {
  const [channels, rows, columns] = shape;
  const source = data as Uint16Array;
  const cut = allocate(dtype, channels * height * width) as Uint16Array;
  for (let channel = 0, to = 0; channel < channels; channel++) {
    for (let row = 0; row < height; row++, to += width) {
      const from = (channel * rows + top + row) * columns + left;
      const line = source.subarray(from, from + width);
      cut.set(line, to);
      if (flipped) cut.subarray(to, to + width).reverse();
    }
  }
  return ndarray(dtype, [channels, height, width], cut);
}
