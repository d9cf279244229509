/** Where each label of a map is, as COCO has it: run lengths, area, box. */

/** COCO's compressed run lengths. */
export interface CocoRuns {
  readonly size: readonly [height: number, width: number];
  readonly counts: string;
}

export interface LabelRuns {
  /** Columns from the left, each from the top: pixels outside and inside by turns. */
  readonly runs: readonly number[];
  /** Pixels. */
  readonly area: number;
  /** Left, top, width, height. */
  readonly bbox: readonly [number, number, number, number];
}

/** Of every label that has a pixel, in one pass. */
export function labelRuns({
  width,
  height,
  data,
}: {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint32Array;
}): Map<number, LabelRuns> {
  const found = new Map<number, { runs: number[]; end: number; area: number; rows: [number, number]; left: number }>();
  const pixels = width * height;
  let start = 0;
  let label = data[0];
  for (let at = 1, x = 0, y = 1; at <= pixels; at++, y++) {
    if (y === height) [x, y] = [x + 1, 0];
    const next = at < pixels ? data[y * width + x] : -1;
    if (next === label) continue;
    const column = Math.floor(start / height);
    const one = found.get(label) ?? { runs: [], end: 0, area: 0, rows: [height, -1], left: column };
    found.set(label, one);
    one.runs.push(start - one.end, at - start);
    one.end = at;
    one.area += at - start;
    // A run that goes on in the next column has the last row of this one, and the first of that.
    const isWithin = column === Math.floor((at - 1) / height);
    const [top, bottom] = isWithin ? [start % height, (at - 1) % height] : [0, height - 1];
    one.rows = [Math.min(one.rows[0], top), Math.max(one.rows[1], bottom)];
    [start, label] = [at, next];
  }
  return new Map(
    [...found].map(
      ([
        label,
        {
          runs,
          end,
          area,
          rows: [top, bottom],
          left,
        },
      ]) => {
        const right = Math.floor((end - 1) / height);
        const bbox = [left, top, right - left + 1, bottom - top + 1] as const;
        return [label, { runs: end < pixels ? [...runs, pixels - end] : runs, area, bbox }];
      },
    ),
  );
}

/** COCO's text. From the third on a run is its difference to the one of its kind before; five bits a letter, the lowest first. */
export function runsText(runs: readonly number[]): string {
  let text = "";
  for (const [at, run] of runs.entries()) {
    let rest = at > 2 ? run - runs[at - 2] : run;
    let more = true;
    while (more) {
      const bits = rest & 31;
      rest >>= 5;
      more = (bits & 16) === 0 ? rest !== 0 : rest !== -1;
      text += String.fromCharCode((more ? bits | 32 : bits) + 48);
    }
  }
  return text;
}
