/** Things of a segment map as COCO's instance annotation has them: run lengths, or outlines. */
import type { SegmentMap } from "../data/sample.ts";

/** `rle`: exact and short; `polygons`: what annotation tools read. */
export type InstanceForm = "rle" | "polygons";

export const instanceForms: readonly InstanceForm[] = ["rle", "polygons"];

/** COCO's compressed run lengths. */
export interface CocoRuns {
  readonly size: readonly [height: number, width: number];
  readonly counts: string;
}

/** x and y by turns, in pixels from the top left corner of the first pixel. */
export type Outline = readonly number[];

export type InstanceShape = CocoRuns | readonly Outline[];

export function instanceShape(map: SegmentMap, id: number, form: InstanceForm): InstanceShape {
  return form === "rle" ? runLengths(map, id) : outlines(map, id);
}

/** Columns from the left, each from the top: pixels outside and inside by turns, as COCO's text. */
export function runLengths({ width, height, data }: SegmentMap, id: number): CocoRuns {
  const runs: number[] = [];
  let inside = false;
  let length = 0;
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if ((data[y * width + x] === id) !== inside) {
        runs.push(length);
        inside = !inside;
        length = 0;
      }
      length++;
    }
  }
  runs.push(length);
  return { size: [height, width], counts: runsText(runs) };
}

/** From the third on a run is its difference to the one of its kind before; five bits a letter, the lowest first. */
function runsText(runs: readonly number[]): string {
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

/**
 * Along the edges of pixels, a ring for each part; parts that touch at a corner alone are apart. Holes are joined to their ring by a line
 * there and back, so that what an odd number of edges encloses is the segment, pixel for pixel.
 */
export function outlines({ width, height, data }: SegmentMap, id: number): Outline[] {
  const isIn = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] === id;
  const columns = width + 1;
  // The segment lies to the right of every edge: outer rings run clockwise, holes the other way round.
  const edges = new Map<number, number[]>();
  const addEdge = (x: number, y: number, direction: number) => {
    const at = y * columns + x;
    const there = edges.get(at);
    if (there === undefined) edges.set(at, [direction]);
    else there.push(direction);
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!isIn(x, y)) continue;
      if (!isIn(x, y - 1)) addEdge(x, y, right);
      if (!isIn(x + 1, y)) addEdge(x + 1, y, down);
      if (!isIn(x, y + 1)) addEdge(x + 1, y + 1, left);
      if (!isIn(x - 1, y)) addEdge(x, y + 1, up);
    }
  }
  const outer: number[][] = [];
  const holes: number[][] = [];
  for (const start of edges.keys()) {
    while (edges.get(start)!.length > 0) {
      const ring = ringFrom(start, edges, columns);
      (areaOf(ring) > 0 ? outer : holes).push(ring);
    }
  }
  return outer.map((ring) => {
    const own = holes.filter((hole) => ring === smallestAround(hole, outer));
    return [...ring, ...own.flatMap((hole) => [ring[0], ring[1], ...hole, hole[0], hole[1]])];
  });
}

/** Islands in holes are rings of their own. */
function smallestAround([x, y]: Outline, rings: readonly Outline[]): Outline {
  const around = rings.filter((ring) => encloses(ring, x, y));
  return around.reduce((least, ring) => (areaOf(ring) < areaOf(least) ? ring : least));
}

const [right, down, left, up] = [0, 1, 2, 3];
const stepX = [1, 0, -1, 0];
const stepY = [0, 1, 0, -1];

/** Takes the edges of one ring away; at corners where two rings meet it turns right, which keeps to one part. */
function ringFrom(start: number, edges: Map<number, number[]>, columns: number): number[] {
  const ring: number[] = [];
  let at = start;
  let last = -1;
  const [first] = edges.get(start)!;
  do {
    const open = edges.get(at)!;
    const wanted = last < 0 ? first : (last + 1) % 4;
    const index = Math.max(0, open.indexOf(wanted));
    const [direction] = open.splice(index, 1);
    if (direction !== last) ring.push(at % columns, Math.floor(at / columns));
    at += stepX[direction] + columns * stepY[direction];
    last = direction;
  } while (at !== start || edges.get(at)!.includes((last + 1) % 4));
  // The ring may have begun in the middle of a side.
  if (last === first) ring.splice(0, 2);
  return ring;
}

/** Twice the area, above 0 for rings that run clockwise. */
function areaOf(ring: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < ring.length; i += 2) {
    const next = (i + 2) % ring.length;
    sum += ring[i] * ring[next + 1] - ring[next] * ring[i + 1];
  }
  return sum;
}

/** Whether the corner (x, y) of a hole is inside, looked at from the middle of the pixel below and to the right of it. */
function encloses(ring: readonly number[], x: number, y: number): boolean {
  let inside = false;
  for (let i = 0; i < ring.length; i += 2) {
    const next = (i + 2) % ring.length;
    const [x0, y0, y1] = [ring[i], ring[i + 1], ring[next + 1]];
    if (y0 <= y + 0.5 !== y1 <= y + 0.5 && x0 > x + 0.5) inside = !inside;
  }
  return inside;
}
