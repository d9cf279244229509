/** Regions of a label map as polygons along the edges of pixels: exact, with holes. */

export interface Region {
  readonly label: number;
  /** Pixels, without holes. */
  readonly pixels: number;
  /** Corners as x and y by turns, clockwise as pictures are seen; the last is joined to the first. */
  readonly outer: readonly number[];
  /** The same, the other way round. */
  readonly holes: readonly (readonly number[])[];
}

/**
 * data: [height, width] → its regions of one label whose pixels are joined by their sides, in the order of their first pixel; those of
 * `without` are left out. A pixel that touches a region at a corner alone is not of it, so no outline touches itself but in corners.
 */
export function outlinesOf(
  width: number,
  height: number,
  data: ArrayLike<number>,
  without: (label: number) => boolean = () => false,
): Region[] {
  const regionOf = regionsOf(width, height, data);
  const found = new Map<number, { label: number; pixels: number; outer: number[]; holes: number[][] }>();
  for (let at = 0; at < data.length; at++) {
    if (without(data[at])) continue;
    const region = found.get(regionOf[at]);
    if (region !== undefined) region.pixels++;
    else found.set(regionOf[at], { label: data[at], pixels: 1, outer: [], holes: [] });
  }
  // Every outline has an upper edge of a pixel; those that were walked along are done.
  const done = new Uint8Array(data.length);
  for (let at = 0; at < data.length; at++) {
    const isUpperEdge = at < width || data[at - width] !== data[at];
    const region = isUpperEdge && done[at] === 0 ? found.get(regionOf[at]) : undefined;
    if (region === undefined) continue;
    const ring = walk(at % width, Math.floor(at / width), { width, height, data }, done);
    if (area(ring) > 0) region.outer = ring;
    else region.holes.push(ring);
  }
  return [...found.values()];
}

/** For each pixel the place of one pixel of its region, the same for all of it. */
function regionsOf(width: number, height: number, data: ArrayLike<number>): Int32Array {
  const parent = Int32Array.from({ length: width * height }, (_, at) => at);
  const rootOf = (start: number): number => {
    let at = start;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]];
      at = parent[at];
    }
    return at;
  };
  const join = (a: number, b: number) => {
    const [one, other] = [rootOf(a), rootOf(b)];
    if (one < other) parent[other] = one;
    else parent[one] = other;
  };
  for (let at = 0; at < data.length; at++) {
    if (at % width > 0 && data[at - 1] === data[at]) join(at - 1, at);
    if (at >= width && data[at - width] === data[at]) join(at - width, at);
  }
  for (let at = 0; at < parent.length; at++) parent[at] = rootOf(at);
  return parent;
}

/** Right, down, left, up. */
const steps = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;
/** From the corner that is reached, going so: the pixel ahead on the right, and on the left. */
const ahead = [
  [0, 0, 0, -1],
  [-1, 0, 0, 0],
  [-1, -1, -1, 0],
  [0, -1, -1, -1],
] as const;

/** Along the edge of the region of pixel (x0, y0), which is on the right, from its upper left corner. */
function walk(
  x0: number,
  y0: number,
  { width, height, data }: { readonly width: number; readonly height: number; readonly data: ArrayLike<number> },
  done: Uint8Array,
): number[] {
  const label = data[y0 * width + x0];
  const isInside = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] === label;
  const corners: number[] = [];
  let [x, y, direction] = [x0, y0, 0];
  do {
    if (direction === 0) done[y * width + x] = 1;
    x += steps[direction][0];
    y += steps[direction][1];
    const [rightX, rightY, leftX, leftY] = ahead[direction];
    const turn = !isInside(x + rightX, y + rightY) ? 1 : isInside(x + leftX, y + leftY) ? 3 : 0;
    if (turn !== 0) corners.push(x, y);
    direction = (direction + turn) % 4;
  } while (x !== x0 || y !== y0 || direction !== 0);
  // The corner that it began with was reached last.
  return [...corners.slice(-2), ...corners.slice(0, -2)];
}

/** Above 0 where a ring turns clockwise as pictures are seen. */
function area(ring: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < ring.length; at += 2) {
    const next = (at + 2) % ring.length;
    sum += ring[at] * ring[next + 1] - ring[next] * ring[at + 1];
  }
  return sum / 2;
}
