import { InputError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkVectors } from "./batch-norm.ts";
import { planeAffine, planeMoments, planeOrigins, planesFrom } from "./composite/planes.ts";
import { add, div, expand, maximum, mul, reshape, sqrt, square, sub, sum } from "./index.ts";

/**
 * Group normalization (Wu and He 2018): each sample by the statistics of `groups` runs of channels.
 *
 * x: [B, C, ...] float, C divisible by groups. gamma, beta: [C] → y: as x. Biased variance,
 * and as in `batchNorm` that of x less a number near its mean.
 */
export function groupNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { groups, epsilon = 1e-5 }: { groups: number; epsilon?: number },
): Tensor {
  checkVectors("groupNorm", x, { gamma, beta });
  const [batch, channels, ...rest] = x.shape;
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new InputError(
      `groupNorm: channels must be a multiple of groups, got ${channels} and ${groups}. Change either.`,
    );
  }
  const members = channels / groups;
  const count = rest.reduce((product, size) => product * size, members);
  const perGroup = (values: Tensor, divisor: number) =>
    div(sum(reshape(values, [batch, groups, members]), { axes: [2], keepDims: true }), divisor); // [B, groups, 1]
  const perChannel = (values: Tensor) => reshape(expand(values, [batch, groups, members]), [batch, channels]);
  const z = planesFrom(perChannel(perGroup(planeOrigins(x), members)), x);
  const { total, squares } = planeMoments(z);
  const centre = perGroup(total, count); // of z
  const variance = maximum(sub(perGroup(squares, count), square(centre)), 0);
  const deviation = sqrt(add(variance, epsilon));
  const scale = div(reshape(gamma, [1, channels]), perChannel(deviation)); // [B, C]
  const shift = sub(reshape(beta, [1, channels]), mul(perChannel(centre), scale));
  return planeAffine(z, scale, shift);
}

/** Instance normalization (Ulyanov et al. 2016): group normalization with each channel a group of its own. */
export function instanceNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { epsilon = 1e-5 }: { epsilon?: number } = {},
): Tensor {
  return groupNorm(x, gamma, beta, { groups: x.shape[1], epsilon });
}
