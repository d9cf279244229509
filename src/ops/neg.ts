import type { Tensor } from "../graph/tensor.ts";
import { unary } from "./composite/unary.ts";

/**
 * y = −x.
 *
 * x: any numeric type, any shape → y: same shape.
 * ONNX `Neg`, opset 13.
 */
export function neg(x: Tensor): Tensor {
  return unary("Neg", x, { gradient: (dy) => neg(dy), integers: true });
}
