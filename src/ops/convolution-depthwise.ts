/**
 * Depthwise convolutions in ONNX Runtime's blocked layout (see `convolution-blocked.ts`), where one multiplication serves
 * a whole block of channels. Its plain `Conv` multiplies one channel after another by a matrix of one row.
 *
 * All three are convolutions of the same kind, so one kernel serves forward and both gradients; the reorderings of the
 * images are most of what they cost. The measurements are in bench/README.md, "Depthwise convolutions".
 */
import type { Shape } from "../array/shape.ts";
import { node, type Target, type Tensor } from "../graph/tensor.ts";
import { sum } from "./broadcast.ts";
import {
  blockedDomain,
  fromBlocked,
  isNearlyWhole,
  toBlocked,
  wholeBlocks,
  withChannels,
} from "./convolution-blocked.ts";
import { reshape, transpose } from "./shape.ts";
import { flip, pad, slice } from "./slicing.ts";
import { type Geometry, type Window, windowAttributes, windowOutput, windowSpan } from "./window.ts";

/** Whether every channel has one kernel of its own. w: [O, C / groups, kh, kw]. */
export function isDepthwise([features, perGroup]: Shape, { groups }: Geometry): boolean {
  return groups > 1 && perGroup === 1 && features === groups;
}

/** Whether all three convolutions with such a kernel are faster in blocks. */
export function blocksDepthwise(kernel: Shape, geometry: Geometry, { convBlock }: Target): boolean {
  return convBlock > 0 && isDepthwise(kernel, geometry) && isNearlyWhole(geometry.groups, convBlock);
}

/** x: [B, C, H, W], w: [C, 1, kh, kw], bias: [C] → [B, C, H′, W′]. */
export function convolveDepthwise(x: Tensor, w: Tensor, bias: Tensor | null, window: Window, block: number): Tensor {
  return fromBlocked(depthwiseConv(toBlocked(x, block), w, bias, window, block), x.shape[1]);
}

/**
 * The input gradient: a convolution with the kernel turned by half a turn, over y with zeros between its pixels where
 * there is a stride. Null where more was padded than the kernel reaches, or the zeros would be most of the work.
 *
 * y: [B, C, H′, W′], w: [C, 1, kh, kw], bias: [C] → `shape` [B, C, H, W].
 */
export function convolveBackDepthwise(
  y: Tensor,
  w: Tensor,
  bias: Tensor | null,
  { window, shape, block }: { window: Window; shape: Shape; block: number },
): Tensor | null {
  const { kernel, strides, dilations, pads } = window;
  if (strides[0] * strides[1] > 4) return null;
  const before = [0, 1].map((axis) => windowSpan(1, axis, window) - 1 - pads[axis]);
  const after = [0, 1].map((axis) => shape[axis + 2] + pads[axis] - y.shape[axis + 2] * strides[axis]);
  if ([...before, ...after].some((count) => count < 0)) return null;
  const x = depthwiseConv(
    withZerosBetween(toBlocked(y, block), strides, block),
    flip(w, { axes: [2, 3] }),
    bias,
    { kernel, strides: [1, 1], dilations, pads: [before[0], before[1], after[0], after[1]] },
    block,
  );
  return fromBlocked(x, shape[1]);
}

/**
 * The weight gradient: each channel of each sample is convolved with its y as the kernel, strides and dilations
 * exchanged. y in blocks has the very order that the kernel must have. `block` 0: the plain layout, which WebAssembly
 * too computes faster so than a product for each kernel element and channel.
 *
 * x: [B, C, H, W], y: [B, C, H′, W′] → [C, 1, kh, kw].
 */
export function convolveWeightDepthwise(x: Tensor, y: Tensor, window: Window, block: number): Tensor {
  const [batch, channels, ...size] = y.shape;
  const { kernel, strides, dilations, pads } = window;
  const inBlocks = (tensor: Tensor) => (block === 0 ? tensor : toBlocked(tensor, block));
  const whole = block === 0 ? channels : wholeBlocks(channels, block);
  const after = [0, 1].map((axis) =>
    Math.max(0, windowSpan(size[axis], axis, window) - pads[axis] - x.shape[axis + 2]),
  );
  const perSample = depthwiseNode(
    block === 0 ? "" : blockedDomain,
    reshape(inBlocks(x), [1, batch * whole, ...x.shape.slice(2)]),
    reshape(inBlocks(y), [batch * whole, 1, ...size]),
    null,
    {
      kernel: [size[0], size[1]],
      strides: dilations,
      dilations: strides,
      pads: [pads[0], pads[1], after[0], after[1]],
    },
  ); // [1, B·C, kh, kw]
  const [rows, columns] = perSample.shape.slice(2);
  const total = sum(reshape(perSample, [batch, whole, rows, columns]), { axes: [0], keepDims: true });
  const plain = block === 0 ? total : fromBlocked(total, channels);
  // Rows and columns beyond the last window met pixels that no output used.
  const dw = slice(plain, [
    { axis: 2, end: kernel[0] },
    { axis: 3, end: kernel[1] },
  ]); // [1, C, kh, kw]
  return reshape(dw, [channels, 1, ...kernel]);
}

/** x: blocked [B, C, H, W]; w: [C, 1, kh, kw], bias: [C], not yet in blocks → blocked [B, C, H′, W′]. */
function depthwiseConv(x: Tensor, w: Tensor, bias: Tensor | null, window: Window, block: number): Tensor {
  const [channels, , kh, kw] = w.shape;
  const whole = wholeBlocks(channels, block);
  const split = reshape(withChannels(w, 0, whole), [whole / block, block, kh * kw]);
  const weight = reshape(transpose(split, [0, 2, 1]), [whole, 1, kh, kw]); // [C / b, kh, kw, b]
  return depthwiseNode(blockedDomain, x, weight, bias === null ? null : withChannels(bias, 0, whole), window);
}

/** `Conv` of a domain, in its layout. x: [B, C, H, W], w: [C, 1, kh, kw], bias: [C] → [B, C, H′, W′]. */
function depthwiseNode(domain: string, x: Tensor, w: Tensor, bias: Tensor | null, window: Window): Tensor {
  const [batch, channels, height, width] = x.shape;
  return node("Conv", bias === null ? [x, w] : [x, w, bias], {
    domain,
    attributes: { ...windowAttributes(window), group: channels },
    output: { dtype: x.dtype, shape: [batch, channels, ...windowOutput("conv", [height, width], window)] },
    gradient: null,
  });
}

/** Blocked [B, C, H, W] → blocked [B, C, H·rows, W·columns], each pixel followed by zeros. */
function withZerosBetween(x: Tensor, [rows, columns]: readonly [number, number], block: number): Tensor {
  if (rows === 1 && columns === 1) return x;
  const [batch, channels, height, width] = x.shape;
  const pixels = reshape(x, [(batch * channels * height) / block, 1, width, 1, block]);
  const spread = pad(pixels, { after: [0, rows - 1, 0, columns - 1, 0] });
  return reshape(spread, [batch, channels, height * rows, width * columns]);
}
