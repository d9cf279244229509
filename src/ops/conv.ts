import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { convolve } from "./composite/convolution.ts";
import { type Padding, type Pair, windowOf } from "./composite/window.ts";

export interface ConvOptions {
  /** [O]. */
  readonly bias?: Tensor;
  readonly strides?: Pair;
  readonly padding?: Padding;
  readonly dilations?: Pair;
  /** Input and output channels are split into this many groups that do not see each other. */
  readonly groups?: number;
}

/**
 * Convolution (cross-correlation) over the last two axes.
 *
 * x: [B, C, H, W] float. w: [O, C / groups, kh, kw] → y: [B, O, H′, W′], H′ = ⌊(H + padding − dilation·(kh − 1) − 1) / stride⌋ + 1.
 * ONNX `Conv`, opset 11.
 */
export function conv(
  x: Tensor,
  w: Tensor,
  { bias, strides = 1, padding = 0, dilations = 1, groups = 1 }: ConvOptions = {},
): Tensor {
  if (x.shape.length !== 4 || w.shape.length !== 4) {
    throw new InputError(
      `conv: expected x [B, C, H, W] and kernel [O, C / groups, kh, kw], got ${show(x.shape)} and ${show(w.shape)}. Reshape them.`,
    );
  }
  const [, channels, height, width] = x.shape;
  const [features, perGroup, ...kernel] = w.shape;
  if (perGroup * groups !== channels || features % groups !== 0) {
    throw new InputError(
      `conv: x has ${channels} channels but the kernel expects ${perGroup * groups} in ${groups} groups of ${features} features, got x ${show(x.shape)} and kernel ${show(w.shape)}. Change the kernel or the groups.`,
    );
  }
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== features)) {
    throw new InputError(
      `conv: bias must be [${features}], got ${show(bias.shape)}. Give one number per output channel.`,
    );
  }
  const window = windowOf("conv", [height, width], kernel as [number, number], { strides, padding, dilations });
  return convolve(x, w, bias ?? null, { window, groups });
}
