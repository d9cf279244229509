import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { nodes, type Tensor } from "../graph/tensor.ts";
import { add, div, mul, square, sub } from "./arithmetic.ts";
import { expand, sum } from "./broadcast.ts";
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
