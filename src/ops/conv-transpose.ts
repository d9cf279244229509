import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { convolveBack } from "./composite/convolution.ts";
import { type Pair, pair, windowOf } from "./composite/window.ts";

export interface ConvTransposeOptions {
  /** [O]. */
  readonly bias?: Tensor;
  readonly strides?: Pair;
  /** Cut off the output on each side; a number or [top, left, bottom, right]. */
  readonly padding?: number | readonly [number, number, number, number];
  /** Rows and columns added at the bottom and the right, less than the stride or the dilation. */
  readonly outputPadding?: number | readonly [number, number];
  readonly dilations?: Pair;
  readonly groups?: number;
}

/**
 * Transposed convolution: the input gradient of `conv` with the same kernel, used forward.
 *
 * x: [B, C, H, W] float. w: [C, O / groups, kh, kw] → y: [B, O, H′, W′],
 * H′ = (H − 1)·stride − padding + dilation·(kh − 1) + outputPadding + 1.
 * ONNX `ConvTranspose`, opset 11.
 */
export function convTranspose(
  x: Tensor,
  w: Tensor,
  { bias, strides = 1, padding = 0, outputPadding = 0, dilations = 1, groups = 1 }: ConvTransposeOptions = {},
): Tensor {
  if (x.shape.length !== 4 || w.shape.length !== 4 || x.shape[1] !== w.shape[0] || x.shape[1] % groups !== 0) {
    throw new InputError(
      `convTranspose: expected x [B, C, H, W] and kernel [C, O / groups, kh, kw] with C divisible by ${groups} groups, got ${show(x.shape)} and ${show(w.shape)}. Change the kernel or the groups.`,
    );
  }
  const features = w.shape[1] * groups;
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== features)) {
    throw new InputError(
      `convTranspose: bias must be [${features}], got ${show(bias.shape)}. Give one number per output channel.`,
    );
  }
  const extra = typeof outputPadding === "number" ? [outputPadding, outputPadding] : outputPadding;
  if (extra.length !== 2 || !extra.every((number) => Number.isInteger(number) && number >= 0)) {
    throw new InputError(
      `convTranspose: outputPadding must be one or two integers of at least 0, got ${JSON.stringify(outputPadding)}. Give a number or [vertical, horizontal].`,
    );
  }
  const stride = pair("convTranspose", "strides", strides);
  const dilation = pair("convTranspose", "dilations", dilations);
  const kernel = w.shape.slice(2) as [number, number];
  // The window does not depend on the size as long as the padding is given in numbers.
  const window = windowOf("convTranspose", [1, 1], kernel, { strides, padding, dilations });
  const size = [0, 1].map((axis) => {
    if (extra[axis] > 0 && extra[axis] >= Math.max(stride[axis], dilation[axis])) {
      throw new InputError(
        `convTranspose: outputPadding must be less than stride or dilation, got ${extra[axis]} and ${stride[axis]}, ${dilation[axis]}. Pad the result instead.`,
      );
    }
    const whole = (x.shape[axis + 2] - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1;
    return whole - window.pads[axis] - window.pads[axis + 2] + extra[axis];
  });
  if (size[0] < 1 || size[1] < 1) {
    throw new InputError(`convTranspose: the output must have pixels, got ${size.join(" × ")}. Use less padding.`);
  }
  return convolveBack(x, w, bias ?? null, { window, groups }, [x.shape[0], features, size[0], size[1]]);
}
