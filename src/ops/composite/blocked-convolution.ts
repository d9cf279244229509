/** The three convolutions by ONNX Runtime's blocked layout. */
import type { Tensor } from "../../graph/tensor.ts";
import { concat, pad, reshape, slice, transpose } from "../index.ts";
import { blockedConv, blockedWeight, fromBlocked, toBlocked, wholeBlocks, withChannels } from "./blocked.ts";
import type { Window } from "./window.ts";

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
  const covered = [0, 1].map((axis) => {
    const outputs = axis === 0 ? rows * stripes : outputColumns;
    return (outputs - 1) * window.strides[axis] + window.dilations[axis] * (window.kernel[axis] - 1) + 1;
  });
  const around = fitted(x, window, covered);
  const rowsMet = (rows - 1) * window.strides[0] + window.dilations[0] * (window.kernel[0] - 1) + 1;

  const pixels = stripesOf(around, stripes, rows * window.strides[0], rowsMet); // [B·stripes, C, rowsMet, W]
  const kernels = stripesOf(extended(y, rows * stripes), stripes, rows, rows); // [B·stripes, O, rows, W′]
  let total: Tensor | null = null;
  for (let group = 0; group < groups; group++) {
    const samples = (tensor: Tensor) => withChannels(part(tensor, 0, group * block, block), 0, block);
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
  const met = (height - 1) * window.strides[0] + window.dilations[0] * (window.kernel[0] - 1) + 1;
  const rows = part(image, 1, row * window.strides[0], met);
  return blockedConv(
    reshape(rows, [channels, block, met, columns]),
    reshape(part(kernel, 1, row, height), [featureBlocks * block, block, height, outputColumns]),
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
  return part(part(around, 2, 0, covered[0]), 3, 0, covered[1]);
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

/** Positions start … start + count − 1 of an axis, or as many as there are. */
function part(x: Tensor, axis: number, start: number, count: number): Tensor {
  const end = Math.min(start + count, x.shape[axis]);
  return start === 0 && end === x.shape[axis] ? x : slice(x, [{ axis, start, end }]);
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
