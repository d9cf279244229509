/** Numbers that make some nodes wait for others, which ONNX Runtime would otherwise compute in an order of its own. */
import type { Tensor } from "../graph/tensor.ts";
import { mul } from "./arithmetic.ts";
import { maximum } from "./comparison.ts";
import { reshape } from "./shape.ts";
import { slice } from "./slicing.ts";

/**
 * A zero, a scalar, that is known only when all of `tensors` are: what it is added to cannot be computed before. It is 0 · the largest
 * of one number of each, as a sum might overflow; where one of these is not finite it is NaN.
 *
 * tensors: float, of one type, none empty.
 */
export function zeroFrom(tensors: readonly Tensor[]): Tensor {
  const numbers = tensors.map((x) =>
    reshape(
      slice(
        x,
        x.shape.map((_, axis) => ({ axis, start: 0, end: 1 })),
      ),
      [],
    ),
  );
  return mul(
    numbers.reduce((left, right) => maximum(left, right)),
    0,
  );
}
