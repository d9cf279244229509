import type { Tensor } from "../graph/tensor.ts";
import { requireType } from "./composite/require.ts";
import { unary } from "./composite/unary.ts";

/**
 * Whether x is false, element by element. No gradient: the result is a truth value.
 *
 * x: bool, any shape → y: bool, same shape.
 * ONNX `Not`, opset 1.
 */
export function not(x: Tensor): Tensor {
  requireType("not", "x", x, "bool");
  return unary("Not", x, { gradient: null, integers: true });
}
