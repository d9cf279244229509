/** The inverse of GSS-FT-W: window blocks that make classes of a maskige's colours (Chen et al. 2023, sec. 3.3). */
import { convNorm } from "../../backbones/encoder.ts";
import { heNormalInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import { layerNorm } from "../../nn/norm.ts";
import { windowBlocks } from "../../nn/window-attention.ts";
import { relu, transpose } from "../../ops/index.ts";

export interface WindowInverseSettings {
  readonly width: number;
  readonly heads: number;
  readonly window: number;
  /** Window blocks: 1 for Cityscapes, 2 for ADE20K and MSeg in the authors' code. */
  readonly depth: number;
}

export const publishedWindowInverse: WindowInverseSettings = { width: 128, heads: 4, window: 7, depth: 2 };

/**
 * Parameters: projection, block1, …, norm, classes.
 *
 * maskige: [B, 3, H, W] in [0, 1] → logits [B, classes, H, W].
 */
export function windowInverse(
  scope: Scope,
  maskige: Tensor,
  classes: number,
  { width, heads, window, depth }: WindowInverseSettings = publishedWindowInverse,
): Tensor {
  const initializer = heNormalInitializer("fanOut");
  const projected = relu(convNorm(scope.at("projection"), maskige, width, { kernel: 1, initializer }));
  const map = transpose(projected, [0, 2, 3, 1]); // [B, H, W, width]
  const attended = layerNorm(scope.at("norm"), windowBlocks(scope, map, { depth, heads, window, hidden: 2 * width }));
  return conv2d(scope.at("classes"), transpose(attended, [0, 3, 1, 2]), classes, { kernel: 1, initializer });
}
