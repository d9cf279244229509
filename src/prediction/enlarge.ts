/** From class scores to labels at the photograph's size on the host, with the arithmetic of the pipeline's graph. */

/** Class scores of an image, or of a part of it. */
export interface ScoreMap {
  /** Size of the whole working image that the photograph was scaled to. */
  readonly height: number;
  readonly width: number;
  /** Where the part at hand starts in it, and its sides. */
  readonly top: number;
  readonly left: number;
  readonly rows: number;
  readonly columns: number;
  /** [K, rows, columns]. */
  readonly data: Float32Array;
}

/** A rectangle of the photograph: rows `top` … `bottom` − 1, columns `left` … `right` − 1. */
export interface Rectangle {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

interface Places {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly share: Float32Array;
}

/** Half-pixel centres: x = (X + ½) · from / to − ½, kept within the axis; positions relative to `offset`. */
function places(begin: number, end: number, from: number, to: number, offset: number): Places {
  const low = new Int32Array(end - begin);
  const high = new Int32Array(end - begin);
  const share = new Float32Array(end - begin);
  const scale = from / to;
  for (let i = 0; i < low.length; i++) {
    const centre = Math.min(Math.max((begin + i + 0.5) * scale - 0.5, 0), from - 1);
    const floor = Math.floor(centre);
    low[i] = floor - offset;
    high[i] = Math.min(floor + 1, from - 1) - offset;
    share[i] = centre - floor;
  }
  return { low, high, share };
}

/** First of `to` output pixels whose lower neighbour among `from` is `pixel` or later; `to` when there is none. */
export function firstOutput(pixel: number, from: number, to: number): number {
  if (pixel <= 0) return 0;
  if (pixel >= from) return to;
  const scale = from / to;
  const lowOf = (i: number) => Math.floor(Math.min(Math.max((i + 0.5) * scale - 0.5, 0), from - 1));
  let output = Math.max(0, Math.min(to, Math.ceil((pixel + 0.5) / scale - 0.5)) - 2);
  while (output < to && lowOf(output) < pixel) output++;
  return output;
}

/**
 * Writes the class of the largest sum of scores, enlarged bilinearly, into `labels` [height, width] within `where`.
 * The lowest class wins ties. maps: scores of the same photograph at one or more working sizes, covering `where`.
 */
export function writeLabels(
  labels: Uint8Array | Uint16Array,
  [height, width]: readonly [number, number],
  where: Rectangle,
  maps: readonly ScoreMap[],
  classes: number,
): void {
  const { top, bottom, left, right } = where;
  const { fround } = Math;
  const count = right - left;
  const prepared = maps.map((map) => ({
    map,
    rows: places(top, bottom, map.height, height, map.top),
    columns: places(left, right, map.width, width, map.left),
    tall: new Float32Array(map.columns),
  }));
  const best = new Float32Array(count);
  const sum = new Float32Array(count);
  for (let y = 0; y < bottom - top; y++) {
    const out = (top + y) * width + left;
    for (let k = 0; k < classes; k++) {
      sum.fill(0);
      for (const { map, rows, columns, tall } of prepared) {
        const { data } = map;
        const plane = k * map.rows * map.columns;
        const a = plane + rows.low[y] * map.columns;
        const b = plane + rows.high[y] * map.columns;
        const down = rows.share[y];
        for (let x = columns.low[0]; x <= columns.high[count - 1]; x++) {
          tall[x] = fround(data[a + x] + fround(fround(data[b + x] - data[a + x]) * down));
        }
        const { low, high, share } = columns;
        for (let x = 0; x < count; x++) {
          const from = tall[low[x]];
          sum[x] = fround(sum[x] + fround(from + fround(fround(tall[high[x]] - from) * share[x])));
        }
      }
      for (let x = 0; x < count; x++) {
        if (k > 0 && sum[x] <= best[x]) continue;
        best[x] = sum[x];
        labels[out + x] = k;
      }
    }
  }
}

/** Mirrors scores [K, rows, columns] left to right and adds them to `into`, both of the same sizes. */
export function addMirrored(into: Float32Array, data: Float32Array, columns: number): void {
  for (let row = 0; row < data.length; row += columns) {
    for (let x = 0; x < columns; x++) into[row + x] += data[row + columns - 1 - x];
  }
}

/** The photograph's pixels that the used part of a map decides. */
export function outputOf(used: Rectangle, map: ScoreMap, height: number, width: number): Rectangle {
  return {
    top: firstOutput(used.top, map.height, height),
    bottom: firstOutput(used.bottom, map.height, height),
    left: firstOutput(used.left, map.width, width),
    right: firstOutput(used.right, map.width, width),
  };
}
