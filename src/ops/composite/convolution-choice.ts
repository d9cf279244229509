/** Where the blocked layout pays, by shape. The measurements are in bench/README.md, "Blocked convolutions". */
import type { Shape } from "../../array/shape.ts";
import type { Target } from "../../graph/tensor.ts";
import { wholeBlocks } from "./blocked.ts";
import type { Geometry } from "./convolution.ts";

/** Whether a convolution of x with w, or an input gradient in that form, is faster with both reorderings than plain. */
export function blocksForward(
  [, , height, width]: Shape,
  [features, channels, kh, kw]: Shape,
  { groups }: Geometry,
  target: Target,
): boolean {
  const { convBlock: block } = target;
  if (block === 0 || groups !== 1 || kh * kw === 1) return false;
  // Small images: the weight is the larger tensor, and reordering it costs more than the faster kernel saves.
  if (height * width < 64) return false;
  return isNearlyWhole(features, block) && isNearlyWhole(channels, block);
}

/** Whether a weight gradient is faster with samples as the channels of a blocked convolution. */
export function blocksWeight(
  [batch]: Shape,
  [, features]: Shape,
  { window, groups }: Geometry,
  target: Target,
): boolean {
  const { convBlock: block } = target;
  // One-pixel kernels are one matrix product already.
  if (block === 0 || groups !== 1 || window.kernel[0] * window.kernel[1] === 1) return false;
  const stripes = Math.max(1, Math.floor(block / batch));
  return isNearlyWhole(batch * stripes, block) && isNearlyWhole(features, block);
}

/** Whether filling up to whole blocks adds at most half of what is there. */
function isNearlyWhole(size: number, block: number): boolean {
  return wholeBlocks(size, block) <= 1.5 * size;
}
