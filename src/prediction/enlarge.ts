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
  labels: Uint8Array,
  size: readonly [height: number, width: number],
  where: Rectangle,
  maps: readonly ScoreMap[],
  classes: number,
): void {
  if (where.right <= where.left) return;
  if (maps.length === 1) writeOne(labels, size, where, maps[0], classes);
  else writeSum(labels, size, where, maps, classes);
}

/** Rounding moves probabilities by less than this, and larger scores by less than this share of them. */
const safeMargin = 1e-5;

/**
 * Between two columns scores run linearly, so a class that clearly wins at both wins in between, and nothing is computed
 * there: most of an enlarged image.
 */
function writeOne(
  labels: Uint8Array,
  [height, width]: readonly [number, number],
  { top, bottom, left, right }: Rectangle,
  map: ScoreMap,
  classes: number,
): void {
  const { fround } = Math;
  const { low, high, share } = places(left, right, map.width, width, map.left);
  const down = places(top, bottom, map.height, height, map.top);
  const count = right - left;
  const first = low[0];
  const last = high[count - 1];
  const tall = new Float32Array(classes * map.columns); // [K, columns]: one row between two of the map
  const winner = new Uint16Array(map.columns);
  const best = new Float32Array(map.columns);
  const second = new Float32Array(map.columns);
  for (let y = 0; y < bottom - top; y++) {
    best.fill(Number.NEGATIVE_INFINITY);
    second.fill(Number.NEGATIVE_INFINITY);
    for (let k = 0; k < classes; k++) {
      lerpRow(tall, k * map.columns, map, k, down.low[y], down.high[y], down.share[y], first, last);
      for (let x = first; x <= last; x++) {
        const value = tall[k * map.columns + x];
        if (value > best[x]) {
          second[x] = best[x];
          best[x] = value;
          winner[x] = k;
        } else if (value > second[x]) second[x] = value;
      }
    }
    for (let x = first; x <= last; x++) second[x] = (best[x] - second[x]) / Math.max(1, Math.abs(best[x]));
    const out = (top + y) * width + left;
    for (let x = 0; x < count; x++) {
      const a = low[x];
      const b = high[x];
      let label = winner[a];
      if (a !== b && (label !== winner[b] || second[a] < safeMargin || second[b] < safeMargin)) {
        let highest = Number.NEGATIVE_INFINITY;
        for (let k = 0, row = 0; k < classes; k++, row += map.columns) {
          const from = tall[row + a];
          const value = fround(from + fround(fround(tall[row + b] - from) * share[x]));
          if (value > highest) {
            highest = value;
            label = k;
          }
        }
      }
      labels[out + x] = label;
    }
  }
}

/** Scores of class k between two rows, low + (high − low) · share, columns `first` … `last`, into `out` from `at`. */
function lerpRow(
  out: Float32Array,
  at: number,
  { data, rows, columns }: ScoreMap,
  k: number,
  low: number,
  high: number,
  share: number,
  first: number,
  last: number,
): void {
  const { fround } = Math;
  const a = (k * rows + low) * columns;
  const b = (k * rows + high) * columns;
  for (let x = first; x <= last; x++) {
    const from = data[a + x];
    out[at + x] = fround(from + fround(fround(data[b + x] - from) * share));
  }
}

function writeSum(
  labels: Uint8Array,
  [height, width]: readonly [number, number],
  { top, bottom, left, right }: Rectangle,
  maps: readonly ScoreMap[],
  classes: number,
): void {
  const { fround } = Math;
  const count = right - left;
  const prepared = maps.map((map) => ({
    map,
    down: places(top, bottom, map.height, height, map.top),
    across: places(left, right, map.width, width, map.left),
    tall: new Float32Array(map.columns),
  }));
  const best = new Float32Array(count);
  const sum = new Float32Array(count);
  for (let y = 0; y < bottom - top; y++) {
    const out = (top + y) * width + left;
    for (let k = 0; k < classes; k++) {
      sum.fill(0);
      for (const { map, down, across, tall } of prepared) {
        const { low, high, share } = across;
        lerpRow(tall, 0, map, k, down.low[y], down.high[y], down.share[y], low[0], high[count - 1]);
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

/**
 * The scores themselves, the mean of `views` views, a row of a class at a time. maps as in `writeLabels`. use: `row` holds columns
 * `where.left` … `where.right` − 1 of row y; it is overwritten by the next.
 */
export function eachScoreRow(
  [height, width]: readonly [number, number],
  { top, bottom, left, right }: Rectangle,
  maps: readonly ScoreMap[],
  { classes, views }: { readonly classes: number; readonly views: number },
  use: (classIndex: number, y: number, row: Float32Array) => void,
): void {
  if (right <= left) return;
  const sum = new Float32Array(right - left);
  const prepared = maps.map((map) => ({
    map,
    down: places(top, bottom, map.height, height, map.top),
    across: places(left, right, map.width, width, map.left),
    tall: new Float32Array(map.columns),
  }));
  for (let y = 0; y < bottom - top; y++) {
    for (let k = 0; k < classes; k++) {
      sum.fill(0);
      for (const { map, down, across, tall } of prepared) {
        const { low, high, share } = across;
        lerpRow(tall, 0, map, k, down.low[y], down.high[y], down.share[y], low[0], high[sum.length - 1]);
        for (let x = 0; x < sum.length; x++) {
          const from = tall[low[x]];
          sum[x] += (from + (tall[high[x]] - from) * share[x]) / views;
        }
      }
      use(k, top + y, sum);
    }
  }
}

/** Adds a whole map, enlarged or shrunk bilinearly, to scores [K, height, width]. */
export function addEnlarged(
  into: Float32Array,
  [height, width]: readonly [number, number],
  map: ScoreMap,
  classes: number,
): void {
  const down = places(0, height, map.height, height, map.top);
  const across = places(0, width, map.width, width, map.left);
  const row = new Float32Array(map.columns);
  for (let k = 0, to = 0; k < classes; k++) {
    for (let y = 0; y < height; y++) {
      lerpRow(row, 0, map, k, down.low[y], down.high[y], down.share[y], 0, map.columns - 1);
      for (let x = 0; x < width; x++, to++) {
        const from = row[across.low[x]];
        into[to] += from + (row[across.high[x]] - from) * across.share[x];
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
