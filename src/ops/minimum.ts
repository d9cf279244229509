import type { Tensor } from "../graph/tensor.ts";
import { choose } from "./composite/choose.ts";
import { elementwise, type Operand } from "./composite/elementwise.ts";
import { less } from "./less.ts";

/**
 * The smaller of a and b, element by element, broadcasting. Where both are equal, each gets half of the gradient.
 *
 * a, b: same numeric type, broadcastable shapes; a plain number takes the other's type → y: the broadcast shape.
 * ONNX `Min`, opset 13.
 */
export function minimum(a: Operand, b: Operand): Tensor {
  return elementwise("Min", a, b, (left, right) => ({
    gradient: (dy) => choose(dy, left, right, less(left, right)),
  }));
}
