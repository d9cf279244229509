import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { nodes, type Tensor } from "../graph/tensor.ts";
import { add, div, matmul, mul, reshape, square, sub, sum } from "./index.ts";

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
