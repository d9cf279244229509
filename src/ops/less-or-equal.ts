import type { Tensor } from "../graph/tensor.ts";
import { comparison } from "./composite/comparison.ts";
import type { Operand } from "./composite/elementwise.ts";

/**
 * Whether a ≤ b, element by element, broadcasting. No gradient: the result is a truth value.
 *
 * a, b: same type, broadcastable shapes; a plain number takes the other's type → y: bool, the broadcast shape.
 * ONNX `LessOrEqual`, opset 16.
 */
export function lessOrEqual(a: Operand, b: Operand): Tensor {
  return comparison("LessOrEqual", a, b);
}
