import { largestFinite } from "../array/dtype.ts";
import { normalizeAxis } from "../array/shape.ts";
import { node, type Tensor } from "../graph/tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { normalizeAxes, type ReductionOptions, reducedCount, removedShape, sum } from "./broadcast.ts";
import { clip } from "./comparison.ts";
import { exp, log } from "./elementwise.ts";
import { numericExtreme } from "./reductions.ts";
import { requireFloat } from "./require.ts";
import { reshape, stopGradient } from "./shape.ts";

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

/**
 * Logarithm of the softmax along one axis: y = x − ln Σ eˣ, without overflow.
 *
 * x: float, any shape → y: same shape, at most 0.
 * Differs from ONNX `LogSoftmax`, which leaves the GPU: composed, at the same speed on the CPU.
 */
export function logSoftmax(x: Tensor, { axis = -1 }: { axis?: number } = {}): Tensor {
  requireFloat("logSoftmax", x);
  const along = { axes: [axis], keepDims: true };
  // The result does not depend on the shift, so its gradient is left out.
  const shifted = sub(x, stopGradient(numericExtreme("ReduceMax", x, along)));
  return sub(shifted, log(sum(exp(shifted), along)));
}

/**
 * y = ln Σ eˣ over `axes` (default: all), without overflow: the largest element is taken out first.
 *
 * x: float; infinities as in the limit: −∞ of nothing but −∞, ∞ beside ∞ → y: without the axes, or with size 1 there when `keepDims`.
 */
export function logSumExp(x: Tensor, { axes: wanted, keepDims = false }: ReductionOptions = {}): Tensor {
  const axes = normalizeAxes("logSumExp", wanted, x.shape.length);
  if (reducedCount(x, axes) === 0) return log(sum(x, { axes, keepDims }));
  // The result does not depend on the shift, so its gradient is left out. An infinite one would make ∞ − ∞.
  const largest = numericExtreme("ReduceMax", x, { axes, keepDims: true });
  const limit = largestFinite(x.dtype);
  const shift = stopGradient(clip(largest, { min: -limit, max: limit }));
  const y = add(log(sum(exp(sub(x, shift)), { axes, keepDims: true })), shift);
  return keepDims ? y : reshape(y, removedShape(x.shape, axes));
}
