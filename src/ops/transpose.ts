import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { node, type Tensor } from "../graph/tensor.ts";
import { reshape } from "./reshape.ts";

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
