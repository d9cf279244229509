/** Pixels by numbers of what they belong to, row by row, such as a `LabelMap`. */
export interface RegionMap {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
}

/** A place in a picture, in pixels from the centre of the first; it may lie between pixels. */
export interface Anchor {
  readonly row: number;
  readonly column: number;
}

/** Where the name of each label 0 … count − 1 is written: the mean place of its pixels; null where it has none. */
export function labelAnchors({ width, data }: RegionMap, count: number): (Anchor | null)[] {
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

/** Larger maps are looked at by every second pixel, or third, or so on: a name needs no finer place. */
const mostPixels = 1 << 20;

/**
 * Of each label the place that is farthest from all others and from the picture's edges, by steps across and down; the first of several.
 * The mean place of what surrounds something lies on that.
 */
export function innermostPlaces({ width, height, data }: RegionMap, count: number): (Anchor | null)[] {
  const step = Math.max(1, Math.ceil(Math.sqrt((width * height) / mostPixels)));
  const [columns, rows] = [Math.ceil(width / step), Math.ceil(height / step)];
  const labelAt = (row: number, column: number) =>
    row < 0 || column < 0 || row >= rows || column >= columns ? -1 : data[row * step * width + column * step];
  const steps = new Uint16Array(rows * columns);
  const reach = (row: number, column: number, label: number) =>
    labelAt(row, column) === label ? steps[row * columns + column] + 1 : 1;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const label = labelAt(row, column);
      steps[row * columns + column] = Math.min(reach(row - 1, column, label), reach(row, column - 1, label));
    }
  }
  const best = new Array<Anchor | null>(count).fill(null);
  const most = new Uint16Array(count);
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      const label = labelAt(row, column);
      const at = row * columns + column;
      steps[at] = Math.min(steps[at], reach(row + 1, column, label), reach(row, column + 1, label));
      if (label >= count || steps[at] < most[label]) continue;
      most[label] = steps[at];
      best[label] = { row: row * step, column: column * step };
    }
  }
  return best;
}
