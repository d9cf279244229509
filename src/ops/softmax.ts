import { normalizeAxis } from "../array/shape.ts";
import { node, type Tensor } from "../graph/tensor.ts";
import { requireFloat } from "./composite/require.ts";
import { mul } from "./mul.ts";
import { sub } from "./sub.ts";
import { sum } from "./sum.ts";

/**
 * Softmax along one axis: y = eˣ / Σ eˣ, the sum taken over `axis`.
 *
 * x: float, any shape → y: same shape, in [0, 1], summing to 1 along `axis`.
 * ONNX `Softmax`, opset 13.
 */
export function softmax(x: Tensor, { axis = -1 }: { axis?: number } = {}): Tensor {
  requireFloat("softmax", x);
  const along = normalizeAxis("softmax", axis, x.shape.length);
  return node("Softmax", [x], {
    attributes: { axis: along },
    output: x,
    // The Jacobian is diag(y) − y·yᵀ, so dx = y · (dy − Σ dy·y).
    gradient: (dy, y) => [mul(y, sub(dy, sum(mul(dy, y), { axes: [along], keepDims: true })))],
  });
}
