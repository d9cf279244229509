import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { cast, greaterOrEqual, mul } from "../ops/index.ts";

/**
 * Sets each element to zero with probability `rate` and scales the others by 1 / (1 − rate), so that the mean stays
 * (Srivastava et al. 2014). Draws uniform noise, fed by the host, only where this part trains and `rate` is above 0.
 *
 * x: float, any shape → the same shape.
 */
export function dropout(scope: Scope, x: Tensor, rate: number): Tensor {
  return scope.training && checked(scope, rate) > 0 ? drop(scope, x, rate, x.shape, "dropout") : x;
}

/**
 * Sets whole channels of each sample to zero with probability `rate` and scales the others by 1 / (1 − rate) (Tompson et al. 2015).
 * Draws only where this part trains and `rate` is above 0.
 *
 * x: [B, C, H, W] float → the same shape.
 */
export function channelDropout(scope: Scope, x: Tensor, rate: number): Tensor {
  if (!scope.training || checked(scope, rate) === 0) return x;
  return drop(scope, x, rate, [x.shape[0], x.shape[1], 1, 1], "channelDropout");
}

/**
 * Sets a whole sample (index of axis 0) of a residual branch to zero with probability `rate` and scales the others by
 * 1 / (1 − rate): stochastic depth (Huang et al. 2016). Draws only where this part trains and `rate` is above 0.
 *
 * x: [B, ...] float → the same shape.
 */
export function dropPath(scope: Scope, x: Tensor, rate: number): Tensor {
  if (!scope.training || checked(scope, rate) === 0) return x;
  return drop(scope, x, rate, [x.shape[0], ...x.shape.slice(1).map(() => 1)], "dropPath");
}

function drop(scope: Scope, x: Tensor, rate: number, noiseShape: readonly number[], name: string): Tensor {
  const noise = scope.noise(name, noiseShape, "uniform");
  const kept = cast(greaterOrEqual(noise, rate), "float32");
  return mul(x, mul(kept, 1 / (1 - rate)));
}

function checked(scope: Scope, rate: number): number {
  if (!(rate >= 0 && rate < 1))
    throw scope.error(`dropout rate must be at least 0 and below 1, got ${rate}. Use 0 for none.`);
  return rate;
}
