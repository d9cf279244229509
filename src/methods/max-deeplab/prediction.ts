/** A photograph's segments: the graph finds them in its view, the host brings them to the photograph's own size. */
import { type Named, type NdArray, toNumbers } from "../../array/ndarray.ts";
import type { Segment, SegmentMap } from "../../data/sample.ts";
import { InputError } from "../../errors.ts";
import { viewSegmentIds, wholeView } from "../../image/resize.ts";
import { cast } from "../../ops/index.ts";
import type { Task } from "../method.ts";
import type { Frame, PanopticModel } from "../model.ts";
import { grey } from "./augment.ts";
import { maxDeepLab } from "./network.ts";
import { panopticFromMasks } from "./postprocess.ts";
import { type MaxDeepLabRecipe, predictionSize } from "./recipe.ts";
import { classOrder, voidLabel } from "./targets.ts";

/** What ids of segments are made with: label · divisor + instance. */
export function divisorOf({ slots }: Pick<MaxDeepLabRecipe, "slots">): number {
  return Math.max(256, slots + 1);
}

export function panopticModel(recipe: MaxDeepLabRecipe, { classes }: Task): PanopticModel {
  const size = predictionSize(recipe);
  const divisor = divisorOf(recipe);
  return {
    ...{ kind: "panoptic", size, padding: grey, corners: true },
    outputs(scope, image) {
      const { maskLogits, classLogits } = maxDeepLab(scope, image, recipe, classes.length);
      const { classThreshold, pixelThreshold, thingArea, stuffArea } = recipe;
      const found = panopticFromMasks(maskLogits, classLogits, classOrder(classes), {
        ...{ classThreshold, pixelThreshold, thingArea, stuffArea, size, divisor },
      });
      return {
        /** [H, W]: id of each pixel's segment, 0 where there is none. */
        panoptic: cast(found.panoptic, "int32"),
        /** [N]: id of each slot's segment, 0 where there is none, and how sure it is of its class. */
        ids: cast(found.ids, "int32"),
        scores: found.confidence,
        /** [H, W]: share of each pixel in its slot, among those that are sure of their class. */
        confidence: found.pixelConfidence,
        /** [H, W]: label of each pixel, however unsure. */
        semantic: cast(found.semantic, "int32"),
      };
    },
    about: {
      panoptic: `int32 [h, w] of the view: id of each pixel's segment, 0 where there is none; its class is floor(id / ${divisor}) - 1, and two things of a class differ in the rest`,
      ids: "int32 [slots]: id of each slot's segment, 0 where there is none",
      scores: "float32 [slots]: how sure each slot is of its class",
      confidence: "float32 [h, w]: share of each pixel in its slot",
      semantic: "int32 [h, w]: class + 1 of each pixel, however unsure",
    },
    segments: (outputs, frame) => segmentsAt(outputs, frame, size, divisor),
    labels({ semantic }, frame) {
      const { data, ...rest } = atOwnSize(semantic, frame, size);
      return { ...rest, data: Uint8Array.from(data, (label) => label - 1) };
    },
    confidence: ({ confidence }, frame) => confidenceAt(confidence, frame, size),
  };
}

/** A view's whole numbers at the photograph's size, corner on corner, as the network resizes. map: [H, W]. */
function atOwnSize(
  map: NdArray,
  { height, width, scaledHeight, scaledWidth }: Frame,
  [, columns]: readonly [number, number],
): Pick<SegmentMap, "width" | "height" | "data"> {
  const seen = new Uint32Array(scaledHeight * scaledWidth);
  for (let y = 0, to = 0; y < scaledHeight; y++) {
    for (let x = 0; x < scaledWidth; x++, to++) seen[to] = Number(map.data[y * columns + x]);
  }
  const data = viewSegmentIds(seen, scaledWidth, scaledHeight, { ...wholeView(width, height), corners: true });
  return { width, height, data };
}

/** Of each pixel of the photograph that of the nearest one of the view. confidence: [H, W] float32. */
function confidenceAt(confidence: NdArray | undefined, frame: Frame, size: readonly [number, number]): Float32Array {
  if (confidence === undefined) {
    throw new InputError(
      "segment: expected a model that says how sure each pixel is, got one of an earlier version. Export it again.",
    );
  }
  const { shape, data } = confidence;
  // Numbers are moved, not changed: as what their bits are as whole numbers.
  const bits = new Int32Array(Float32Array.from(data, Number).buffer);
  return new Float32Array(atOwnSize({ dtype: "int32", shape, data: bits }, frame, size).data.buffer);
}

/** The segments of a view at the photograph's size. */
export function segmentsAt(
  { panoptic, ids, scores }: Named<NdArray>,
  frame: Frame,
  size: readonly [number, number],
  divisor: number,
): SegmentMap {
  const { width, height, data } = atOwnSize(panoptic, frame, size);
  const sure = new Map<number, number>();
  const confidence = toNumbers(scores);
  for (const [slot, id] of toNumbers(ids).entries()) sure.set(id, Math.max(sure.get(id) ?? 0, confidence[slot]));
  const segments = [...new Set(data)]
    .filter((id) => id !== voidLabel)
    .sort((a, b) => a - b)
    .map((id): Segment => ({ id, classIndex: Math.floor(id / divisor) - 1, crowd: false, score: sure.get(id)! }));
  return { width, height, data, segments };
}
