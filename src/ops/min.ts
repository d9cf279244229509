import type { Tensor } from "../graph/tensor.ts";
import { extremeGradient } from "./composite/extreme-gradient.ts";
import { type ReductionOptions, reduction } from "./composite/reduction.ts";

/**
 * Smallest element over `axes` (default: all). Elements that tie share the gradient equally.
 *
 * x: any numeric type → y: without the axes, or with size 1 there when `keepDims`.
 * ONNX `ReduceMin`, opset 20.
 */
export function min(x: Tensor, options: ReductionOptions = {}): Tensor {
  return reduction("ReduceMin", x, options, (dy, y, axes) => extremeGradient(dy, y, x, axes));
}
