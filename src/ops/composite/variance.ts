import type { Tensor } from "../../graph/tensor.ts";
import { mean } from "../mean.ts";
import { sub } from "../sub.ts";
import type { ReductionOptions } from "./reduction.ts";
import { square } from "./square.ts";

/**
 * Variance over `axes` (default: all): the mean squared distance from the mean, divided by n (biased).
 *
 * x: float → y: without the axes, or with size 1 there when `keepDims`; at least 0.
 */
export function variance(x: Tensor, { axes, keepDims = false }: ReductionOptions = {}): Tensor {
  const centred = sub(x, mean(x, { axes, keepDims: true }));
  return mean(square(centred), { axes, keepDims });
}
