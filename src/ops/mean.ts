import type { Tensor } from "../graph/tensor.ts";
import { normalizeAxes, type ReductionOptions, reducedCount, reduction, spread } from "./composite/reduction.ts";
import { div } from "./div.ts";
import { mul } from "./mul.ts";
import { sum } from "./sum.ts";

/**
 * Mean over `axes` (default: all); of nothing it is NaN.
 *
 * x: any numeric type → y: without the axes, or with size 1 there when `keepDims`.
 * ONNX `ReduceMean`, opset 18.
 */
export function mean(x: Tensor, options: ReductionOptions = {}): Tensor {
  if (reducedCount(x, normalizeAxes("mean", options.axes, x.shape.length)) === 0) return div(sum(x, options), 0);
  return reduction("ReduceMean", x, options, (dy, _, axes) => spread(mul(dy, 1 / reducedCount(x, axes)), x));
}
