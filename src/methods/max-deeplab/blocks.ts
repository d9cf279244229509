/** Residual blocks of the pixel path. Each begins with ReLU and ends without. */
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { dropPath } from "../../nn/dropout.ts";
import { add, relu } from "../../ops/index.ts";
import { type AxialOptions, axialAttention2d, every } from "./axial-attention.ts";
import { convNorm, convNormRelu, silent } from "./layers.ts";

export interface ResidualOptions {
  readonly stride?: number;
  /** Share of samples whose branch is dropped in training. */
  readonly dropRate?: number;
}

export interface ConvolutionalOptions extends ResidualOptions {
  readonly atrousRate?: number;
}

/** 1×1, 3×3 with the stride, 1×1. x: [B, C, H, W], not rectified → [B, widths[2], …], not rectified. */
export function bottleneckBlock(
  scope: Scope,
  x: Tensor,
  widths: readonly number[],
  { stride = 1, atrousRate = 1, ...options }: ConvolutionalOptions = {},
): Tensor {
  return residual(scope, x, widths[2], { stride, ...options }, (input) => {
    const narrow = convNormRelu(scope.at("conv1"), input, widths[0]);
    const spatial = convNormRelu(scope.at("conv2"), narrow, widths[1], { kernel: 3, stride, dilation: atrousRate });
    return convNorm(scope.at("conv3"), spatial, widths[2], { gamma: silent });
  });
}

/** Two 3×3, the first with the stride. */
export function basicBlock(
  scope: Scope,
  x: Tensor,
  widths: readonly number[],
  {
    stride = 1,
    atrousRate = 1,
    secondAtrousRate = atrousRate,
    ...options
  }: ConvolutionalOptions & { readonly secondAtrousRate?: number } = {},
): Tensor {
  return residual(scope, x, widths[1], { stride, ...options }, (input) => {
    const first = convNormRelu(scope.at("conv1"), input, widths[0], { kernel: 3, stride, dilation: atrousRate });
    return convNorm(scope.at("conv2"), first, widths[1], {
      ...{ kernel: 3, dilation: secondAtrousRate, gamma: silent },
    });
  });
}

/** 1×1, attention along both axes in place of 3×3, 1×1. */
export function axialBlock(
  scope: Scope,
  x: Tensor,
  widths: readonly number[],
  { stride = 1, dropRate, ...attention }: AxialOptions & ResidualOptions,
): Tensor {
  return residual(scope, x, widths[2], { stride, ...(dropRate !== undefined && { dropRate }) }, (input) => {
    const narrow = convNormRelu(scope.at("conv1"), input, widths[0]);
    const attended = relu(axialAttention2d(scope.at("attention"), narrow, { ...attention, stride }).y);
    return convNorm(scope.at("conv3"), attended, widths[2], { gamma: silent });
  });
}

function residual(
  scope: Scope,
  x: Tensor,
  channels: number,
  { stride = 1, dropRate = 0 }: ResidualOptions,
  branch: (input: Tensor) => Tensor,
): Tensor {
  const input = relu(x);
  const shortcut =
    x.shape[1] === channels
      ? every(every(input, 2, stride), 3, stride)
      : convNorm(scope.at("shortcut"), input, channels, { stride });
  return add(dropPath(scope, branch(input), dropRate), shortcut);
}
