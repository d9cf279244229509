/** Pictures of a few groups alone: the rest of the photograph goes to them (an unused routine of the authors' code). */

/** A map whose last axis is groups: numbers of a pixel next to each other, row by row. */
export interface PixelGroups {
  readonly width: number;
  readonly height: number;
  /** How much of the whole map each group has. */
  readonly weights: ArrayLike<number>;
  /** The group of each pixel. */
  readonly groups: ArrayLike<number>;
}

/**
 * For each pixel the one whose group it takes where only the `count` groups with the largest weights are kept, the lowest of equal ones:
 * itself if its group is kept, else the nearest pixel whose group is, the first of several. Where no pixel has a kept group, each
 * takes its own.
 */
export function pixelsOfLargest({ width, height, weights, groups }: PixelGroups, count: number): Int32Array {
  const order = Array.from(weights, (weight, group) => ({ weight, group })).sort((a, b) => b.weight - a.weight);
  const kept = new Set(order.slice(0, count).map(({ group }) => group));
  const nearest = nearestOfColumns(width, height, (pixel) => kept.has(groups[pixel]));
  const found = new Int32Array(width * height);
  for (let pixel = 0, y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel++) found[pixel] = nearestOfRow(nearest, width, x, y);
  }
  return found;
}

/** For each pixel the nearest kept one of its column, the upper of two; −1 where the column has none. */
function nearestOfColumns(width: number, height: number, isKept: (pixel: number) => boolean): Int32Array {
  const nearest = new Int32Array(width * height).fill(-1);
  for (let x = 0; x < width; x++) {
    let above = -1;
    for (let pixel = x; pixel < nearest.length; pixel += width) {
      if (isKept(pixel)) above = pixel;
      nearest[pixel] = above;
    }
    let below = -1;
    for (let pixel = (height - 1) * width + x; pixel >= 0; pixel -= width) {
      if (isKept(pixel)) below = pixel;
      if (below >= 0 && (nearest[pixel] < 0 || below - pixel < pixel - nearest[pixel])) nearest[pixel] = below;
    }
  }
  return nearest;
}

/** Of what the columns of a row have nearest, the nearest to its pixel x: columns are looked at outwards until none can be nearer. */
function nearestOfRow(nearest: Int32Array, width: number, x: number, y: number): number {
  const row = y * width;
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let across = 0; across < width && across * across <= least; across++) {
    for (const column of [x - across, x + across]) {
      const pixel = column >= 0 && column < width ? nearest[row + column] : -1;
      if (pixel < 0) continue;
      const distance = across * across + (Math.floor(pixel / width) - y) ** 2;
      if (distance > least || (distance === least && pixel >= best)) continue;
      [best, least] = [pixel, distance];
    }
  }
  return best < 0 ? row + x : best;
}
