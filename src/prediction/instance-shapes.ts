/** Things of a segment map as COCO's instance annotation has them: run lengths, or outlines. */
import type { SegmentMap } from "../data/sample.ts";
import { outlinesOf } from "../image/outlines.ts";

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

/**
 * Along the edges of pixels, a ring for each part; parts that touch at a corner alone are apart. Holes are joined to their ring by a line
 * there and back, so that what an odd number of edges encloses is the segment, pixel for pixel.
 */
export function outlines({ width, height, data }: SegmentMap, id: number): Outline[] {
  return outlinesOf(width, height, data, (label) => label !== id).map(({ outer, holes }) => [
    ...outer,
    ...holes.flatMap((hole) => [outer[0], outer[1], ...hole, hole[0], hole[1]]),
  ]);
}
