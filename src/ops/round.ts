import type { Tensor } from "../graph/tensor.ts";
import { unary } from "./composite/unary.ts";

/**
 * The nearest integer, halves to the even one. The derivative is 0 wherever it exists, so no gradient flows.
 *
 * x: float, any shape → y: same shape.
 * ONNX `Round`, opset 11.
 */
export function round(x: Tensor): Tensor {
  return unary("Round", x, { gradient: null });
}
