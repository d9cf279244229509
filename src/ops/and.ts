import type { Tensor } from "../graph/tensor.ts";
import { elementwise } from "./composite/elementwise.ts";
import { requireType } from "./composite/require.ts";

/**
 * Whether both are true, element by element, broadcasting. No gradient: the result is a truth value.
 *
 * a, b: bool, broadcastable shapes → y: bool, the broadcast shape.
 * ONNX `And`, opset 7.
 */
export function and(a: Tensor, b: Tensor): Tensor {
  requireType("and", "a", a, "bool");
  requireType("and", "b", b, "bool");
  return elementwise("And", a, b, () => ({ gradient: null }));
}
