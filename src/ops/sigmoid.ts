import type { Tensor } from "../graph/tensor.ts";
import { unary } from "./composite/unary.ts";
import { mul } from "./mul.ts";
import { sub } from "./sub.ts";

/**
 * y = 1 / (1 + e⁻ˣ); dx = dy · y · (1 − y).
 *
 * x: float, any shape → y: same shape, in (0, 1).
 * ONNX `Sigmoid`, opset 13.
 */
export function sigmoid(x: Tensor): Tensor {
  return unary("Sigmoid", x, { gradient: (dy, y) => mul(dy, mul(y, sub(1, y))) });
}
