import type { Tensor } from "../graph/tensor.ts";
import { unary } from "./composite/unary.ts";
import { mul } from "./mul.ts";
import { sign } from "./sign.ts";

/**
 * y = |x|. The gradient at 0 is 0.
 *
 * x: any numeric type, any shape → y: same shape.
 * ONNX `Abs`, opset 13.
 */
export function abs(x: Tensor): Tensor {
  return unary("Abs", x, { gradient: (dy) => mul(dy, sign(x)), integers: true });
}
