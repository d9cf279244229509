import type { Tensor } from "../../graph/tensor.ts";
import { add } from "../add.ts";
import { exp } from "../exp.ts";
import { log } from "../log.ts";
import { max } from "../max.ts";
import { reshape } from "../reshape.ts";
import { stopGradient } from "../stop-gradient.ts";
import { sub } from "../sub.ts";
import { sum } from "../sum.ts";
import { normalizeAxes, type ReductionOptions, removedShape } from "./reduction.ts";

/**
 * y = ln Σ eˣ over `axes` (default: all), without overflow: the largest element is taken out first.
 *
 * x: float → y: without the axes, or with size 1 there when `keepDims`.
 */
export function logSumExp(x: Tensor, { axes: wanted, keepDims = false }: ReductionOptions = {}): Tensor {
  const axes = normalizeAxes("logSumExp", wanted, x.shape.length);
  // The result does not depend on the shift, so its gradient is left out.
  const shift = stopGradient(max(x, { axes, keepDims: true }));
  const y = add(log(sum(exp(sub(x, shift)), { axes, keepDims: true })), shift);
  return keepDims ? y : reshape(y, removedShape(x.shape, axes));
}
