import type { Tensor } from "../graph/tensor.ts";
import { unary } from "./composite/unary.ts";
import { mul } from "./mul.ts";

/**
 * y = eˣ.
 *
 * x: float, any shape → y: same shape, positive.
 * ONNX `Exp`, opset 13.
 */
export function exp(x: Tensor): Tensor {
  return unary("Exp", x, { gradient: (dy, y) => mul(dy, y) });
}
