import type { Tensor } from "../graph/tensor.ts";
import { choose } from "./composite/choose.ts";
import { elementwise, type Operand } from "./composite/elementwise.ts";
import { greater } from "./greater.ts";

/**
 * The larger of a and b, element by element, broadcasting. Where both are equal, each gets half of the gradient.
 *
 * a, b: same numeric type, broadcastable shapes; a plain number takes the other's type → y: the broadcast shape.
 * ONNX `Max`, opset 13.
 */
export function maximum(a: Operand, b: Operand): Tensor {
  return elementwise("Max", a, b, (left, right) => ({
    gradient: (dy) => choose(dy, left, right, greater(left, right)),
  }));
}
