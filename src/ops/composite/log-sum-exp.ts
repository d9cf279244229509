import { largestFinite } from "../../array/dtype.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { add } from "../add.ts";
import { clip } from "../clip.ts";
import { exp } from "../exp.ts";
import { log } from "../log.ts";
import { reshape } from "../reshape.ts";
import { stopGradient } from "../stop-gradient.ts";
import { sub } from "../sub.ts";
import { sum } from "../sum.ts";
import { numericExtreme } from "./extreme.ts";
import { normalizeAxes, type ReductionOptions, reducedCount, removedShape } from "./reduction.ts";

/**
 * y = ln Σ eˣ over `axes` (default: all), without overflow: the largest element is taken out first.
 *
 * x: float; infinities as in the limit: −∞ of nothing but −∞, ∞ beside ∞ → y: without the axes, or with size 1 there when `keepDims`.
 */
export function logSumExp(x: Tensor, { axes: wanted, keepDims = false }: ReductionOptions = {}): Tensor {
  const axes = normalizeAxes("logSumExp", wanted, x.shape.length);
  if (reducedCount(x, axes) === 0) return log(sum(x, { axes, keepDims }));
  // The result does not depend on the shift, so its gradient is left out. An infinite one would make ∞ − ∞.
  const largest = numericExtreme("ReduceMax", x, { axes, keepDims: true });
  const limit = largestFinite(x.dtype);
  const shift = stopGradient(clip(largest, { min: -limit, max: limit }));
  const y = add(log(sum(exp(sub(x, shift)), { axes, keepDims: true })), shift);
  return keepDims ? y : reshape(y, removedShape(x.shape, axes));
}
