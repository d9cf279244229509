import type { Tensor } from "../graph/tensor.ts";
import { elementwise, type Operand } from "./composite/elementwise.ts";
import { sumTo } from "./composite/sum-to.ts";

/**
 * y = a + b, broadcasting.
 *
 * a, b: same numeric type, broadcastable shapes; a plain number takes the other's type → y: the broadcast shape.
 * ONNX `Add`, opset 14.
 */
export function add(a: Operand, b: Operand): Tensor {
  return elementwise("Add", a, b, (left, right) => ({
    gradient: (dy) => [sumTo(dy, left.shape), sumTo(dy, right.shape)],
  }));
}
