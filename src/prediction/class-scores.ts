/** How sure a semantic model is of what it found: for each class the mean of its scores where they are the largest. */
import type { Rectangle, ScoreMap } from "./enlarge.ts";

export interface ClassScores {
  /** used: the part of the map that counts, in pixels of the working image. */
  add(map: ScoreMap, used?: Rectangle): void;
  /** In order of class index; null where a class is nowhere the largest. */
  means(): (number | null)[];
}

/** Counts pixels of the working image; of several scales, those of each. Of equal scores the first class counts, as for labels. */
export function classScoresOf(classes: number): ClassScores {
  const sums = new Float64Array(classes);
  const pixels = new Float64Array(classes);
  return {
    add({ top, left, rows, columns, data }, used = { top, left, bottom: top + rows, right: left + columns }) {
      const plane = rows * columns;
      for (let y = used.top - top; y < used.bottom - top; y++) {
        for (let x = used.left - left; x < used.right - left; x++) {
          const at = y * columns + x;
          let best = 0;
          for (let k = 1; k < classes; k++) if (data[k * plane + at] > data[best * plane + at]) best = k;
          sums[best] += data[best * plane + at];
          pixels[best]++;
        }
      }
    },
    means: () => Array.from(sums, (sum, k) => (pixels[k] === 0 ? null : sum / pixels[k])),
  };
}
