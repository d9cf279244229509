/** Moving, turning and shearing, as Pillow's `Image.transform` and `Image.rotate` define them. */
import type { Color, Image } from "./image.ts";

/** Where a point (x, y) of the result lies in the source: (a x + b y + c, d x + e y + f), pixels, (0, 0) the top left corner. */
export type AffineMap = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/**
 * A picture of the same size, whose pixels are looked up in `image` at `map` of their centres: bilinear, edges repeated over half
 * a pixel, cut to whole numbers. What lies outside is `fill`.
 */
export function affineImage({ width, height, data }: Image, [a, b, c, d, e, f]: AffineMap, fill: Color): Image {
  const out = new Uint8Array(data.length);
  const row = width * 3;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      const sourceX = a * (x + 0.5) + b * (y + 0.5) + c;
      const sourceY = d * (x + 0.5) + e * (y + 0.5) + f;
      if (!(sourceX >= 0 && sourceX < width && sourceY >= 0 && sourceY < height)) {
        out[to] = fill[0];
        out[to + 1] = fill[1];
        out[to + 2] = fill[2];
        continue;
      }
      const column = Math.floor(sourceX - 0.5);
      const line = Math.floor(sourceY - 0.5);
      const dx = sourceX - 0.5 - column;
      const dy = sourceY - 0.5 - line;
      const left = Math.max(column, 0) * 3;
      const right = Math.min(column + 1, width - 1) * 3;
      const above = Math.max(line, 0) * row;
      const below = Math.min(line + 1, height - 1) * row;
      for (let channel = 0; channel < 3; channel++) {
        const first = data[above + left + channel];
        const second = data[below + left + channel];
        const upper = first + (data[above + right + channel] - first) * dx;
        const lower = second + (data[below + right + channel] - second) * dx;
        out[to + channel] = upper + (lower - upper) * dy;
      }
    }
  }
  return { width, height, data: out };
}

/** Turned counter-clockwise about its middle; corners that come from outside are `fill`. */
export function rotateImage(image: Image, degrees: number, fill: Color): Image {
  const angle = (-degrees * Math.PI) / 180;
  const [cosine, sine] = [rounded(Math.cos(angle)), rounded(Math.sin(angle))];
  const [x, y] = [image.width / 2, image.height / 2];
  return affineImage(image, [cosine, sine, x - cosine * x - sine * y, -sine, cosine, y + sine * x - cosine * y], fill);
}

/** To 15 digits, as Pillow does: quarter turns move pixels exactly onto pixels. */
function rounded(value: number): number {
  return Math.round(value * 1e15) / 1e15;
}
