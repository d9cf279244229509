/** The same elements under another shape, order or name. */

import { type Dtype, isFloat, onnxTypes } from "../array/dtype.ts";
import { fromNumbers } from "../array/ndarray.ts";
import { normalizeAxis, type Shape, sameShape, show, sizeOf } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { constant, node, type Tensor } from "../graph/tensor.ts";

/** An int64 vector inside the graph, as ONNX wants shapes, axes and pads. */
export function integers(values: readonly number[]): Tensor {
  return constant(fromNumbers("int64", [values.length], values));
}

/**
 * The size of one axis of x, as a plain number: shapes are known while the graph is built. No gradient: it is no tensor.
 *
 * x: any type and shape → the size, a whole number.
 */
export function axisSize(x: Tensor, axis: number): number {
  return x.shape[normalizeAxis("axisSize", axis, x.shape.length)];
}

/**
 * The same elements in the same row-major order under another shape. One size may be −1: whatever is left.
 *
 * x: any type → y: `shape`, as many elements; x itself where it has that shape already.
 * ONNX `Reshape`, opset 19.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.filter((size) => size !== -1);
  const rest = sizeOf(x.shape) / sizeOf(known);
  const target = shape.map((size) => (size === -1 ? rest : size));
  const valid = target.every((size) => Number.isInteger(size) && size >= 0) && shape.length - known.length <= 1;
  if (!valid || sizeOf(target) !== sizeOf(x.shape)) {
    throw new InputError(
      `reshape: ${show(shape)} must hold the ${sizeOf(x.shape)} elements of x, got x of shape ${show(x.shape)}. ` +
        "Check the sizes; at most one may be -1.",
    );
  }
  if (sameShape(x.shape, target)) return x;
  return node("Reshape", [x, integers(target)], {
    // Without it a size of 0 would stand for x's own size there.
    attributes: target.includes(0) ? { allowzero: 1 } : {},
    output: { dtype: x.dtype, shape: target },
    gradient: (dy) => [reshape(dy, x.shape), null],
  });
}

/**
 * x without an axis of size 1.
 *
 * x: any type, size 1 on `axis` → y: one axis fewer.
 * Written as ONNX `Reshape`: shapes are static, and one operator is simpler to optimize than three.
 */
export function squeeze(x: Tensor, axis: number): Tensor {
  const along = normalizeAxis("squeeze", axis, x.shape.length);
  if (x.shape[along] !== 1) {
    throw new InputError(
      `squeeze: axis ${axis} must have size 1, got ${x.shape[along]} in shape ${show(x.shape)}. Reduce or index it.`,
    );
  }
  return reshape(x, x.shape.toSpliced(along, 1));
}

/**
 * x with a new axis of size 1, which is axis `axis` of the result.
 *
 * x: any type → y: one axis more.
 * Written as ONNX `Reshape`, as `squeeze` is.
 */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const along = normalizeAxis("unsqueeze", axis, x.shape.length + 1);
  return reshape(x, x.shape.toSpliced(along, 0, 1));
}

/**
 * Axes in another order: axis i of y is axis permutation[i] of x.
 *
 * x: any type; permutation: each of 0 … rank − 1 once → y: the sizes in that order; x itself for the identity.
 * ONNX `Transpose`, opset 13; a `Reshape` where only axes of size 1 move.
 */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  const rank = x.shape.length;
  const inverse = x.shape.map((_, axis) => permutation.indexOf(axis));
  if (permutation.length !== rank || inverse.includes(-1)) {
    throw new InputError(
      `transpose: permutation must name each axis of x once, got ${show(permutation)} for shape ${show(x.shape)}. ` +
        `Use the numbers 0 to ${rank - 1}.`,
    );
  }
  const shape = permutation.map((axis) => x.shape[axis]);
  const moving = permutation.filter((axis) => x.shape[axis] !== 1);
  if (moving.every((axis, i) => i === 0 || axis > moving[i - 1])) return reshape(x, shape);
  return node("Transpose", [x], {
    attributes: { perm: permutation },
    output: { dtype: x.dtype, shape },
    gradient: (dy) => [transpose(dy, inverse)],
  });
}

/**
 * x as another type: floats are cut towards zero to become integers, truth values become 0 and 1. The gradient passes
 * between float types; integers and truth values have none.
 *
 * x: any type and shape → y: `dtype`, same shape; x itself where it has that type already.
 * ONNX `Cast`, opset 19.
 */
export function cast(x: Tensor, dtype: Dtype): Tensor {
  if (x.dtype === dtype) return x;
  const differentiable = isFloat(x.dtype) && isFloat(dtype);
  return node("Cast", [x], {
    attributes: { to: onnxTypes[dtype] },
    output: { dtype, shape: x.shape },
    gradient: differentiable ? (dy) => [cast(dy, x.dtype)] : null,
  });
}

/**
 * x, treated as fixed numbers by gradients: nothing flows back through it. No gradient: that is what it is for.
 *
 * x: any type and shape → y: the same.
 * ONNX `Identity`, opset 19, until the graph is lowered: then nothing is left of it.
 */
export function stopGradient(x: Tensor): Tensor {
  return node("Identity", [x], { output: x, gradient: null, lower: ([x]) => [x!] });
}

/**
 * The value of `hard` with the gradient of `soft` (Bengio et al. 2013, the straight-through estimator): what is
 * rounded, thresholded or drawn on the way forward is passed over on the way back.
 *
 * hard, soft: same type and shape → y: hard; dy goes to soft unchanged.
 */
export function straightThrough(hard: Tensor, soft: Tensor): Tensor {
  if (hard.dtype !== soft.dtype || !sameShape(hard.shape, soft.shape)) {
    throw new InputError(
      `straightThrough: hard and soft must have one type and shape, ` +
        `got ${hard.dtype} ${show(hard.shape)} and ${soft.dtype} ${show(soft.shape)}. Cast or reshape one.`,
    );
  }
  return node("StraightThrough", [hard, soft], {
    output: hard,
    gradient: (dy) => [null, dy],
    lower: ([hard]) => [hard!],
  });
}
