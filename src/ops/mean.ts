import type { Tensor } from "../graph/tensor.ts";
import { type ReductionOptions, reducedCount, reduction, spread } from "./composite/reduction.ts";
import { mul } from "./mul.ts";

/**
 * Mean over `axes` (default: all).
 *
 * x: any numeric type → y: without the axes, or with size 1 there when `keepDims`.
 * ONNX `ReduceMean`, opset 18.
 */
export function mean(x: Tensor, options: ReductionOptions = {}): Tensor {
  return reduction("ReduceMean", x, options, (dy, _, axes) => spread(mul(dy, 1 / reducedCount(x, axes)), x));
}
