/** What a step of the pair, or a look at it, sees of a photograph: a global view, local ones in it, and where these lie. */
import { float32, fromNumbers, type Named, type NdArray, ndarray } from "../../array/ndarray.ts";
import type { Random } from "../../array/random.ts";
import { type ColorJitter, jitterColors } from "../../data/color-jitter.ts";
import { distortColors } from "../../data/photometric.ts";
import type { Sample } from "../../data/sample.ts";
import { InputError } from "../../errors.ts";
import { cropImage, cropLabels } from "../../image/crop.ts";
import type { Image, LabelMap } from "../../image/image.ts";
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
  const { viewSize, localSize, views, sampler } = recipe;
  const { image: whole, inView, salientInView } = globalView(sample.image, recipe, random.fork("view"));
  const view = colored(whole, recipe, random.fork("colors"));
  const boxes = boxesOf({ sampler, size: viewSize, crop: localSize, count: views }, random.fork("boxes"));
  const rectangle = ([left, top]: readonly number[]) => ({ left, top, width: localSize, height: localSize });
  const local = new Uint8Array(views * localSize * localSize * 3);
  boxes.forEach((box, i) => {
    local.set(cropImage(view, rectangle(box)).data, i * localSize * localSize * 3);
  });
  const named = new Set(sample.labels.tags ?? []);
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
  const salient = salientInView(saliency);
  // Divided by the largest value of the global view, so that what stands out in it is 1.
  const most = salient.data.reduce((largest, value) => Math.max(largest, value), 0) / 255 + 1e-10;
  const values = boxes.flatMap((box) =>
    [...cropLabels(salient, rectangle(box)).data].map((value) => value / 255 / most),
  );
  return { ...arrays, saliency: float32([views, 1, localSize, localSize], values) };
}

interface GlobalView {
  /** [S, S, 3] */
  readonly image: Image;
  /** Labels, and saliency, of the photograph as the view shows them. */
  inView(labels: LabelMap): LabelMap;
  salientInView(saliency: LabelMap): LabelMap;
}

/** What the global network sees of a photograph: a square of it, or all of it as a square. */
function globalView(image: Image, recipe: L2GRecipe, random: Random): GlobalView {
  const { shortSide, viewSize, viewFit, releaseCropBug } = recipe;
  if (viewFit === "squeeze") {
    return {
      image: pillowResize(image, [viewSize, viewSize], "bilinear"),
      inView: (labels) => resizeLabels(labels, viewSize, viewSize),
      // As the photograph is, not by nearest neighbours.
      salientInView: (saliency) => greyOf(pillowResize(pictureOf(saliency), [viewSize, viewSize], "bilinear")),
    };
  }
  const scale = shortSide / Math.min(image.width, image.height);
  const [width, height] = [image.width, image.height].map((side) => Math.round(side * scale));
  const [columns, rows] = releaseCropBug ? [height, width] : [width, height];
  const square = {
    left: random.integer(columns - viewSize + 1),
    top: random.integer(rows - viewSize + 1),
    ...{ width: viewSize, height: viewSize },
  };
  // Beyond the photograph it is black.
  const [right, bottom] = [square.left + viewSize, square.top + viewSize];
  const cut = (labels: LabelMap, beyond?: number) =>
    cropLabels(padLabels(resizeLabels(labels, width, height), right, bottom, beyond), square);
  return {
    image: cropImage(padImage(pillowResize(image, [width, height], "bicubic"), right, bottom, [0, 0, 0]), square),
    inView: (labels) => cut(labels),
    salientInView: (saliency) => cut(saliency, 0),
  };
}

/** Colours changed by the release's jitter where the recipe says how far, or else by photometric distortion. */
function colored(view: Image, { viewJitter, photometric }: L2GRecipe, random: Random): Image {
  if (viewJitter.length > 0) return jitterColors(view, viewJitter as unknown as ColorJitter, random);
  distortColors(view, photometric, random);
  return view;
}

function pictureOf({ width, height, data }: LabelMap): Image {
  return { width, height, data: Uint8Array.from({ length: 3 * data.length }, (_, i) => data[Math.floor(i / 3)]) };
}

function greyOf({ width, height, data }: Image): LabelMap {
  return { width, height, data: data.filter((_, i) => i % 3 === 0) };
}
