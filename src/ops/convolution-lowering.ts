/** Which operators a convolution and its gradients become, by target and shape. */
import type { Shape } from "../array/shape.ts";
import { node, type Target, type Tensor } from "../graph/tensor.ts";
import { add } from "./arithmetic.ts";
import { sum } from "./broadcast.ts";
import { blocksForward, blocksWeight, convolveBlocked, convolveWeightBlocked } from "./convolution-blocked.ts";
import {
  blocksDepthwise,
  convolveBackDepthwise,
  convolveDepthwise,
  convolveWeightDepthwise,
  isDepthwise,
} from "./convolution-depthwise.ts";
import { pixelsAt, reachedKernel, wholeKernel } from "./convolution-reach.ts";
import {
  fromPixelRows,
  isHeavyProduct,
  leavesWeight,
  pixelsBack,
  stacksTaps,
  toPixelRows,
  weightByStackedTaps,
} from "./convolution-small.ts";
import { concat } from "./joining.ts";
import { matmul } from "./matmul.ts";
import { reshape, transpose } from "./shape.ts";
import { pad, slice } from "./slicing.ts";
import { type Geometry, tilesExactly, type Window, windowAttributes, windowOutput, windowSpan } from "./window.ts";

/** `Conv` as ONNX has it, never rewritten again. */
function plainConv(x: Tensor, w: Tensor, bias: Tensor | null, { window, groups }: Geometry): Tensor {
  const size = windowOutput("conv", [x.shape[2], x.shape[3]], window);
  return node("Conv", bias === null ? [x, w] : [x, w, bias], {
    attributes: { ...windowAttributes(window), group: groups },
    output: { dtype: x.dtype, shape: [x.shape[0], w.shape[0], ...size] },
    gradient: null,
  });
}

export function lowerConvolve(
  x: Tensor,
  w: Tensor,
  bias: Tensor | null,
  geometry: Geometry,
  target: Target,
): readonly Tensor[] | null {
  if (target.operators === "native" && isPatchEmbedding(geometry, x.shape)) {
    const [features] = w.shape;
    const [batch, , height, width] = x.shape;
    const [kh, kw] = geometry.window.kernel;
    const patches = toPatches(x, geometry.window); // [B·H′·W′, C·kh·kw]
    const rows = matmul(patches, reshape(w, [features, -1]), { transposeB: true }); // [B·H′·W′, O]
    const shape = [batch, features, height / kh, width / kw];
    return [fromPixelRows(bias === null ? rows : add(rows, bias), shape)];
  }
  const size = windowOutput("conv", [x.shape[2], x.shape[3]], geometry.window);
  const reached = reachedKernel(x.shape, [x.shape[0], w.shape[0], ...size], geometry, target);
  if (reached !== null) {
    const part = slice(w, reached.ranges);
    return lowerConvolve(x, part, bias, reached.geometry, target) ?? [plainConv(x, part, bias, reached.geometry)];
  }
  if (blocksDepthwise(w.shape, geometry, target)) {
    return [convolveDepthwise(x, w, bias, geometry.window, target.convBlock)];
  }
  if (blocksForward(x.shape, w.shape, geometry, target)) {
    return [convolveBlocked(x, w, bias, geometry.window, target.convBlock)];
  }
  return null;
}

export function lowerConvolveBack(
  y: Tensor,
  w: Tensor,
  bias: Tensor | null,
  geometry: Geometry,
  shape: Shape,
  target: Target,
): readonly Tensor[] {
  const { window, groups } = geometry;
  if (target.operators === "native" && isPatchEmbedding(geometry, shape)) {
    const patches = matmul(toPixelRows(y), reshape(w, [w.shape[0], -1])); // [B·H′·W′, C·kh·kw]
    return [withBias(fromPatches(patches, window, shape), bias)];
  }
  const reached = reachedKernel(shape, y.shape, geometry, target);
  if (reached !== null) {
    return lowerConvolveBack(y, slice(w, reached.ranges), bias, reached.geometry, shape, target);
  }
  if (isHeavyProduct(y.shape, w.shape, geometry, target)) return [withBias(pixelsBack(y, w), bias)];
  if (blocksDepthwise(w.shape, geometry, target)) {
    const x = convolveBackDepthwise(y, w, bias, { window, shape, block: target.convBlock });
    if (x !== null) return [x];
  }
  const flippedWindow = leavesWeight(y.shape, w.shape, geometry, target) ? null : flipped(window, shape, y.shape);
  if (flippedWindow !== null) {
    const swapped = flipWeight(w, groups);
    if (blocksForward(y.shape, swapped.shape, { window: flippedWindow, groups }, target)) {
      return [convolveBlocked(y, swapped, bias, flippedWindow, target.convBlock)];
    }
    return [plainConv(y, swapped, bias, { window: flippedWindow, groups })];
  }
  const added = [0, 1].map((axis) => shape[axis + 2] - reachedBack(axis as 0 | 1, y.shape, window));
  // ONNX Runtime refuses to add as many rows as the stride, or more. They are rows that were to be cut off, then zeros.
  const { pads } = window;
  const uncut = [0, 1].map((axis) => (added[axis] < window.strides[axis] ? 0 : Math.min(added[axis], pads[axis + 2])));
  const zeros = [0, 1].map((axis) => (added[axis] < window.strides[axis] ? 0 : added[axis] - uncut[axis]));
  const [height, width] = [shape[2] - zeros[0], shape[3] - zeros[1]];
  const later = bias !== null && zeros.some((count) => count > 0) ? bias : null;
  const x = node("ConvTranspose", bias === null || later !== null ? [y, w] : [y, w, bias], {
    attributes: {
      ...windowAttributes({ ...window, pads: [pads[0], pads[1], pads[2] - uncut[0], pads[3] - uncut[1]] }),
      group: groups,
      output_padding: added.map((count, axis) => count - uncut[axis] - zeros[axis]),
    },
    output: { dtype: y.dtype, shape: [shape[0], shape[1], height, width] },
    gradient: null,
  });
  const whole = pad(x, { after: [0, 0, ...zeros] });
  return [withBias(whole, later)];
}

/** x: [B, C, H, W], bias: [C]. */
function withBias(x: Tensor, bias: Tensor | null): Tensor {
  return bias === null ? x : add(x, reshape(bias, [-1, 1, 1]));
}

/** How many rows or columns of x the windows over y meet, padding aside. */
function reachedBack(axis: 0 | 1, shape: Shape, window: Window): number {
  return windowSpan(shape[axis + 2], axis, window) - window.pads[axis] - window.pads[axis + 2];
}

export function lowerConvolveWeight(x: Tensor, y: Tensor, geometry: Geometry, target: Target): readonly Tensor[] {
  const { window, groups } = geometry;
  const shape = [y.shape[1], x.shape[1] / groups, ...window.kernel];
  if (target.operators === "native" && isPatchEmbedding(geometry, x.shape)) {
    return [reshape(matmul(toPixelRows(y), toPatches(x, window), { transposeA: true }), shape)];
  }
  if (target.operators === "native" && target.device === "cpu" && isDepthwise(shape, geometry)) {
    const block = blocksDepthwise(shape, geometry, target) ? target.convBlock : 0;
    return [convolveWeightDepthwise(x, y, window, block)];
  }
  const reached = reachedKernel(x.shape, y.shape, geometry, target);
  if (reached !== null) {
    const [part] = lowerConvolveWeight(x, y, reached.geometry, target);
    return [wholeKernel(part, reached, geometry)];
  }
  if (groups === 1 && x.shape[1] > 4 && stacksTaps(y.shape, window)) return [weightByStackedTaps(x, y, window)];
  if (blocksWeight(x.shape, y.shape, geometry, target)) {
    return [convolveWeightBlocked(x, y, window, target.convBlock)];
  }
  if (groups === 1 && x.shape[1] <= 4) return [weightByConv(x, y, window)];
  return [weightByTaps(x, y, geometry)];
}

/** A kernel of more than a pixel that covers the input without overlap. */
function isPatchEmbedding({ window, groups }: Geometry, [, , height, width]: Shape): boolean {
  return groups === 1 && window.kernel[0] * window.kernel[1] > 1 && tilesExactly(window, [height, width]);
}

/** [B, C, H, W] → [B·H′·W′, C·kh·kw], the pixels of each window as a row. */
function toPatches(x: Tensor, { kernel: [kh, kw] }: Window): Tensor {
  const [batch, channels, height, width] = x.shape;
  const split = reshape(x, [batch, channels, height / kh, kh, width / kw, kw]);
  return reshape(transpose(split, [0, 2, 4, 1, 3, 5]), [-1, channels * kh * kw]);
}

/** The inverse of `toPatches`. */
function fromPatches(rows: Tensor, { kernel: [kh, kw] }: Window, shape: Shape): Tensor {
  const [batch, channels, height, width] = shape;
  const split = reshape(rows, [batch, height / kh, width / kw, channels, kh, kw]);
  return reshape(transpose(split, [0, 3, 1, 4, 2, 5]), shape);
}

/**
 * The window of the convolution with flipped weights that undoes one of stride 1, or null where there is none: with a
 * stride, or where more was padded than the kernel reaches.
 */
function flipped(window: Window, inputShape: Shape, outputShape: Shape): Window | null {
  if (window.strides.some((stride) => stride !== 1)) return null;
  const pads = [0, 0, 0, 0] as [number, number, number, number];
  for (const axis of [0, 1] as const) {
    const reach = windowSpan(1, axis, window) - 1;
    pads[axis] = reach - window.pads[axis];
    pads[axis + 2] = inputShape[axis + 2] + reach - outputShape[axis + 2] - pads[axis];
  }
  return pads.every((number) => number >= 0) ? { ...window, pads } : null;
}

/** w: [O, C / groups, kh, kw] → [C, O / groups, kh, kw], turned by half a turn. */
function flipWeight(w: Tensor, groups: number): Tensor {
  const [features, perGroup, kh, kw] = w.shape;
  const grouped = transpose(reshape(w, [groups, features / groups, perGroup, kh, kw]), [0, 2, 1, 3, 4]);
  const swapped = reshape(grouped, [groups * perGroup, features / groups, kh, kw]);
  const backwards = [2, 3].filter((axis) => swapped.shape[axis] > 1);
  if (backwards.length === 0) return swapped;
  return slice(
    swapped,
    backwards.map((axis) => ({ axis, start: -1, end: -swapped.shape[axis] - 1, step: -1 })),
  );
}

/** x with its padding made explicit. */
export function padded(x: Tensor, [top, left, bottom, right]: Window["pads"], value = 0): Tensor {
  if (top + left + bottom + right === 0) return x;
  return pad(x, { before: [0, 0, top, left], after: [0, 0, bottom, right], mode: "constant", value });
}

/** The pixels of padded x that kernel element (row, column) meets: [B, C, H′, W′]. */
export function tapOf(x: Tensor, row: number, column: number, size: readonly number[], window: Window): Tensor {
  const { dilations, strides } = window;
  return pixelsAt(
    x,
    [row, column].map((index, axis) => ({ start: index * dilations[axis], count: size[axis], step: strides[axis] })),
  );
}

/** One matrix product per kernel element and sample: dw[:, :, i, j] = Σ y · xᵀ, x shifted by (i, j). No im2col buffer. */
function weightByTaps(x: Tensor, y: Tensor, { window, groups }: Geometry): Tensor {
  const [batch, features, ...size] = y.shape;
  const channels = x.shape[1];
  const [kh, kw] = window.kernel;
  const pixels = size[0] * size[1];
  const rows = reshape(y, [batch, groups, features / groups, pixels]);
  const around = padded(x, window.pads);
  const taps: Tensor[] = [];
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < kw; j++) {
      const columns = reshape(tapOf(around, i, j, size, window), [batch, groups, channels / groups, pixels]);
      const perSample = matmul(rows, columns, { transposeB: true }); // [B, groups, O / groups, C / groups]
      taps.push(reshape(sum(perSample, { axes: [0] }), [features, channels / groups, 1]));
    }
  }
  const joined = taps.length === 1 ? taps[0] : concat(taps, { axis: 2 });
  return reshape(joined, [features, channels / groups, kh, kw]);
}

/** The weight gradient as a convolution of transposed tensors, strides and dilations exchanged. Best for few channels. */
function weightByConv(x: Tensor, y: Tensor, window: Window): Tensor {
  const exchanged: Window = {
    kernel: [y.shape[2], y.shape[3]],
    strides: window.dilations,
    dilations: window.strides,
    pads: window.pads,
  };
  const sums = plainConv(transpose(x, [1, 0, 2, 3]), transpose(y, [1, 0, 2, 3]), null, {
    window: exchanged,
    groups: 1,
  });
  // Rows and columns beyond the last window met pixels that no output used.
  const [kh, kw] = window.kernel;
  const parts = [
    { axis: 2, start: 0, end: kh },
    { axis: 3, start: 0, end: kw },
  ].filter(({ axis, end }) => sums.shape[axis] !== end);
  return transpose(parts.length === 0 ? sums : slice(sums, parts), [1, 0, 2, 3]); // [O, C, kh, kw]
}
