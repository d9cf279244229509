/** From the network's features to masks, classes and the auxiliary classes of pixels (Wang et al. 2021, fig. 4 and sec. 3.3). */

import { fromNumbers } from "../../array/ndarray.ts";
import { constantInitializer, truncatedNormalInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import { batchNorm2d } from "../../nn/norm.ts";
import { add, matmul, maximum, mul, pow, reshape, squeeze, sumSquare, transpose } from "../../ops/index.ts";
import { convNorm, norms, separableBlock } from "./layers.ts";
import type { MaxDeepLabSettings } from "./settings.ts";

/** Chance of no object that untrained class logits begin with. */
const nothing = 0.9;

export interface MaskOutputs {
  /** [B, D, h, w], of length 1 at each pixel. */
  readonly pixelFeature: Tensor;
  /** [B, N, D]. */
  readonly maskKernel: Tensor;
  /** [B, N, h, w]: products of the two, not yet normed. */
  readonly maskProducts: Tensor;
  /** [B, N, h, w]: their softmax over the slots are the masks. */
  readonly maskLogits: Tensor;
}

/** feature: [B, C, h, w]; maskFeature: [B, F, N, 1]. */
export function maskHead(
  scope: Scope,
  feature: Tensor,
  maskFeature: Tensor,
  { headChannels, maskChannels, maskScale }: Pick<MaxDeepLabSettings, "headChannels" | "maskChannels" | "maskScale">,
): MaskOutputs {
  const [batch, , height, width] = feature.shape;
  const place = scope.at("pixelSpaceHead");
  const hidden = separableBlock(place.at("convBlock"), feature, headChannels);
  const projected = conv2d(place.at("finalConv"), hidden, maskChannels, lastLayer);
  const pixelFeature = unitLength(batchNorm2d(scope.at("pixelSpaceFeatureNorm"), projected, norms), 1);
  const kernels = squeeze(convNorm(scope.at("transformerMaskHead"), maskFeature, maskChannels), 3); // [B, D, N]
  const maskKernel = transpose(kernels, [0, 2, 1]);
  const products = matmul(maskKernel, reshape(pixelFeature, [batch, maskChannels, height * width])); // [B, N, h·w]
  // One scale and shift for all slots and pixels.
  const scaled = batchNorm2d(scope.at("pixelSpaceMaskNorm"), reshape(products, [batch, 1, -1]), {
    ...norms,
    initializer: constantInitializer(maskScale),
  });
  const [maskProducts, maskLogits] = [products, scaled].map((x) =>
    reshape(x, [batch, maskKernel.shape[1], height, width]),
  );
  return { pixelFeature, maskKernel, maskProducts, maskLogits };
}

/**
 * classFeature: [B, F, N, 1] → [B, N, classes + 1], "no object" last. A constant on that channel, which is no weight, makes it
 * likely as long as nothing was learned.
 */
export function classHead(scope: Scope, classFeature: Tensor, classes: number): Tensor {
  const logits = conv2d(scope.at("transformerClassHead").at("conv"), classFeature, classes + 1, lastLayer);
  const shift = [...new Array<number>(classes).fill(0), Math.log((classes * nothing) / (1 - nothing))];
  return add(transpose(squeeze(logits, 3), [0, 2, 1]), constant(fromNumbers("float32", [classes + 1], shift)));
}

/** feature: [B, C, h, w] → [B, outputs, h, w]: classes of pixels, in training alone. */
export function semanticHead(
  scope: Scope,
  feature: Tensor,
  { headChannels, outputs }: { readonly headChannels: number; readonly outputs: number },
): Tensor {
  const hidden = separableBlock(scope.at("semanticHeadWithoutLastLayer"), feature, headChannels);
  return conv2d(scope.at("semanticLastLayer"), hidden, outputs, lastLayer);
}

const lastLayer = {
  kernel: 1,
  initializer: truncatedNormalInitializer(0.01),
  biasInitializer: constantInitializer(0),
} as const;

/** x / √max(Σ x², 1e-12) over an axis. */
export function unitLength(x: Tensor, axis: number): Tensor {
  return mul(x, pow(maximum(sumSquare(x, { axes: [axis], keepDims: true }), 1e-12), -0.5));
}
