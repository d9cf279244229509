/** Exponential moving averages of weights: e ← d · e + (1 − d) · p after every update. */
import type { Tensor } from "../graph/tensor.ts";
import { add, mul } from "../ops/index.ts";

/** The next average; `keep` and `take` are the scalars d and 1 − d. */
export function movingAverage(average: Tensor, parameter: Tensor, keep: Tensor, take: Tensor): Tensor {
  return add(mul(average, keep), mul(parameter, take));
}

/**
 * d at update `count` = 1, 2, …: with warm-up min(decay, (1 + t) / (10 + t)), so that the first weights, which are
 * random, are soon forgotten.
 */
export function averageDecay(decay: number, count: number, { warmUp = true }: { warmUp?: boolean } = {}): number {
  return warmUp ? Math.min(decay, (1 + count) / (10 + count)) : decay;
}
