import type { Tensor } from "../graph/tensor.ts";
import { square } from "./composite/square.ts";
import { unary } from "./composite/unary.ts";
import { mul } from "./mul.ts";
import { neg } from "./neg.ts";

/**
 * y = 1 / x.
 *
 * x: float, any shape → y: same shape.
 * ONNX `Reciprocal`, opset 13.
 */
export function reciprocal(x: Tensor): Tensor {
  return unary("Reciprocal", x, { gradient: (dy, y) => neg(mul(dy, square(y))) });
}
