/** What a step of the pair, or a look at it, sees of a photograph: a global view, local ones in it, and where these lie. */
import { float32, fromNumbers, type Named, type NdArray, ndarray } from "../../array/ndarray.ts";
import type { Random } from "../../array/random.ts";
import { distortColors } from "../../data/photometric.ts";
import type { Sample } from "../../data/sample.ts";
import { InputError } from "../../errors.ts";
import { cropImage, cropLabels } from "../../image/crop.ts";
import type { LabelMap } from "../../image/image.ts";
import { padImage, padLabels } from "../../image/pad.ts";
import { pillowResize } from "../../image/pillow-resize.ts";
import { resizeLabels } from "../../image/resize.ts";
import type { Stage } from "../stage.ts";
import type { L2GRecipe } from "./recipe.ts";
import { boxesOf } from "./views.ts";

/** Labels that the pair learns from: where the fallback is the paper's, photographs may lack saliency. */
export function pairSources({ saliency, saliencyFallback }: L2GRecipe): Pick<Stage, "learnsFrom" | "alsoReads"> {
  if (!saliency) return { learnsFrom: ["tags"] };
  if (saliencyFallback === "paper") return { learnsFrom: ["tags"], alsoReads: ["saliency"] };
  return { learnsFrom: ["tags", "saliency"] };
}

/**
 * image [S, S, 3] and views [V, s, s, 3] uint8; boxes [V, 4], pixels of the image; tags [C], 0 or 1; saliency [V, 1, s, s] in [0, 1] where the
 * recipe takes it; mask [S, S] uint8 where that is asked for and there is one. A photograph without saliency has an empty one where the fallback is the paper's; else throws InputError.
 */
export function preparedViews(
  sample: Sample,
  recipe: L2GRecipe,
  foreground: readonly number[],
  random: Random,
  { withMask = false } = {},
): Named<NdArray> {
  const { shortSide, viewSize, localSize, views, sampler, photometric, releaseCropBug } = recipe;
  const scale = shortSide / Math.min(sample.image.width, sample.image.height);
  const [width, height] = [sample.image.width, sample.image.height].map((side) => Math.round(side * scale));
  const stream = random.fork("view");
  const [columns, rows] = releaseCropBug ? [height, width] : [width, height];
  const square = {
    left: stream.integer(columns - viewSize + 1),
    top: stream.integer(rows - viewSize + 1),
    ...{ width: viewSize, height: viewSize },
  };
  // Beyond the photograph it is black.
  const [right, bottom] = [square.left + viewSize, square.top + viewSize];
  const resized = padImage(pillowResize(sample.image, [width, height], "bicubic"), right, bottom, [0, 0, 0]);
  const view = cropImage(resized, square);
  distortColors(view, photometric, random.fork("colors"));
  const boxes = boxesOf({ sampler, size: viewSize, crop: localSize, count: views }, random.fork("boxes"));
  const rectangle = ([left, top]: readonly number[]) => ({ left, top, width: localSize, height: localSize });
  const local = new Uint8Array(views * localSize * localSize * 3);
  boxes.forEach((box, i) => {
    local.set(cropImage(view, rectangle(box)).data, i * localSize * localSize * 3);
  });
  const named = new Set(sample.labels.tags ?? []);
  const inView = (labels: LabelMap, beyond?: number) =>
    cropLabels(padLabels(resizeLabels(labels, width, height), right, bottom, beyond), square);
  const { mask } = sample.labels;
  const arrays = {
    image: ndarray("uint8", [viewSize, viewSize, 3], view.data),
    views: ndarray("uint8", [views, localSize, localSize, 3], local),
    boxes: fromNumbers("float32", [views, 4], boxes.flat()),
    tags: fromNumbers(
      "float32",
      [foreground.length],
      foreground.map((index) => (named.has(index) ? 1 : 0)),
    ),
    ...(withMask && mask && { mask: ndarray("uint8", [viewSize, viewSize], inView(mask).data) }),
  };
  if (!recipe.saliency) return arrays;
  const { saliency } = sample.labels;
  if (saliency === undefined) {
    // All zeros, which the paper's fallback takes for views without any.
    const size = views * localSize * localSize;
    if (recipe.saliencyFallback === "paper")
      return { ...arrays, saliency: float32([views, 1, localSize, localSize], new Float32Array(size)) };
    throw new InputError(
      `${sample.source}: expected a saliency map, got none. Add one, --set saliencyFallback=paper, or --set saliency=false.`,
    );
  }
  const whole = inView(saliency, 0);
  // Divided by the largest value of the global view, so that what stands out in it is 1.
  const most = whole.data.reduce((largest, value) => Math.max(largest, value), 0) / 255 + 1e-10;
  const values = boxes.flatMap((box) => [...cropLabels(whole, rectangle(box)).data].map((value) => value / 255 / most));
  return { ...arrays, saliency: float32([views, 1, localSize, localSize], values) };
}
