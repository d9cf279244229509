/**
 * ONNX Runtime's own layout for convolutions on the CPU: channels in blocks of 8 or 16 that lie together at each pixel,
 * [B, C / block, H, W, block], with the shape [B, C, H, W] still written outside. Its operators are internal to ONNX
 * Runtime (domain `com.microsoft.nchwc`), so graphs use them only where the engine found at start that they work
 * (`Target.convBlock`), and exported models never.
 */

import type { Shape } from "../array/shape.ts";
import { node, type Target, type Tensor } from "../graph/tensor.ts";
import { concat } from "./joining.ts";
import { reshape, transpose } from "./shape.ts";
import { pad, slice } from "./slicing.ts";
import { type Geometry, type Window, windowAttributes, windowOutput, windowSpan } from "./window.ts";

export const blockedDomain = "com.microsoft.nchwc";

/** `size` rounded up to whole blocks. */
export function wholeBlocks(size: number, block: number): number {
  return Math.ceil(size / block) * block;
}

/** x: [B, C, H, W] → blocked, with zero channels up to whole blocks. */
export function toBlocked(x: Tensor, block: number): Tensor {
  if (x.source.kind === "node" && x.source.domain === blockedDomain && x.source.op === "ReorderOutput") {
    const inner = x.source.inputs[0]!;
    if (inner.shape[1] === wholeBlocks(x.shape[1], block)) return inner;
  }
  const whole = withChannels(x, 1, wholeBlocks(x.shape[1], block));
  return node("ReorderInput", [whole], { domain: blockedDomain, output: whole, gradient: null });
}

/** Blocked → [B, channels, H, W]. */
export function fromBlocked(x: Tensor, channels: number): Tensor {
  const [batch, , ...size] = x.shape;
  return node("ReorderOutput", [x], {
    domain: blockedDomain,
    attributes: { channels },
    output: { dtype: x.dtype, shape: [batch, channels, ...size] },
    gradient: null,
  });
}

/**
 * Convolution of blocked tensors. x: blocked [B, C, H, W]; w: as `blockedWeight` gives it; bias: [O]; added: blocked, as
 * the result, summed to it at no cost → blocked [B, O, H′, W′].
 */
function blockedConv(
  x: Tensor,
  w: Tensor,
  window: Window,
  { bias = null, added = null }: { bias?: Tensor | null; added?: Tensor | null } = {},
): Tensor {
  const size = windowOutput("conv", [x.shape[2], x.shape[3]], window);
  const inputs = added !== null ? [x, w, bias, added] : bias !== null ? [x, w, bias] : [x, w];
  return node("Conv", inputs, {
    domain: blockedDomain,
    attributes: { ...windowAttributes(window), group: 1 },
    output: { dtype: x.dtype, shape: [x.shape[0], w.shape[0], ...size] },
    gradient: null,
  });
}

/** w: [O, C, kh, kw] → [O / b, C / b, kh, kw, b of C, b of O] in the shape [O, C, kh, kw], whole blocks of both. */
export function blockedWeight(w: Tensor, block: number): Tensor {
  const [features, channels, ...kernel] = [
    wholeBlocks(w.shape[0], block),
    wholeBlocks(w.shape[1], block),
    ...w.shape.slice(2),
  ];
  const whole = withChannels(withChannels(w, 0, features), 1, channels);
  const split = reshape(whole, [features / block, block, channels / block, block, ...kernel]);
  return reshape(transpose(split, [0, 2, 4, 5, 3, 1]), [features, channels, ...kernel]);
}

/** Zeros behind an axis, up to `size`. */
export function withChannels(x: Tensor, axis: number, size: number): Tensor {
  if (x.shape[axis] === size) return x;
  const none = x.shape.map(() => 0);
  const after = x.shape.map((length, i) => (i === axis ? size - length : 0));
  return pad(x, { before: none, after, mode: "constant", value: 0 });
}

/** The three convolutions by ONNX Runtime's blocked layout. */

/** x: [B, C, H, W], w: [O, C, kh, kw], bias: [O] → [B, O, H′, W′]. One group. */
export function convolveBlocked(x: Tensor, w: Tensor, bias: Tensor | null, window: Window, block: number): Tensor {
  const features = w.shape[0];
  const wholeBias = bias === null ? null : withChannels(bias, 0, wholeBlocks(features, block));
  const y = blockedConv(toBlocked(x, block), blockedWeight(w, block), window, { bias: wholeBias });
  return fromBlocked(y, features);
}

/**
 * The weight gradient as a convolution in which samples are the channels, x's channels the batch, and y the kernel:
 * dw[o, c] = Σ over samples n of x[n, c] ∗ y[n, o]. ONNX Runtime's kernel then keeps several places of dw in registers
 * at once, for which plain formulations must read x again and again.
 *
 * A block holds as many samples as it has channels. Smaller batches are cut into stripes of rows, which count as
 * samples of their own; larger ones are added up, block after block. x: [B, C, H, W], y: [B, O, H′, W′] → [O, C, kh, kw].
 */
export function convolveWeightBlocked(x: Tensor, y: Tensor, window: Window, block: number): Tensor {
  const [batch, features, outputRows, outputColumns] = y.shape;
  const stripes = Math.max(1, Math.floor(block / batch));
  const rows = Math.ceil(outputRows / stripes);
  const groups = Math.ceil((batch * stripes) / block);
  const covered = [windowSpan(rows * stripes, 0, window), windowSpan(outputColumns, 1, window)];
  const around = fitted(x, window, covered);
  const rowsMet = windowSpan(rows, 0, window);

  const pixels = stripesOf(around, stripes, rows * window.strides[0], rowsMet); // [B·stripes, C, rowsMet, W]
  const kernels = stripesOf(extended(y, rows * stripes), stripes, rows, rows); // [B·stripes, O, rows, W′]
  let total: Tensor | null = null;
  for (let group = 0; group < groups; group++) {
    const samples = (tensor: Tensor) =>
      withChannels(slice(tensor, [{ axis: 0, start: group * block, end: (group + 1) * block }]), 0, block);
    const image = transpose(samples(pixels), [1, 2, 3, 0]); // [C, rowsMet, W, block]
    const kernel = kernelOf(samples(kernels), block); // [O / b, rows, W′, block, b]
    const height = rowsAtOnce(rows, outputColumns * block * features);
    for (let row = 0; row < rows; row += height) {
      total = partialSum(image, kernel, { row, height: Math.min(height, rows - row), window, total });
    }
  }
  return transpose(fromBlocked(total!, features), [1, 0, 2, 3]);
}

/** Rows of the kernel that together stay in the cache, 4 MB: beyond, each kernel is read from memory at each use. */
function rowsAtOnce(rows: number, numbersPerRow: number): number {
  const limit = 2 ** 20 / numbersPerRow;
  return Math.ceil(rows / Math.ceil(rows / Math.max(1, Math.floor(limit))));
}

/** `total` and the share of `height` rows of y from `row` on, blocked [C, O, kh, kw]. */
function partialSum(
  image: Tensor,
  kernel: Tensor,
  { row, height, window, total }: { row: number; height: number; window: Window; total: Tensor | null },
): Tensor {
  const [channels, , columns, block] = image.shape;
  const [featureBlocks, , outputColumns] = kernel.shape;
  const met = windowSpan(height, 0, window);
  const first = row * window.strides[0];
  const rows = slice(image, [{ axis: 1, start: first, end: first + met }]);
  const weights = slice(kernel, [{ axis: 1, start: row, end: row + height }]);
  return blockedConv(
    reshape(rows, [channels, block, met, columns]),
    reshape(weights, [featureBlocks * block, block, height, outputColumns]),
    {
      kernel: [height, outputColumns],
      strides: window.dilations,
      dilations: window.strides,
      pads: [0, 0, 0, 0],
    },
    { added: total },
  );
}

/** x padded, and cut or padded further at the end, so that rows and columns are exactly those that `covered` says. */
function fitted(x: Tensor, { pads: [top, left] }: Window, covered: readonly number[]): Tensor {
  const after = [0, 1].map((axis) => Math.max(0, covered[axis] - (axis === 0 ? top : left) - x.shape[axis + 2]));
  const around = pad(x, { before: [0, 0, top, left], after: [0, 0, ...after], mode: "constant", value: 0 });
  // Padding first: windows that meet nothing but padding may leave none of x.
  return slice(around, [
    { axis: 2, end: covered[0] },
    { axis: 3, end: covered[1] },
  ]);
}

function extended(y: Tensor, rows: number): Tensor {
  return withChannels(y, 2, rows);
}

/** Runs of `height` rows, `step` apart, one after another along the batch. */
function stripesOf(x: Tensor, count: number, step: number, height: number): Tensor {
  if (count === 1) return x;
  const parts = Array.from({ length: count }, (_, i) =>
    slice(x, [{ axis: 2, start: i * step, end: i * step + height }]),
  );
  return concat(parts, { axis: 0 });
}

/**
 * y: [block, O, rows, columns] → [O / b, rows, columns, block of samples, b of O]. In two steps, each of which moves one
 * axis to the end: ONNX Runtime does that several times as fast as the whole permutation at once.
 */
function kernelOf(y: Tensor, block: number): Tensor {
  const [, features, rows, columns] = y.shape;
  const whole = wholeBlocks(features, block);
  const samplesLast = transpose(withChannels(y, 1, whole), [1, 2, 3, 0]); // [O, rows, columns, block]
  const split = reshape(samplesLast, [whole / block, block, rows * columns * block]);
  return reshape(transpose(split, [0, 2, 1]), [whole / block, rows, columns, block, block]);
}

/** Where the blocked layout pays, by shape. The measurements are in bench/README.md, "Blocked convolutions". */

/** Whether a convolution of x with w, or an input gradient in that form, is faster with both reorderings than plain. */
export function blocksForward(
  [batch, , height, width]: Shape,
  [features, channels, kh, kw]: Shape,
  { groups }: Geometry,
  target: Target,
): boolean {
  const { convBlock: block } = target;
  if (block === 0 || groups !== 1 || kh * kw === 1) return false;
  // Small images: the weight is the larger tensor, and reordering it costs more than the faster kernel saves.
  if (height * width < 64 || batch * height * width < 320) return false;
  return isNearlyWhole(features, block) && isNearlyWhole(channels, block);
}

/** Whether a weight gradient is faster with samples as the channels of a blocked convolution. */
export function blocksWeight(
  [batch]: Shape,
  [, features]: Shape,
  { window, groups }: Geometry,
  target: Target,
): boolean {
  const { convBlock: block } = target;
  // One-pixel kernels are one matrix product already.
  if (block === 0 || groups !== 1 || window.kernel[0] * window.kernel[1] === 1) return false;
  const stripes = Math.max(1, Math.floor(block / batch));
  return isNearlyWhole(batch * stripes, block) && isNearlyWhole(features, block);
}

/** Whether filling up to whole blocks adds at most half of what is there. */
export function isNearlyWhole(size: number, block: number): boolean {
  return wholeBlocks(size, block) <= 1.5 * size;
}
