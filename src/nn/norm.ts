import { type Initializer, onesInitializer, zerosInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import {
  add,
  batchNorm,
  batchNormFrozen,
  concat,
  groupNorm as groupNormOp,
  instanceNorm as instanceNormOp,
  layerNorm as layerNormOp,
  mul,
  split,
} from "../ops/index.ts";

export interface BatchNormOptions {
  readonly epsilon?: number;
  /** Share of the new value in the running averages. */
  readonly momentum?: number;
  /** Running averages in training as well. */
  readonly frozen?: boolean;
  /** Of `weight`. Default 1. */
  readonly initializer?: Initializer;
  /** The running variance is that of the batch (TensorFlow), rather than the unbiased estimate that PyTorch keeps. */
  readonly biased?: boolean;
}

/**
 * Batch normalization (Ioffe and Szegedy 2015) with parameters `weight`, `bias` [C] and running averages `running_mean`,
 * `running_var` [C]: batch statistics where this part of the model trains, running ones elsewhere and when `frozen`.
 *
 * x: [B, C, ...] float → the same shape.
 */
export function batchNorm2d(scope: Scope, x: Tensor, options: BatchNormOptions = {}): Tensor {
  return batchNorms(scope, [x], options)[0];
}

/**
 * Several tensors, each normalized by itself, whose parameters are one `weight`, `bias`, `running_mean` and `running_var`:
 * those of the first tensor's channels, then of the second's, and so on.
 *
 * xs: each [B, C, ...] float → the same shapes.
 */
export function batchNorms(
  scope: Scope,
  xs: readonly Tensor[],
  { epsilon = 1e-5, momentum = 0.1, frozen = false, biased = false, initializer }: BatchNormOptions = {},
): Tensor[] {
  const counts = xs.map(({ shape }) => shape[1]);
  const total = counts.reduce((left, right) => left + right, 0);
  const apart = (vector: Tensor) => (xs.length === 1 ? [vector] : split(vector, counts, { axis: 0 }));
  const { gamma, beta } = affine(scope, total, initializer);
  const [gammas, betas] = [gamma, beta].map(apart);
  const runningMean = scope.average("running_mean", [total], zerosInitializer);
  const runningVariance = scope.average("running_var", [total], onesInitializer);
  if (frozen || !scope.training) {
    const [means, variances] = [runningMean, runningVariance].map(apart);
    return xs.map((x, i) => batchNormFrozen(x, gammas[i], betas[i], means[i], variances[i], { epsilon }));
  }

  const normed = xs.map((x, i) => batchNorm(x, gammas[i], betas[i], { epsilon }));
  const together = (vectors: readonly Tensor[]) => (xs.length === 1 ? vectors[0] : concat(vectors, { axis: 0 }));
  const blend = (name: string, current: Tensor) =>
    scope.update(name, add(mul(scope.latest(name), 1 - momentum), mul(current, momentum)));
  blend("running_mean", together(normed.map(({ mean }) => mean)));
  blend(
    "running_var",
    together(normed.map(({ variance }, i) => (biased ? variance : mul(variance, unbiasing(scope, xs[i]))))),
  );
  return normed.map(({ y }) => y);
}

/** n / (n − 1) for n values a channel. */
function unbiasing(scope: Scope, { shape }: Tensor): number {
  const count = shape.reduce((product, size) => product * size, 1) / shape[1];
  if (count < 2)
    throw scope.error(
      `batch statistics need at least two values per channel, got ${count}. Use a larger batch or image.`,
    );
  return count / (count - 1);
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
