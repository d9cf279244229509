import { IGNORE } from "../image/image.ts";

/**
 * Unlabels a band along every edge between two segments, as annotators of photographs do: `labels` become ignored and
 * `segmentMap` void (0) wherever another segment lies within `width` pixels along a row or a column. Writes in place.
 */
export function unlabelBorders(
  labels: Uint8Array,
  segmentMap: Uint32Array,
  size: { readonly width: number; readonly height: number },
  width: number,
): void {
  const before = segmentMap.slice();
  const { width: columns, height: rows } = size;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const at = y * columns + x;
      const own = before[at];
      for (let step = 1; step <= width; step++) {
        const apart =
          (x >= step && before[at - step] !== own) ||
          (x + step < columns && before[at + step] !== own) ||
          (y >= step && before[at - step * columns] !== own) ||
          (y + step < rows && before[at + step * columns] !== own);
        if (!apart) continue;
        labels[at] = IGNORE;
        segmentMap[at] = 0;
        break;
      }
    }
  }
}
