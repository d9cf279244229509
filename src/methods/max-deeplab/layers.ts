/** Convolutions with the batch normalization that all of the network has. */
import { heNormalInitializer, type Initializer, zerosInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import { type BatchNormOptions, batchNorm2d } from "../../nn/norm.ts";
import { relu } from "../../ops/index.ts";

/** As TensorFlow's models have it: running averages keep 0.99 of the old, and the variance of the batch as it is. */
export const norms = { epsilon: 1e-3, momentum: 0.01, biased: true } as const satisfies BatchNormOptions;

/** Of the last norm of a residual branch: at first the branch adds nothing. */
export const silent = zerosInitializer;

export interface ConvNormOptions {
  readonly kernel?: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly groups?: number;
  /** Of the kernel; default He's normal. */
  readonly initializer?: Initializer;
  /** Of the norm's `weight`; default 1. */
  readonly gamma?: Initializer;
}

/**
 * Convolution `conv` without bias, the same padding on all four sides, and batch normalization `norm`.
 * x: [B, C, H, W] → [B, channels, ⌈H / stride⌉, ⌈W / stride⌉].
 */
export function convNorm(
  scope: Scope,
  x: Tensor,
  channels: number,
  {
    kernel = 1,
    stride = 1,
    dilation = 1,
    groups = 1,
    initializer = heNormalInitializer(),
    gamma,
  }: ConvNormOptions = {},
): Tensor {
  const padding = ((kernel - 1) * dilation) / 2;
  const y = conv2d(scope.at("conv"), x, channels, {
    ...{ kernel, stride, dilation, groups, padding, bias: false, initializer },
  });
  return batchNorm2d(scope.at("norm"), y, { ...norms, ...(gamma && { initializer: gamma }) });
}

/** The same, rectified. */
export function convNormRelu(scope: Scope, x: Tensor, channels: number, options: ConvNormOptions = {}): Tensor {
  return relu(convNorm(scope, x, channels, options));
}

/** Depthwise 5×5 and 1×1 convolution, each normalized and rectified. x: [B, C, H, W] → [B, channels, H, W]. */
export function separableBlock(scope: Scope, x: Tensor, channels: number): Tensor {
  const place = scope.at("conv1");
  const mixed = convNormRelu(place.at("depthwise"), x, x.shape[1], { kernel: 5, groups: x.shape[1] });
  return convNormRelu(place.at("pointwise"), mixed, channels);
}
