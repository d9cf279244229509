/** Photographs to segments, with a panoptic model: its graph on the view, its own code on the outputs. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { maskOf } from "../data/labels.ts";
import { InputError } from "../errors.ts";
import { IGNORE, type Image } from "../image/image.ts";
import { requireSegments } from "../methods/check-labels.ts";
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
  { shortSide, scales, flip, windows, crf, detail }: SegmentOptions,
): Promise<Segmentation> {
  const asked = Object.entries({ shortSide, scales, flip: flip || undefined, windows, crf }).find(
    ([, value]) => value !== undefined,
  );
  if (asked !== undefined) {
    throw new InputError(
      `segment: a panoptic model sees the whole photograph in one view of its own size, got ${asked[0]}. Leave it out.`,
    );
  }
  if (detail === "probabilities" || (detail === "confidence" && model.confidence === undefined)) {
    const remedy = model.confidence === undefined ? "Leave it out." : "Ask for the confidence.";
    throw new InputError(
      `segment: expected a model that gives ${detail} of every pixel, got a panoptic one. ${remedy}`,
    );
  }
  const { height, width } = image;
  const fitted = fittedShortSide(height, width, model.size);
  const [rows, columns] = workingSize(height, width, fitted);
  const [scaledHeight, scaledWidth] = [Math.min(rows, model.size[0]), Math.min(columns, model.size[1])];
  const found = await programs.run(image, fitted, null);
  const outputs = Object.entries(found).map(([name, value]) => [name.slice(outputPrefix.length), value]);
  const frame: Frame = { height, width, scaledHeight, scaledWidth };
  const values = Object.fromEntries(outputs) as Named<NdArray>;
  const made = model.segments(values, frame);
  const panoptic = requireSegments(made, { height, width, classes: classes.length }, "segments of the method");
  const labels = maskOf(panoptic);
  const areas = new Array<number>(classes.length).fill(0);
  for (const label of labels.data) if (label !== IGNORE) areas[label]++;
  const readOut = model.labels?.(values, frame);
  const confidence = detail === "confidence" ? model.confidence?.(values, frame) : undefined;
  return { labels, areas, panoptic, ...(readOut && { readOut }), ...(confidence && { confidence }) };
}
