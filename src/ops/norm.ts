import { type Shape, show, sizeOf } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { nodes, type Tensor } from "../graph/tensor.ts";
import { add, div, mul, square, sub } from "./arithmetic.ts";
import { constantLike, expand, sum } from "./broadcast.ts";
import { maximum } from "./comparison.ts";
import { pow, sqrt } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { planeAffine, planeMoments, planeOrigins, planesFrom } from "./planes.ts";
import { mean } from "./reductions.ts";
import { reshape } from "./shape.ts";

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
  const count = sizeOf([batch, ...rest]);
  const origin = mean(planeOrigins(x), { axes: [0], keepDims: true }); // [1, C]
  const z = planesFrom(origin, x);
  const { scale, shift, centre, variance } = normStatistics(z, gamma, beta, {
    ...{ epsilon, count, vectors: [1, channels], shape: [1, channels] },
    gather: (values) => sum(values, { axes: [0], keepDims: true }),
    spread: (statistics) => statistics,
  });
  const y = planeAffine(z, scale, shift);
  return { y, mean: reshape(add(centre, origin), [channels]), variance: reshape(variance, [channels]) };
}

interface StatisticsOptions {
  readonly epsilon: number;
  /** Numbers that share a mean and a variance. */
  readonly count: number;
  /** [rows, C], of what multiplies and is added: one row where all samples share it, else one a sample. */
  readonly vectors: Shape;
  /** Of means and variances. */
  readonly shape: Shape;
  /** Sums over what shares them: [B, C] or `vectors` → `shape`. */
  readonly gather: (values: Tensor) => Tensor;
  /** `shape` → `vectors`. */
  readonly spread: (statistics: Tensor) => Tensor;
}

/**
 * What norms multiply z by and add to it, and mean and variance of z. All of it short vectors, but a network has hundreds of norms, and by the
 * rules of each operator their gradients would be most of its nodes, some fifty a norm.
 *
 * z: [B, C, ...]; gamma, beta: [C].
 */
function normStatistics(
  z: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { epsilon, count, vectors, shape, gather, spread }: StatisticsOptions,
): { readonly scale: Tensor; readonly shift: Tensor; readonly centre: Tensor; readonly variance: Tensor } {
  const channels = z.shape[1];
  const vector = { dtype: z.dtype, shape: vectors };
  const statistic = { dtype: z.dtype, shape };
  const [scale, shift, centre, variance] = nodes("NormStatistics", [z, gamma, beta], {
    outputs: [vector, vector, statistic, statistic, statistic],
    // With n for count and means of z and z²: d mean(z²) is dVariance, −Σ(slope · scale) / (2 · deviation), and d mean(z) is
    // −Σ(scale · dShift) − 2 · centre · dVariance, where slope is dGamma before it is summed up.
    gradient: (dScale, _scale, { dys, ys: [scale, shift, centre, , deviation] }) => {
      const [, dShift = null, dCentre = null, dVariance = null, dDeviation = null] = dys;
      const dAdded = dShift ?? constantLike(shift, 0);
      const slope = div(sub(dScale, mul(spread(centre), dAdded)), spread(deviation));
      let ofSquares = div(gather(mul(slope, scale)), mul(deviation, -count)); // 2 / n · dVariance
      if (dVariance !== null) ofSquares = add(ofSquares, mul(dVariance, 2 / count));
      if (dDeviation !== null) ofSquares = add(ofSquares, div(dDeviation, mul(deviation, count)));
      let ofMean = sub(mul(gather(mul(scale, dAdded)), -1 / count), mul(centre, ofSquares));
      if (dCentre !== null) ofMean = add(ofMean, mul(dCentre, 1 / count));
      const perChannel = (values: Tensor) => sum(values, { axes: [0] });
      return [planeAffine(z, spread(ofSquares), spread(ofMean)), perChannel(slope), perChannel(dAdded)];
    },
    lower: ([z, gamma, beta]) => {
      const { total, squares } = planeMoments(z!);
      const centre = div(gather(total), count);
      const meanSquare = div(gather(squares), count);
      const variance = maximum(sub(meanSquare, square(centre)), 0);
      const deviation = sqrt(add(variance, epsilon));
      const scale = div(reshape(gamma!, [1, channels]), spread(deviation));
      const shift = sub(reshape(beta!, [1, channels]), mul(spread(centre), scale));
      return [scale, shift, centre, variance, deviation];
    },
  });
  return { scale, shift, centre, variance };
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
function checkVectors(where: string, x: Tensor, vectors: Readonly<Record<string, Tensor>>): void {
  if (x.shape.length < 2) throw new InputError(`${where}: expected x [B, C, ...], got ${show(x.shape)}. Reshape it.`);
  for (const [name, vector] of Object.entries(vectors)) {
    if (vector.shape.length !== 1 || vector.shape[0] !== x.shape[1]) {
      throw new InputError(
        `${where}: ${name} must be [${x.shape[1]}], got ${show(vector.shape)} for x ${show(x.shape)}. Give one number per channel.`,
      );
    }
  }
}

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
  const count = sizeOf([members, ...rest]);
  const gather = (values: Tensor) => sum(reshape(values, [batch, groups, members]), { axes: [2], keepDims: true });
  const spread = (statistics: Tensor) => reshape(expand(statistics, [batch, groups, members]), [batch, channels]);
  const z = planesFrom(spread(div(gather(planeOrigins(x)), members)), x);
  const { scale, shift } = normStatistics(z, gamma, beta, {
    ...{ epsilon, count, vectors: [batch, channels], shape: [batch, groups, 1] },
    ...{ gather, spread },
  });
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

/**
 * Layer normalization over the last axis (Ba et al. 2016): y = (x − mean) / √(variance + epsilon) · gamma + beta.
 *
 * x: [..., D] float. gamma, beta: [D] → y: as x. ONNX `LayerNormalization`, opset 17.
 */
export function layerNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { epsilon = 1e-5 }: { epsilon?: number } = {},
): Tensor {
  const width = x.shape.at(-1);
  if (
    width === undefined ||
    gamma.shape.length !== 1 ||
    gamma.shape[0] !== width ||
    beta.shape.length !== 1 ||
    beta.shape[0] !== width
  ) {
    throw new InputError(
      `layerNorm: gamma and beta must be [${width}], got ${show(gamma.shape)} and ${show(beta.shape)} for x ${show(x.shape)}. Give one number per element of the last axis.`,
    );
  }
  const rows = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
  const [y] = nodes("LayerNormalization", [x, gamma, beta], {
    attributes: { axis: -1, epsilon: { float: epsilon } },
    outputs: [x, rows, rows],
    // With P = dy · x̂ and means over D: dx = (dy·gamma − mean(dy·gamma) − x̂ · mean(P·gamma)) / deviation. The means
    // are products with the column gamma / D, one pass each.
    gradient: (dy, _y, { dys: [, dMean, dInverse], ys: [, mean, inverse] }) => {
      const flat = (tensor: Tensor) => reshape(tensor, [-1, tensor.shape.at(-1)!]);
      const d = flat(dy); // [rows, D]
      const inverses = flat(inverse); // [rows, 1]
      const normal = mul(sub(flat(x), flat(mean)), inverses); // x̂
      const product = mul(d, normal); // P
      const column = div(reshape(gamma, [width, 1]), width);
      const meanOfD = matmul(d, column); // [rows, 1]
      const meanOfP = matmul(product, column);
      let dx = mul(sub(sub(mul(d, gamma), meanOfD), mul(normal, meanOfP)), inverses);
      // Only gradients of gradients reach the two statistics: d mean = 1 / D, d inverse = −inverse² · x̂ / D.
      if (dMean !== null) dx = add(dx, div(flat(dMean), width));
      if (dInverse !== null) dx = sub(dx, mul(normal, div(mul(flat(dInverse), square(inverses)), width)));
      return [reshape(dx, x.shape), sum(product, { axes: [0] }), sum(d, { axes: [0] })];
    },
  });
  return y;
}

export interface StandardizeWeightOptions {
  readonly epsilon?: number;
  /** Where epsilon goes: under the root of the variance, or beside the deviation. Published networks differ. */
  readonly mode?: "sqrt(var+eps)" | "sqrt(var)+eps";
}

/**
 * Weight standardization (Qiao et al. 2019, eq. 2–3): each output channel's weights to mean 0 and deviation 1.
 *
 * w: [O, ...] float → as w. Biased variance.
 */
export function standardizeWeight(
  w: Tensor,
  { epsilon = 1e-5, mode = "sqrt(var+eps)" }: StandardizeWeightOptions = {},
): Tensor {
  if (w.shape.length < 2) {
    throw new InputError(`standardizeWeight: expected w [O, ...], got ${show(w.shape)}. Pass the weight of a layer.`);
  }
  const rows = reshape(w, [w.shape[0], -1]);
  const centred = sub(rows, mean(rows, { axes: [1], keepDims: true }));
  const variance = mean(square(centred), { axes: [1], keepDims: true });
  const deviation = mode === "sqrt(var+eps)" ? sqrt(add(variance, epsilon)) : add(sqrt(variance), epsilon);
  return reshape(div(centred, deviation), w.shape);
}
