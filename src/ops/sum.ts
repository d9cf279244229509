import type { Tensor } from "../graph/tensor.ts";
import { type ReductionOptions, reduction, spread } from "./composite/reduction.ts";

/**
 * Sum over `axes` (default: all).
 *
 * x: any numeric type → y: without the axes, or with size 1 there when `keepDims`.
 * ONNX `ReduceSum`, opset 13.
 */
export function sum(x: Tensor, options: ReductionOptions = {}): Tensor {
  return reduction("ReduceSum", x, options, (dy) => spread(dy, x));
}
