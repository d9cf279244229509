import { fromNumbers } from "../array/ndarray.ts";
import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { sum } from "./broadcast.ts";
import { and, clip, greaterOrEqual, less, lessOrEqual, maximum, minimum } from "./comparison.ts";
import { abs, floor } from "./elementwise.ts";
import { gather } from "./indexing.ts";
import { matmul } from "./matmul.ts";
import { cast, reshape, stopGradient, unsqueeze } from "./shape.ts";
import { slice } from "./slicing.ts";

export interface RoiAlignOptions {
  /** Cells of each result, [h, w]. */
  readonly size: readonly [number, number];
  /** Size of a feature cell in box units: 1/8 where features have stride 8 and boxes are in pixels. */
  readonly scale?: number;
  /** True: box coordinates are shifted by half a cell, so that they mean pixel corners, and sizes may be below 1. */
  readonly aligned?: boolean;
  /** Samples per bin and axis; 0: ⌈box size / cells⌉, which must not exceed ⌈feature size / cells⌉ (boxes lie inside). */
  readonly samplingRatio?: number;
}

/**
 * Features under boxes, resampled to a fixed grid (He et al. 2017, Mask R-CNN, sec. 3): each bin is the mean of
 * bilinear samples. A bin's samples form a grid, so rows and columns are weighted apart: y = Rows · x · Columnsᵀ with
 * matrices computed from the boxes.
 *
 * x: [B, C, H, W] float. boxes: [R, 4] float, x1 y1 x2 y2. batchIndices: [R] int64 → y: [R, C, h, w].
 * Samples beyond a cell outside the features give 0. No gradient to the boxes, as in the reference operators.
 */
export function roiAlign(
  x: Tensor,
  boxes: Tensor,
  batchIndices: Tensor,
  { size, scale = 1, aligned = false, samplingRatio = 0 }: RoiAlignOptions,
): Tensor {
  if (
    x.shape.length !== 4 ||
    boxes.shape.length !== 2 ||
    boxes.shape[1] !== 4 ||
    batchIndices.shape[0] !== boxes.shape[0]
  ) {
    throw new InputError(
      `roiAlign: expected x [B, C, H, W], boxes [R, 4] and batchIndices [R], got ${show(x.shape)}, ${show(boxes.shape)} and ${show(batchIndices.shape)}. Reshape them.`,
    );
  }
  const cells = sub(mul(stopGradient(boxes), scale), aligned ? 0.5 : 0); // [R, 4] in feature cells
  const side = (column: number) => slice(cells, [{ axis: 1, start: column, end: column + 1 }]); // [R, 1]
  const weights = (start: Tensor, end: Tensor, outputs: number, inputs: number) =>
    axisMatrix(start, end, { outputs, inputs, aligned, samplingRatio });
  const rows = weights(side(1), side(3), size[0], x.shape[2]); // [R, h, H]
  const columns = weights(side(0), side(2), size[1], x.shape[3]); // [R, w, W]
  const chosen = gather(x, batchIndices, { axis: 0 }); // [R, C, H, W]
  return matmul(matmul(unsqueeze(rows, 1), chosen), unsqueeze(columns, 1), { transposeB: true });
}

/** start, end: [R, 1] → weights [R, outputs, inputs] of one axis. */
function axisMatrix(
  start: Tensor,
  end: Tensor,
  {
    outputs,
    inputs,
    aligned,
    samplingRatio,
  }: { outputs: number; inputs: number; aligned: boolean; samplingRatio: number },
): Tensor {
  const most = samplingRatio > 0 ? samplingRatio : Math.ceil(inputs / outputs);
  const length = aligned ? sub(end, start) : maximum(sub(end, start), 1);
  const bin = div(length, outputs); // [R, 1]
  const count = samplingRatio > 0 ? null : clip(neg(floor(neg(bin))), { min: 1, max: most }); // [R, 1]
  const steps = Array.from({ length: outputs * most }, (_, i) => i);
  const bins = constant(
    fromNumbers(
      "float32",
      [1, outputs * most],
      steps.map((i) => Math.floor(i / most)),
    ),
  );
  const samples = constant(
    fromNumbers(
      "float32",
      [1, outputs * most],
      steps.map((i) => i % most),
    ),
  );
  const within = div(add(samples, 0.5), count ?? most);
  const position = add(start, mul(bin, add(bins, within))); // [R, outputs · most]

  const inside = and(greaterOrEqual(position, -1), lessOrEqual(position, inputs));
  const counted = count === null ? inside : and(inside, less(samples, count));
  const share = div(cast(counted, "float32"), count ?? most);

  const clamped = unsqueeze(minimum(maximum(position, 0), inputs - 1), 2); // [R, outputs · most, 1]
  const cell = constant(
    fromNumbers(
      "float32",
      [1, 1, inputs],
      Array.from({ length: inputs }, (_, i) => i),
    ),
  );
  const near = maximum(sub(1, abs(sub(clamped, cell))), 0); // bilinear: 1 at the sample's cell, 0 one cell away
  const weighed = mul(near, unsqueeze(share, 2)); // [R, outputs · most, inputs]
  return sum(reshape(weighed, [start.shape[0], outputs, most, inputs]), { axes: [2] });
}
