import type { Tensor } from "../graph/tensor.ts";
import { extremeGradient } from "./composite/extreme-gradient.ts";
import { type ReductionOptions, reduction } from "./composite/reduction.ts";

/**
 * Largest element over `axes` (default: all). Elements that tie share the gradient equally.
 *
 * x: any numeric type → y: without the axes, or with size 1 there when `keepDims`.
 * ONNX `ReduceMax`, opset 20.
 */
export function max(x: Tensor, options: ReductionOptions = {}): Tensor {
  return reduction("ReduceMax", x, options, (dy, y, axes) => extremeGradient(dy, y, x, axes));
}
