import type { Tensor } from "../graph/tensor.ts";
import { unary } from "./composite/unary.ts";
import { cos } from "./cos.ts";
import { mul } from "./mul.ts";

/**
 * y = sin x, x in radians.
 *
 * x: float, any shape → y: same shape, in [−1, 1].
 * ONNX `Sin`, opset 7.
 */
export function sin(x: Tensor): Tensor {
  return unary("Sin", x, { gradient: (dy) => mul(dy, cos(x)) });
}
