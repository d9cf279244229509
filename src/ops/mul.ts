import type { Tensor } from "../graph/tensor.ts";
import { elementwise, type Operand } from "./composite/elementwise.ts";
import { square } from "./composite/square.ts";
import { sumTo } from "./composite/sum-to.ts";

/**
 * y = a · b, broadcasting.
 *
 * a, b: same numeric type, broadcastable shapes; a plain number takes the other's type → y: the broadcast shape.
 * ONNX `Mul`, opset 14.
 */
export function mul(a: Operand, b: Operand): Tensor {
  if (typeof a !== "number" && a === b) return square(a);
  return elementwise("Mul", a, b, (left, right) => ({
    gradient: (dy) => [sumTo(mul(dy, right), left.shape), sumTo(mul(dy, left), right.shape)],
  }));
}
