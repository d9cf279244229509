import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import { relu } from "../../ops/index.ts";

/**
 * Classes of a maskige by three convolutions (GSS-FT; Chen et al. 2023, sec. 3.3): 3×3, 3×3 and 1×1, rectified in between.
 *
 * maskige: [B, 3, H, W] in [0, 1] → logits [B, classes, H, W].
 */
export function convInverse(scope: Scope, maskige: Tensor, classes: number, width: number): Tensor {
  const first = relu(conv2d(scope.at("conv1"), maskige, width, { kernel: 3, padding: 1 }));
  const second = relu(conv2d(scope.at("conv2"), first, width, { kernel: 3, padding: 1 }));
  return conv2d(scope.at("conv3"), second, classes, { kernel: 1 });
}
