import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { planeAffine, planeMoments, planeOrigins, planesFrom } from "./composite/planes.ts";
import { add, div, maximum, mean, mul, pow, reshape, sqrt, square, sub, sum } from "./index.ts";

export interface BatchNormResult {
  readonly y: Tensor;
  /** [C], of this batch. */
  readonly mean: Tensor;
  /** [C], of this batch, biased (divided by the count). */
  readonly variance: Tensor;
}

/**
 * Batch normalization by the statistics of this batch (Ioffe and Szegedy 2015, alg. 1): over all axes but 1.
 *
 * x: [B, C, ...] float. gamma, beta: [C] → y: as x, with mean beta and deviation gamma.
 * Mean and variance are those of x less a number near its mean, see `planeOrigins`.
 */
export function batchNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { epsilon = 1e-5 }: { epsilon?: number } = {},
): BatchNormResult {
  checkVectors("batchNorm", x, { gamma, beta });
  const [batch, channels, ...rest] = x.shape;
  const count = rest.reduce((product, size) => product * size, batch);
  const origin = mean(planeOrigins(x), { axes: [0], keepDims: true }); // [1, C]
  const z = planesFrom(origin, x);
  const { total, squares } = planeMoments(z);
  const centre = div(sum(total, { axes: [0], keepDims: true }), count); // [1, C], the mean of z
  const meanSquare = div(sum(squares, { axes: [0], keepDims: true }), count);
  const variance = maximum(sub(meanSquare, square(centre)), 0);
  const scale = div(reshape(gamma, [1, channels]), sqrt(add(variance, epsilon)));
  const y = planeAffine(z, scale, sub(reshape(beta, [1, channels]), mul(centre, scale)));
  return { y, mean: reshape(add(centre, origin), [channels]), variance: reshape(variance, [channels]) };
}

/**
 * Batch normalization by given statistics, as in prediction.
 *
 * x: [B, C, ...] float. gamma, beta, mean, variance: [C] → y = (x − mean) / √(variance + epsilon) · gamma + beta.
 */
export function batchNormFrozen(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  mean: Tensor,
  variance: Tensor,
  { epsilon = 1e-5 }: { epsilon?: number } = {},
): Tensor {
  checkVectors("batchNormFrozen", x, { gamma, beta, mean, variance });
  const channels = x.shape[1];
  const scale = mul(gamma, pow(add(variance, epsilon), -0.5)); // [C]
  const shift = sub(beta, mul(mean, scale));
  return planeAffine(x, reshape(scale, [1, channels]), reshape(shift, [1, channels]));
}

/** Throws unless x has channels and each vector one number per channel. */
export function checkVectors(where: string, x: Tensor, vectors: Readonly<Record<string, Tensor>>): void {
  if (x.shape.length < 2) throw new InputError(`${where}: expected x [B, C, ...], got ${show(x.shape)}. Reshape it.`);
  for (const [name, vector] of Object.entries(vectors)) {
    if (vector.shape.length !== 1 || vector.shape[0] !== x.shape[1]) {
      throw new InputError(
        `${where}: ${name} must be [${x.shape[1]}], got ${show(vector.shape)} for x ${show(x.shape)}. Give one number per channel.`,
      );
    }
  }
}
