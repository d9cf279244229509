import type { Tensor } from "../graph/tensor.ts";
import { square } from "./composite/square.ts";
import { unary } from "./composite/unary.ts";
import { mul } from "./mul.ts";
import { sub } from "./sub.ts";

/**
 * Hyperbolic tangent; dx = dy · (1 − y²).
 *
 * x: float, any shape → y: same shape, in (−1, 1).
 * ONNX `Tanh`, opset 13.
 */
export function tanh(x: Tensor): Tensor {
  return unary("Tanh", x, { gradient: (dy, y) => mul(dy, sub(1, square(y))) });
}
