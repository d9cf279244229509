import type { Tensor } from "../graph/tensor.ts";
import { elementwise } from "./composite/elementwise.ts";
import { requireType } from "./composite/require.ts";

/**
 * Whether at least one is true, element by element, broadcasting. No gradient: the result is a truth value.
 *
 * a, b: bool, broadcastable shapes → y: bool, the broadcast shape.
 * ONNX `Or`, opset 7.
 */
export function or(a: Tensor, b: Tensor): Tensor {
  requireType("or", "a", a, "bool");
  requireType("or", "b", b, "bool");
  return elementwise("Or", a, b, () => ({ gradient: null }));
}
