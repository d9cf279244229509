import type { Tensor } from "../graph/tensor.ts";
import { elementwise, type Operand } from "./composite/elementwise.ts";
import { sumTo } from "./composite/sum-to.ts";
import { neg } from "./neg.ts";

/**
 * y = a − b, broadcasting.
 *
 * a, b: same numeric type, broadcastable shapes; a plain number takes the other's type → y: the broadcast shape.
 * ONNX `Sub`, opset 14.
 */
export function sub(a: Operand, b: Operand): Tensor {
  return elementwise("Sub", a, b, (left, right) => ({
    gradient: (dy) => [sumTo(dy, left.shape), neg(sumTo(dy, right.shape))],
  }));
}
