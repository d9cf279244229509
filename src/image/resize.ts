/** Resizing on the host, and any rectangle of a resized picture without making the rest of it. */
import { InputError, problem } from "../errors.ts";
import type { Image, LabelMap } from "./image.ts";

/** A rectangle of a picture scaled to `scaledWidth` x `scaledHeight`, perhaps mirrored left to right. */
export interface View {
  readonly scaledWidth: number;
  readonly scaledHeight: number;
  /** The rectangle, in pixels of the scaled picture; it lies inside it. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly flipped: boolean;
  /** The corner pixels of the picture lie on those of the scaled one (`align_corners` true). Default: pixel centres lie at halves. */
  readonly corners?: boolean;
}

/** For each place of the view along one axis: the two pixels it lies between, and how far towards the second. */
interface Taps {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weight: Float32Array;
}

/** The view of a whole picture. */
export function wholeView(width: number, height: number): View {
  return { scaledWidth: width, scaledHeight: height, left: 0, top: 0, width, height, flipped: false };
}

/**
 * Bilinear, pixel centres at halves (`align_corners` false), edges repeated; no low-pass filter, so shrink by more than
 * two only where aliasing does no harm. image: H×W×3 → height×width×3, rounded to the nearest byte.
 */
export function resizeImage(image: Image, width: number, height: number): Image {
  return viewImage(image, wholeView(width, height));
}

/** Nearest neighbour, pixel centres at halves: labels are never mixed. labels: H×W → height×width. */
export function resizeLabels(labels: LabelMap, width: number, height: number): LabelMap {
  return viewLabels(labels, wholeView(width, height));
}

/** The pixels of `view`, bilinear; at the picture's own scale an exact copy. */
export function viewImage(image: Image, view: View): Image {
  requireInside(view);
  const { width, height } = view;
  const columns = linearTaps(image.width, view.scaledWidth, view.left, width, view);
  const rows = linearTaps(image.height, view.scaledHeight, view.top, height, { ...view, flipped: false });
  const source = image.data;
  const data = new Uint8Array(width * height * 3);
  for (let x = 0; x < width; x++) {
    columns.first[x] *= 3;
    columns.second[x] *= 3;
  }
  const { first, second, weight } = columns;
  // Two rows, interpolated along x, are kept: the next output row mostly lies between the same two or needs one more.
  let above = new Float32Array(width * 3);
  let below = new Float32Array(width * 3);
  let [rowAbove, rowBelow] = [-1, -1];
  const fill = (out: Float32Array, row: number) => {
    const base = row * image.width * 3;
    for (let x = 0, to = 0; x < width; x++, to += 3) {
      const a = base + first[x];
      const b = base + second[x];
      const w = weight[x];
      out[to] = source[a] + (source[b] - source[a]) * w;
      out[to + 1] = source[a + 1] + (source[b + 1] - source[a + 1]) * w;
      out[to + 2] = source[a + 2] + (source[b + 2] - source[a + 2]) * w;
    }
  };
  for (let y = 0, to = 0; y < height; y++) {
    if (rows.first[y] !== rowAbove) {
      if (rows.first[y] === rowBelow) {
        [above, below] = [below, above];
        [rowAbove, rowBelow] = [rowBelow, rowAbove];
      } else {
        rowAbove = rows.first[y];
        fill(above, rowAbove);
      }
    }
    if (rows.second[y] !== rowBelow) {
      rowBelow = rows.second[y];
      fill(below, rowBelow);
    }
    const w = rows.weight[y];
    for (let i = 0; i < above.length; i++, to++) data[to] = above[i] + (below[i] - above[i]) * w + 0.5;
  }
  return { width, height, data };
}

/** The labels of `view`, nearest neighbour. */
export function viewLabels({ width, height, data }: LabelMap, view: View): LabelMap {
  const { width: columns, height: rows } = view;
  return { width: columns, height: rows, data: viewNearest(data, width, height, view, new Uint8Array(columns * rows)) };
}

/** The segments' ids of `view`, nearest neighbour; ids: width · height of them, row by row. */
export function viewSegmentIds(ids: Uint32Array, width: number, height: number, view: View): Uint32Array {
  return viewNearest(ids, width, height, view, new Uint32Array(view.width * view.height));
}

function viewNearest<Values extends Uint8Array | Uint32Array>(
  source: Values,
  sourceWidth: number,
  sourceHeight: number,
  view: View,
  out: Values,
): Values {
  requireInside(view);
  const { width, height } = view;
  const columns = nearestTaps(sourceWidth, view.scaledWidth, view.left, width, view);
  const rows = nearestTaps(sourceHeight, view.scaledHeight, view.top, height, { ...view, flipped: false });
  for (let y = 0, to = 0; y < height; y++) {
    const base = rows[y] * sourceWidth;
    for (let x = 0; x < width; x++, to++) out[to] = source[base + columns[x]];
  }
  return out;
}

type Axis = Pick<View, "flipped" | "corners">;

/** Where place `place` of `scaled` lies among `size` pixels, where their corners lie on each other. */
function cornerPlace(place: number, size: number, scaled: number): number {
  return scaled === 1 ? 0 : Math.fround(place * Math.fround((size - 1) / (scaled - 1)));
}

function linearTaps(size: number, scaled: number, start: number, count: number, { flipped, corners }: Axis): Taps {
  const first = new Int32Array(count);
  const second = new Int32Array(count);
  const weight = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const place = start + (flipped ? count - 1 - i : i);
    const free = corners ? cornerPlace(place, size, scaled) : ((place + 0.5) * size) / scaled - 0.5;
    const at = Math.min(Math.max(free, 0), size - 1);
    first[i] = Math.floor(at);
    second[i] = Math.min(first[i] + 1, size - 1);
    weight[i] = at - first[i];
  }
  return { first, second, weight };
}

function nearestTaps(
  size: number,
  scaled: number,
  start: number,
  count: number,
  { flipped, corners }: Axis,
): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => {
    const place = start + (flipped ? count - 1 - i : i);
    const at = corners ? Math.round(cornerPlace(place, size, scaled)) : Math.floor(((place + 0.5) * size) / scaled);
    return Math.min(at, size - 1);
  });
}

function requireInside({ scaledWidth, scaledHeight, left, top, width, height }: View): void {
  const numbers = [scaledWidth, scaledHeight, left, top, width, height];
  const fits = left >= 0 && top >= 0 && left + width <= scaledWidth && top + height <= scaledHeight;
  if (numbers.every(Number.isInteger) && width > 0 && height > 0 && fits) return;
  const rectangle = `${width}x${height} at ${left}, ${top}`;
  throw new InputError(
    problem("view", `expected a rectangle inside ${scaledWidth}x${scaledHeight}`, rectangle, "Move or shrink it."),
  );
}
