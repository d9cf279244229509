/**
 * The three convolutions that are each other's gradients. With y = conv(x, w), all three are linear in both operands:
 * `convolve` gives y from (x, w), `convolveBack` x from (y, w), `convolveWeight` w from (x, y). So gradients of any
 * order stay among them.
 */
import { type Shape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { node, type Tensor } from "../graph/tensor.ts";
import { sum } from "./broadcast.ts";
import { lowerConvolve, lowerConvolveBack, lowerConvolveWeight } from "./convolution-lowering.ts";
import { pad, slice } from "./slicing.ts";
import {
  type Geometry,
  type Padding,
  type Pair,
  pair,
  windowAttributes,
  windowOf,
  windowOutput,
  windowSpan,
} from "./window.ts";

/** x: [B, C, H, W], w: [O, C / groups, kh, kw], bias: [O] → y: [B, O, H′, W′]. Operands are taken as checked. */
export function convolve(x: Tensor, w: Tensor, bias: Tensor | null, geometry: Geometry): Tensor {
  const size = windowOutput("conv", [x.shape[2], x.shape[3]], geometry.window);
  return node("Conv", bias === null ? [x, w] : [x, w, bias], {
    attributes: { ...windowAttributes(geometry.window), group: geometry.groups },
    output: { dtype: x.dtype, shape: [x.shape[0], w.shape[0], ...size] },
    gradient: (dy) => [
      convolveBack(dy, w, null, geometry, x.shape),
      convolveWeight(x, dy, geometry),
      bias === null ? null : channelSum(dy),
    ],
    lower: ([x, w, bias = null], target) => lowerConvolve(x!, w!, bias, geometry, target),
  });
}

/** y: [B, O, H′, W′], w: [O, C / groups, kh, kw], bias: [C] → x: `shape` [B, C, H, W]. */
export function convolveBack(y: Tensor, w: Tensor, bias: Tensor | null, geometry: Geometry, shape: Shape): Tensor {
  return node("ConvInputGrad", bias === null ? [y, w] : [y, w, bias], {
    output: { dtype: y.dtype, shape },
    gradient: (dx) => {
      const seen = seenBy(dx, [y.shape[2], y.shape[3]], geometry);
      return [
        convolve(seen.x, w, null, seen.geometry),
        convolveWeight(seen.x, y, seen.geometry),
        bias === null ? null : channelSum(dx),
      ];
    },
    lower: ([y, w, bias = null], target) => lowerConvolveBack(y!, w!, bias, geometry, shape, target),
  });
}

/** x: [B, C, H, W], y: [B, O, H′, W′] → w: [O, C / groups, kh, kw]. */
export function convolveWeight(x: Tensor, y: Tensor, geometry: Geometry): Tensor {
  const shape = [y.shape[1], x.shape[1] / geometry.groups, ...geometry.window.kernel];
  return node("ConvWeightGrad", [x, y], {
    output: { dtype: x.dtype, shape },
    gradient: (dw) => [convolveBack(y, dw, null, geometry, x.shape), convolve(x, dw, null, geometry)],
    lower: ([x, y], target) => lowerConvolveWeight(x!, y!, geometry, target),
  });
}

/**
 * Of x, what the first `size` [H′, W′] windows see, and a geometry in which they are all there are. More would fit where
 * a transposed convolution adds as many rows as its stride, or more: allowed below the dilation.
 */
function seenBy(x: Tensor, size: readonly [number, number], geometry: Geometry): { x: Tensor; geometry: Geometry } {
  const { window } = geometry;
  const fitting = windowOutput("conv", [x.shape[2], x.shape[3]], window);
  if (fitting[0] === size[0] && fitting[1] === size[1]) return { x, geometry };
  const ranges = [0, 1].map((axis) => ({ axis: axis + 2, end: windowSpan(size[axis], axis, window) }));
  const [top, left, bottom, right] = window.pads;
  const around = pad(x, { before: [0, 0, top, left], after: [0, 0, bottom, right] });
  return { x: slice(around, ranges), geometry: { ...geometry, window: { ...window, pads: [0, 0, 0, 0] } } };
}

function channelSum(x: Tensor): Tensor {
  return sum(x, { axes: [0, 2, 3] });
}

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
    return windowSpan(x.shape[axis + 2], axis, window) - window.pads[axis] - window.pads[axis + 2] + extra[axis];
  });
  if (size[0] < 1 || size[1] < 1) {
    throw new InputError(`convTranspose: the output must have pixels, got ${size.join(" × ")}. Use less padding.`);
  }
  return convolveBack(x, w, bias ?? null, { window, groups }, [x.shape[0], features, size[0], size[1]]);
}
