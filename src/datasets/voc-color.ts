import type { Color } from "../image/image.ts";

/** The colour map of PASCAL VOC: the bits of the index, three at a time, from the highest bit of red, green and blue down. */
export function vocColor(index: number): Color {
  const color: [number, number, number] = [0, 0, 0];
  for (let bit = 0; bit < 8; bit++) {
    for (let channel = 0; channel < 3; channel++) {
      color[channel] |= ((index >> (3 * bit + channel)) & 1) << (7 - bit);
    }
  }
  return color;
}
