import { InputError, problem } from "../errors.ts";
import type { Rectangle } from "./crop.ts";
import type { Image } from "./image.ts";

/** For each place along one axis: its first source pixel and `size` weights from there on, which sum to 1. */
interface Filter {
  readonly first: Int32Array;
  readonly size: number;
  readonly weights: Float64Array;
}

/**
 * A rectangle of a picture as width x height pixels, bilinear with a low-pass filter where it shrinks, as Pillow and torchvision
 * resize (a triangle as wide as the shrinking asks for; what lies outside the rectangle is not read); across, then down, each
 * rounded to bytes. Throws InputError where the rectangle is not inside.
 */
export function resampleImage(image: Image, rectangle: Rectangle, width: number, height: number): Image {
  requireInside(rectangle, image);
  const { data } = image;
  const columns = triangles(rectangle.width, width);
  const rows = triangles(rectangle.height, height);
  const across = new Uint8Array(rectangle.height * width * 3);
  for (let y = 0, to = 0; y < rectangle.height; y++) {
    const base = ((y + rectangle.top) * image.width + rectangle.left) * 3;
    for (let x = 0; x < width; x++, to += 3) {
      let red = 0.5;
      let green = 0.5;
      let blue = 0.5;
      let from = base + columns.first[x] * 3;
      for (let i = x * columns.size; i < (x + 1) * columns.size; i++, from += 3) {
        const weight = columns.weights[i];
        if (weight === 0) break; // padding, which may lie outside
        red += weight * data[from];
        green += weight * data[from + 1];
        blue += weight * data[from + 2];
      }
      across[to] = red;
      across[to + 1] = green;
      across[to + 2] = blue;
    }
  }
  const row = width * 3;
  const down = new Uint8Array(height * row);
  const line = new Float64Array(row);
  for (let y = 0; y < height; y++) {
    line.fill(0.5);
    let from = rows.first[y] * row;
    for (let i = y * rows.size; i < (y + 1) * rows.size; i++, from += row) {
      const weight = rows.weights[i];
      if (weight === 0) break;
      for (let x = 0; x < row; x++) line[x] += weight * across[from + x];
    }
    down.set(line, y * row);
  }
  return { width, height, data: down };
}

/** Weights of a triangle around each place's centre: one source pixel to each side, more where `count` is less than `size`. */
function triangles(source: number, count: number): Filter {
  const scale = source / count;
  const reach = Math.max(scale, 1);
  const size = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(count);
  const weights = new Float64Array(count * size);
  for (let place = 0; place < count; place++) {
    const center = (place + 0.5) * scale;
    const start = Math.max(0, Math.floor(center - reach + 0.5));
    const end = Math.min(source, Math.floor(center + reach + 0.5));
    const own = weights.subarray(place * size, (place + 1) * size);
    let total = 0;
    for (let i = start; i < end; i++) {
      own[i - start] = Math.max(0, 1 - Math.abs(i + 0.5 - center) / reach);
      total += own[i - start];
    }
    // A triangle may end exactly on a pixel's centre, whose weight is then 0: weights above 0 stand together from the front.
    const empty = own[0] === 0 ? 1 : 0;
    own.copyWithin(0, empty);
    if (empty > 0) own[size - 1] = 0;
    first[place] = start + empty;
    for (let i = 0; i < size; i++) own[i] /= total;
  }
  return { first, size, weights };
}

function requireInside({ left, top, width, height }: Rectangle, image: Image): void {
  const fits = left >= 0 && top >= 0 && left + width <= image.width && top + height <= image.height;
  if ([left, top, width, height].every(Number.isInteger) && width > 0 && height > 0 && fits) return;
  const rectangle = `${width}x${height} at ${left}, ${top}`;
  throw new InputError(
    problem("resample", `expected a rectangle inside ${image.width}x${image.height}`, rectangle, "Move or shrink it."),
  );
}
