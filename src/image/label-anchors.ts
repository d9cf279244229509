import type { LabelMap } from "./image.ts";

/** A place in a picture, in pixels from the centre of the first; it may lie between pixels. */
export interface Anchor {
  readonly row: number;
  readonly column: number;
}

/** Where the name of each label 0 … count − 1 is written: the mean place of its pixels; null where it has none. */
export function labelAnchors({ width, data }: LabelMap, count: number): (Anchor | null)[] {
  const pixels = new Float64Array(count);
  const rows = new Float64Array(count);
  const columns = new Float64Array(count);
  for (let i = 0; i < data.length; i++) {
    const label = data[i];
    if (label >= count) continue;
    pixels[label]++;
    rows[label] += Math.floor(i / width);
    columns[label] += i % width;
  }
  return Array.from(pixels, (of, label) => (of === 0 ? null : { row: rows[label] / of, column: columns[label] / of }));
}
