import type { Tensor } from "../graph/tensor.ts";
import { comparison } from "./composite/comparison.ts";
import type { Operand } from "./composite/elementwise.ts";

/**
 * Whether a > b, element by element, broadcasting. No gradient: the result is a truth value.
 *
 * a, b: same type, broadcastable shapes; a plain number takes the other's type → y: bool, the broadcast shape.
 * ONNX `Greater`, opset 13.
 */
export function greater(a: Operand, b: Operand): Tensor {
  return comparison("Greater", a, b);
}
