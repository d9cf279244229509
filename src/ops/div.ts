import type { Tensor } from "../graph/tensor.ts";
import { elementwise, type Operand } from "./composite/elementwise.ts";
import { sumTo } from "./composite/sum-to.ts";
import { mul } from "./mul.ts";
import { neg } from "./neg.ts";

/**
 * y = a / b, broadcasting. Integers are divided towards zero.
 *
 * a, b: same numeric type, broadcastable shapes; a plain number takes the other's type → y: the broadcast shape.
 * ONNX `Div`, opset 14.
 */
export function div(a: Operand, b: Operand): Tensor {
  return elementwise("Div", a, b, (left, right) => ({
    gradient: (dy, y) => {
      const scaled = div(dy, right);
      return [sumTo(scaled, left.shape), neg(sumTo(mul(scaled, y), right.shape))];
    },
  }));
}
