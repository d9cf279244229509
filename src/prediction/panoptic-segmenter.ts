/** Photographs to segments, with a panoptic model: its graph on the view, its own code on the outputs. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { maskOf } from "../data/labels.ts";
import type { SegmentMap } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { IGNORE, type Image } from "../image/image.ts";
import type { Frame, PanopticModel } from "../methods/model.ts";
import type { ModelCard } from "./model.ts";
import { outputPrefix } from "./pipeline/assemble.ts";
import type { PipelinePrograms } from "./programs.ts";
import type { Segmentation, SegmentOptions } from "./segmentation.ts";
import { fittedShortSide, workingSize } from "./windows.ts";

/** Throws InputError for options of semantic models: scales, mirror images, windows. */
export async function segmentPanoptic(
  programs: PipelinePrograms,
  { classes }: ModelCard,
  model: PanopticModel,
  image: Image,
  { shortSide, scales, flip, windows }: SegmentOptions,
): Promise<Segmentation> {
  const asked = Object.entries({ shortSide, scales, flip: flip || undefined, windows }).find(
    ([, value]) => value !== undefined,
  );
  if (asked !== undefined) {
    throw new InputError(
      `segment: a panoptic model sees the whole photograph in one view of its own size, got ${asked[0]}. Leave it out.`,
    );
  }
  const { height, width } = image;
  const fitted = fittedShortSide(height, width, model.size);
  const [rows, columns] = workingSize(height, width, fitted);
  const [scaledHeight, scaledWidth] = [Math.min(rows, model.size[0]), Math.min(columns, model.size[1])];
  const found = await programs.run(image, fitted, null);
  const outputs = Object.entries(found).map(([name, value]) => [name.slice(outputPrefix.length), value]);
  const frame: Frame = { height, width, scaledHeight, scaledWidth };
  const panoptic = model.segments(Object.fromEntries(outputs) as Named<NdArray>, frame);
  requireSegments(panoptic, frame, classes.length);
  const labels = maskOf(panoptic);
  const areas = new Array<number>(classes.length).fill(0);
  for (const label of labels.data) if (label !== IGNORE) areas[label]++;
  return { labels, areas, panoptic };
}

/** What a method gives is checked where it is given: a wrong map would be written to many files. */
function requireSegments({ width, height, data, segments }: SegmentMap, frame: Frame, classes: number): void {
  const fail = (expected: string, got: string): never => {
    throw new Error(`segments: expected ${expected}, got ${got}.`);
  };
  if (width !== frame.width || height !== frame.height || data.length !== width * height) {
    fail(`a map of ${frame.width}x${frame.height}`, `one of ${width}x${height} with ${data.length} pixels`);
  }
  const ids = new Set(segments.map(({ id }) => id));
  if (ids.size !== segments.length || ids.has(0))
    fail("ids above 0, each once", [...segments.map(({ id }) => id)].join());
  const wrong = segments.find(({ classIndex }) => !(classIndex >= 0 && classIndex < classes));
  if (wrong !== undefined) fail(`a class below ${classes}`, `${wrong.classIndex}`);
  let last = 0;
  for (const id of data) {
    if (id === last) continue;
    last = id;
    if (id !== 0 && !ids.has(id)) fail("ids of its segments in the map", `${id}`);
  }
}
