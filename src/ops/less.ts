import type { Tensor } from "../graph/tensor.ts";
import { comparison } from "./composite/comparison.ts";
import type { Operand } from "./composite/elementwise.ts";

/**
 * Whether a < b, element by element, broadcasting. No gradient: the result is a truth value.
 *
 * a, b: same type, broadcastable shapes; a plain number takes the other's type → y: bool, the broadcast shape.
 * ONNX `Less`, opset 13.
 */
export function less(a: Operand, b: Operand): Tensor {
  return comparison("Less", a, b);
}
