/** Polygons and run lengths drawn into a mask: a pixel is inside where its middle is. */

import { InputError, problem } from "../../errors.ts";
import type { LabelMap } from "../../image/image.ts";

/** x and y by turns, in pixels from the top left corner of the first pixel. */
export type Ring = readonly number[];

/** What one annotation covers. */
export type Area =
  /** Rings together: inside is what an odd number of them encloses, so that a ring in another one is a hole. */
  | { readonly rings: readonly Ring[] }
  /** Columns from the left, each from the top, as COCO has them: lengths of outside and inside by turns. */
  | { readonly runs: readonly number[]; readonly width: number; readonly height: number }
  | Patch;

/** Rows of a box from the top, each from the left: lengths of outside and inside by turns. The box may reach over the edges. */
export interface Patch {
  readonly rows: readonly number[];
  readonly left: number;
  readonly top: number;
  readonly width: number;
}

export interface Shape {
  /** Class index, or `IGNORE`. */
  readonly label: number;
  /** Disjoint parts, or one with holes. */
  readonly areas: readonly Area[];
}

/** A mask that shapes make up, the last one on top; what none covers is `fill`. */
export interface DrawnMask {
  /** The annotation. */
  readonly file: string;
  /** Where in it, for messages that begin with that; the file itself when absent. */
  readonly where?: string;
  readonly shapes: readonly Shape[];
  readonly fill: number;
  /** Of the photograph, as the annotation has it; it must be that. */
  readonly size?: { readonly width: number; readonly height: number };
  /** True: coordinates are shares of the photograph's width and height. */
  readonly scaled?: boolean;
}

/** A mask that has to be unpacked first, when its sample is read. */
export interface PackedMask {
  /** The annotation. */
  readonly file: string;
  unpack(): Promise<DrawnMask>;
}

/** inside: of each pixel of the box, row by row, whether it is more than 0. */
export function patchOf(inside: ArrayLike<number>, left: number, top: number, width: number): Patch {
  const rows = [0];
  for (let at = 0; at < inside.length; at++) {
    if (inside[at] > 0 !== (rows.length % 2 === 0)) rows.push(0);
    rows[rows.length - 1]++;
  }
  return { rows, left, top, width };
}

/** A drawn mask, and how many of its shapes cover no pixel of it: they lie outside, or are thinner than pixels. */
export interface Drawing extends LabelMap {
  readonly without: number;
}

/** Throws InputError naming the annotation where it, or run lengths in it, are of another size. */
export function drawShapes(
  { file, where = file, shapes, fill, size, scaled = false }: DrawnMask,
  width: number,
  height: number,
): Drawing {
  if (size !== undefined && (size.width !== width || size.height !== height)) {
    const remedy =
      "Shapes lie on the photograph as it is shown, turned by its EXIF orientation: label that one, or resize it.";
    const expected = `expected an annotation of the photograph's ${width}x${height} pixels`;
    throw new InputError(problem(where, expected, `one of ${size.width}x${size.height}`, remedy));
  }
  if (!scaled && width > 2 && height > 2) requirePixels(shapes, where);
  const data = new Uint8Array(width * height).fill(fill);
  const map = { width, height, data };
  let without = 0;
  for (const { label, areas } of shapes) {
    let covered = 0;
    for (const area of areas) {
      if ("rings" in area) {
        const sides = [width, height];
        const rings = scaled ? area.rings.map((ring) => ring.map((each, at) => each * sides[at % 2])) : area.rings;
        covered += fillRings(rings, label, map);
      } else if ("rows" in area) covered += fillPatch(area, label, map);
      else covered += fillRuns(area, label, map, where);
    }
    if (covered === 0 && areas.length > 0) without++;
  }
  return { ...map, without };
}

/** Throws InputError where all corners lie in the first pixel, between its edges: they are shares of the photograph's size. */
function requirePixels(shapes: readonly Shape[], where: string): void {
  const areas = shapes.flatMap((shape) => shape.areas);
  const corners = areas.flatMap((area) => ("rings" in area ? area.rings.flat() : [Number.POSITIVE_INFINITY]));
  if (corners.every((each) => each >= 0 && each <= 1) && corners.some((each) => !Number.isInteger(each))) {
    const remedy = "Multiply x by the photograph's width and y by its height.";
    throw new InputError(problem(where, "expected corners in pixels", "all of them from 0 to 1", remedy));
  }
}

/** Like those below it gives the number of pixels that are covered. */
function fillRings(rings: readonly Ring[], label: number, { width, height, data }: LabelMap): number {
  let covered = 0;
  const rows = rings.flatMap((ring) => ring.filter((_, at) => at % 2 === 1));
  const first = Math.max(0, Math.floor(rows.reduce((least, y) => Math.min(least, y), height)));
  const last = Math.min(height - 1, Math.ceil(rows.reduce((most, y) => Math.max(most, y), 0)));
  for (let row = first; row <= last; row++) {
    const y = row + 0.5;
    const crossings: number[] = [];
    for (const ring of rings) {
      for (let at = 0; at < ring.length; at += 2) {
        const next = (at + 2) % ring.length;
        const [x0, y0, x1, y1] = [ring[at], ring[at + 1], ring[next], ring[next + 1]];
        // A corner counts for the edge below it alone.
        if (y0 <= y === y1 <= y) continue;
        crossings.push(x0 + ((y - y0) * (x1 - x0)) / (y1 - y0));
      }
    }
    crossings.sort((a, b) => a - b);
    for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
      const from = Math.max(0, Math.ceil(crossings[pair] - 0.5));
      const to = Math.min(width, Math.ceil(crossings[pair + 1] - 0.5));
      if (from >= to) continue;
      data.fill(label, row * width + from, row * width + to);
      covered += to - from;
    }
  }
  return covered;
}

function fillPatch(
  { rows, left, top, width: across }: Patch,
  label: number,
  { width, height, data }: LabelMap,
): number {
  let [at, covered] = [0, 0];
  for (const [index, length] of rows.entries()) {
    for (let end = at + length; at < end; at++) {
      const [x, y] = [left + (at % across), top + Math.floor(at / across)];
      if (index % 2 === 0 || x < 0 || x >= width || y < 0 || y >= height) continue;
      data[y * width + x] = label;
      covered++;
    }
  }
  return covered;
}

function fillRuns(
  area: Extract<Area, { readonly runs: readonly number[] }>,
  label: number,
  { width, height, data }: LabelMap,
  where: string,
): number {
  if (area.width !== width || area.height !== height) {
    const expected = `expected run lengths of its image's ${width}x${height} pixels`;
    throw new InputError(problem(where, expected, `${area.width}x${area.height}`, "Correct the annotation."));
  }
  let [at, covered] = [0, 0];
  for (const [index, length] of area.runs.entries()) {
    for (let end = at + length; at < end; at++) {
      if (index % 2 === 0) continue;
      data[(at % height) * width + Math.floor(at / height)] = label;
      covered++;
    }
  }
  return covered;
}

/** COCO's compressed run lengths: digits of 5 bits with a sign, from the third run on as the difference to the last but one. */
export function decodeRuns(text: string): number[] {
  const runs: number[] = [];
  for (let at = 0; at < text.length; ) {
    let [value, shift, more, digit] = [0, 0, true, 0];
    while (more && at < text.length) {
      digit = text.charCodeAt(at++) - 48;
      value |= (digit & 0x1f) << shift;
      more = (digit & 0x20) !== 0;
      shift += 5;
    }
    if ((digit & 0x10) !== 0 && shift < 32) value |= -1 << shift;
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
  }
  return runs;
}
