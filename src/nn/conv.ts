import { show } from "../array/shape.ts";
import { fanInUniformInitializer, type Initializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { conv, standardizeWeight } from "../ops/index.ts";
import type { Padding, Pair } from "../ops/window.ts";

export interface Conv2dOptions {
  readonly kernel: Pair;
  readonly stride?: Pair;
  readonly padding?: Padding;
  readonly dilation?: Pair;
  readonly groups?: number;
  readonly bias?: boolean;
  /** Of the weight. Default for weight and bias: uniform within ±1/√fan-in, as PyTorch starts them. */
  readonly initializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

/**
 * Convolution layer with parameters `weight` [channels, C / groups, kh, kw] and `bias` [channels].
 *
 * x: [B, C, H, W] float → [B, channels, H′, W′].
 */
export function conv2d(scope: Scope, x: Tensor, channels: number, options: Conv2dOptions): Tensor {
  return applied(scope, x, channels, options, (weight) => weight);
}

/**
 * Convolution whose weight is standardized before use (Qiao et al. 2019); parameters as `conv2d`, bias off by default.
 *
 * x: [B, C, H, W] float → [B, channels, H′, W′].
 */
export function standardizedConv2d(
  scope: Scope,
  x: Tensor,
  channels: number,
  {
    epsilon = 1e-5,
    mode = "sqrt(var+eps)",
    ...options
  }: Conv2dOptions & { readonly epsilon?: number; readonly mode?: "sqrt(var+eps)" | "sqrt(var)+eps" },
): Tensor {
  return applied(scope, x, channels, { bias: false, ...options }, (weight) =>
    standardizeWeight(weight, { epsilon, mode }),
  );
}

function applied(
  scope: Scope,
  x: Tensor,
  channels: number,
  {
    kernel,
    stride = 1,
    padding = 0,
    dilation = 1,
    groups = 1,
    bias = true,
    initializer,
    biasInitializer,
  }: Conv2dOptions,
  prepare: (weight: Tensor) => Tensor,
): Tensor {
  const inputs = x.shape[1];
  if (x.shape.length !== 4) throw scope.error(`x must be [B, C, H, W], got ${show(x.shape)}. Reshape it.`);
  if (inputs % groups !== 0 || channels % groups !== 0) {
    throw scope.error(
      `input and output channels must be multiples of groups, got ${inputs}, ${channels} and ${groups}. Change the groups.`,
    );
  }
  const [height, width] = typeof kernel === "number" ? [kernel, kernel] : kernel;
  const usual = fanInUniformInitializer((inputs / groups) * height * width);
  const weight = scope.parameter("weight", [channels, inputs / groups, height, width], initializer ?? usual);
  return conv(x, prepare(weight), {
    bias: bias ? scope.parameter("bias", [channels], biasInitializer ?? usual) : undefined,
    strides: stride,
    padding,
    dilations: dilation,
    groups,
  });
}
