import { type Shape, sameShape, show, sizeOf } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { node, type Tensor } from "../graph/tensor.ts";
import { integers } from "./composite/integers.ts";

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
