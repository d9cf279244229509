import type { Tensor } from "../graph/tensor.ts";
import { unary } from "./composite/unary.ts";
import { mul } from "./mul.ts";
import { neg } from "./neg.ts";
import { sin } from "./sin.ts";

/**
 * y = cos x, x in radians.
 *
 * x: float, any shape → y: same shape, in [−1, 1].
 * ONNX `Cos`, opset 7.
 */
export function cos(x: Tensor): Tensor {
  return unary("Cos", x, { gradient: (dy) => neg(mul(dy, sin(x))) });
}
