import { type Initializer, onesInitializer, zerosInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import {
  add,
  batchNorm,
  batchNormFrozen,
  groupNorm as groupNormOp,
  instanceNorm as instanceNormOp,
  layerNorm as layerNormOp,
  mul,
} from "../ops/index.ts";

/**
 * Batch normalization (Ioffe and Szegedy 2015) with parameters `weight`, `bias` [C] and running averages `running_mean`,
 * `running_var` [C]: batch statistics where this part of the model trains, running ones elsewhere and when `frozen`.
 *
 * x: [B, C, ...] float → the same shape. The running variance is unbiased, as PyTorch keeps it; `momentum` is the share
 * of the new value.
 */
export function batchNorm2d(
  scope: Scope,
  x: Tensor,
  { epsilon = 1e-5, momentum = 0.1, frozen = false }: { epsilon?: number; momentum?: number; frozen?: boolean } = {},
): Tensor {
  const channels = x.shape[1];
  const { gamma, beta } = affine(scope, channels);
  const runningMean = scope.average("running_mean", [channels], zerosInitializer);
  const runningVariance = scope.average("running_var", [channels], onesInitializer);
  if (frozen || !scope.training) return batchNormFrozen(x, gamma, beta, runningMean, runningVariance, { epsilon });

  const { y, mean, variance } = batchNorm(x, gamma, beta, { epsilon });
  const count = x.shape.reduce((product, size) => product * size, 1) / channels;
  if (count < 2)
    throw scope.error(
      `batch statistics need at least two values per channel, got ${count}. Use a larger batch or image.`,
    );
  const blend = (name: string, current: Tensor) =>
    scope.update(name, add(mul(scope.latest(name), 1 - momentum), mul(current, momentum)));
  blend("running_mean", mean);
  blend("running_var", mul(variance, count / (count - 1)));
  return y;
}

/**
 * Group normalization (Wu and He 2018) with parameters `weight` (from `initializer`, default 1) and `bias` [C].
 * x: [B, C, ...] float → the same shape.
 */
export function groupNorm(
  scope: Scope,
  x: Tensor,
  {
    groups,
    epsilon = 1e-5,
    initializer = onesInitializer,
  }: { groups: number; epsilon?: number; initializer?: Initializer },
): Tensor {
  const channels = x.shape[1];
  if (channels % groups !== 0)
    throw scope.error(`channels must be a multiple of groups, got ${channels} and ${groups}. Change either.`);
  const { gamma, beta } = affine(scope, channels, initializer);
  return groupNormOp(x, gamma, beta, { groups, epsilon });
}

/** Instance normalization (Ulyanov et al. 2016) with parameters `weight`, `bias` [C]. x: [B, C, ...] float → the same shape. */
export function instanceNorm(scope: Scope, x: Tensor, { epsilon = 1e-5 }: { epsilon?: number } = {}): Tensor {
  const { gamma, beta } = affine(scope, x.shape[1]);
  return instanceNormOp(x, gamma, beta, { epsilon });
}

/** Layer normalization (Ba et al. 2016) over the last axis with parameters `weight`, `bias` [D]. x: [..., D] float → the same shape. */
export function layerNorm(scope: Scope, x: Tensor, { epsilon = 1e-5 }: { epsilon?: number } = {}): Tensor {
  const { gamma, beta } = affine(scope, x.shape[x.shape.length - 1]);
  return layerNormOp(x, gamma, beta, { epsilon });
}

function affine(scope: Scope, width: number, initializer = onesInitializer): { gamma: Tensor; beta: Tensor } {
  return {
    gamma: scope.parameter("weight", [width], initializer),
    beta: scope.parameter("bias", [width], zerosInitializer),
  };
}
