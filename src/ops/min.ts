import type { Tensor } from "../graph/tensor.ts";
import { extreme } from "./composite/extreme.ts";
import type { ReductionOptions } from "./composite/reduction.ts";

/**
 * Smallest element over `axes` (default: all). Elements that tie share the gradient equally; NaN wins over all numbers.
 *
 * x: any numeric type, at least one element → y: without the axes, or with size 1 there when `keepDims`.
 * ONNX `ReduceMin`, opset 20; differs: that leaves open what becomes of NaN.
 */
export function min(x: Tensor, options: ReductionOptions = {}): Tensor {
  return extreme("ReduceMin", x, options);
}
