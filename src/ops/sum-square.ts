import type { Tensor } from "../graph/tensor.ts";
import { type ReductionOptions, reduction } from "./composite/reduction.ts";
import { square } from "./composite/square.ts";
import { mul } from "./mul.ts";

/**
 * Sum of squares over `axes` (default: all).
 *
 * x: float → y: without the axes, or with size 1 there when `keepDims`.
 * ONNX `ReduceSumSquare`, opset 18.
 */
export function sumSquare(x: Tensor, options: ReductionOptions = {}): Tensor {
  return reduction("ReduceSumSquare", x, options, (dy) => mul(mul(dy, 2), x), { single: square });
}
