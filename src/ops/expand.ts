import { broadcastShapes, type Shape, sameShape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { node, type Tensor } from "../graph/tensor.ts";
import { integers } from "./composite/integers.ts";
import { sumTo } from "./composite/sum-to.ts";

/**
 * x repeated along axes of size 1, and along new axes in front, to `shape`.
 *
 * x: any type, broadcastable to `shape` → y: `shape`; x itself where it has that shape already.
 * ONNX `Expand`, opset 13.
 */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShapes("expand", x.shape, shape), shape)) {
    throw new InputError(
      `expand: x must have size 1 where it is repeated, got ${show(x.shape)} for ${show(shape)}. Reshape x first.`,
    );
  }
  return node("Expand", [x, integers(shape)], {
    output: { dtype: x.dtype, shape },
    gradient: (dy) => [sumTo(dy, x.shape), null],
  });
}
