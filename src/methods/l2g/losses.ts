/** What the global network learns from the local one (Jiang et al. 2022, sec. 3.2 and 3.3; the authors' code where they differ). */
import type { Tensor } from "../../graph/tensor.ts";
import {
  add,
  argMax,
  axisSize,
  cast,
  concat,
  div,
  greater,
  less,
  max,
  mean,
  mul,
  oneHot,
  relu,
  resize,
  roiAlign,
  slice,
  softmax,
  square,
  stopGradient,
  sub,
  unsqueeze,
  where,
} from "../../ops/index.ts";

export interface TargetOptions {
  /** Values of the local maps above which a place belongs to a class, for the shape. */
  readonly threshold: number;
  /** What is left of the background's own map: `binary`, its places (the release for VOC); `raw`, its values (for COCO). */
  readonly background: "binary" | "raw";
  /** Keep only the strongest channel at each place (the release); false: all (the paper). */
  readonly strongestOnly: boolean;
  /**
   * Which of several classes is the strongest where they have their peaks at one place, all of them 1 after rounding. `first`: the first,
   * as single precision gives it. `larger`: that of the largest score, as it is exactly, value / (value + 1e-8) growing with the value.
   */
  readonly ties: "first" | "larger";
  /** What views without any saliency have: `paper`, the attention itself; `release`, no foreground. */
  readonly fallback: "paper" | "release";
}

/** As the release trains on VOC. */
export const usualTarget: TargetOptions = {
  threshold: 0.001,
  background: "binary",
  strongestOnly: true,
  ties: "first",
  fallback: "release",
};

/**
 * The attention of the local network: its maps, positive and divided by their largest value in the view, without those of classes that the
 * tags do not name; the background, last, stays. No gradient passes.
 *
 * maps: [R, C + 1, h, w]; tags: [R, C], 0 or 1 → [R, C + 1, h, w] in [0, 1].
 */
export function attention(
  maps: Tensor,
  tags: Tensor,
  { strongestOnly, ties }: Pick<TargetOptions, "strongestOnly" | "ties">,
): Tensor {
  const positive = relu(stopGradient(maps));
  const relative = div(positive, add(max(positive, { axes: [2, 3], keepDims: true }), 1e-8));
  const count = axisSize(maps, 1) - 1;
  const named = mul(slice(relative, [{ axis: 1, start: 0, end: count }]), unsqueeze(unsqueeze(tags, 2), 3));
  const all = concat([named, slice(relative, [{ axis: 1, start: count, end: count + 1 }])], { axis: 1 });
  if (!strongestOnly) return all;
  const weaker = less(all, max(all, { axes: [1], keepDims: true }));
  const rank = ties === "first" ? all : where(weaker, -1, positive);
  return mul(all, oneHot(argMax(rank, { axis: 1 }), count + 1, { axis: 1 }));
}

/**
 * What the global network is to reproduce: the attention, or where there is saliency [R, 1, H, W] in [0, 1], its places with the outlines
 * of that. No gradient passes. local: [R, C + 1, h, w], tags: [R, C] → [R, C + 1, h, w].
 */
export function transferTarget(
  local: Tensor,
  tags: Tensor,
  { threshold, background, fallback, ...attentionOptions }: TargetOptions = usualTarget,
  saliency?: Tensor,
): Tensor {
  const seen = attention(local, tags, attentionOptions);
  if (saliency === undefined) return seen;
  const [, channels, rows, columns] = local.shape;
  const salient = resize(saliency, [rows, columns], { mode: "nearest" }); // [R, 1, h, w]
  const places = cast(greater(seen, threshold), "float32");
  const part = (maps: Tensor, start: number, end: number) => slice(maps, [{ axis: 1, start, end }]);
  const behind = part(background === "binary" ? places : seen, channels - 1, channels);
  const shaped = concat([mul(part(places, 0, channels - 1), salient), mul(behind, sub(1, salient))], { axis: 1 });
  if (fallback === "release") return shaped;
  return where(greater(max(saliency, { axes: [1, 2, 3], keepDims: true }), 0), shaped, seen);
}

/** Where local views lie in global ones. */
export interface ViewBoxes {
  /** Corners x1 y1 x2 y2 in pixels of the global view: [R, 4]. */
  readonly boxes: Tensor;
  /** Of each box's global view: [R] int64. */
  readonly images: Tensor;
}

export interface AlignOptions {
  /** Pixels that a place of the global map spans. */
  readonly stride: number;
  /** True: corrected by half a place, so that maps do not shift. False: as the release. */
  readonly aligned: boolean;
}

/**
 * Class probabilities of the global network where the local views are: aligned first, then a softmax over all channels.
 * maps: [B, C + 1, H, W]; size: of the local maps → [R, C + 1, h, w].
 */
export function alignedProbabilities(
  maps: Tensor,
  { boxes, images }: ViewBoxes,
  size: readonly [number, number],
  { stride, aligned }: AlignOptions,
): Tensor {
  return softmax(roiAlign(maps, boxes, images, { size, scale: 1 / stride, aligned }), { axis: 1 });
}

/** Mean over all elements, those of absent classes too, of the squared difference: a scalar. The target gets no gradient. */
export function transferLoss(probabilities: Tensor, target: Tensor): Tensor {
  return mean(square(sub(probabilities, stopGradient(target))), {});
}
