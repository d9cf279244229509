/** Things of a segment map as COCO's instance annotation has them: run lengths, or outlines. */
import type { SegmentMap } from "../data/sample.ts";
import { outlinesOf } from "../image/outlines.ts";
import { type CocoRuns, type LabelRuns, runsText } from "./label-runs.ts";

/** `rle`: exact and short; `polygons`: what annotation tools read. */
export type InstanceForm = "rle" | "polygons";

export const instanceForms: readonly InstanceForm[] = ["rle", "polygons"];

/** x and y by turns, in pixels from the top left corner of the first pixel. */
export type Outline = readonly number[];

export type InstanceShape = CocoRuns | readonly Outline[];

/** The shape of one segment, whose runs are known. */
export function instanceShape(
  map: SegmentMap,
  id: number,
  { runs }: Pick<LabelRuns, "runs">,
  form: InstanceForm,
): InstanceShape {
  return form === "rle" ? { size: [map.height, map.width], counts: runsText(runs) } : outlines(map, id);
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
