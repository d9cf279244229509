import type { Tensor } from "../graph/tensor.ts";
import { unary } from "./composite/unary.ts";
import { div } from "./div.ts";
import { mul } from "./mul.ts";

/**
 * y = √x: NaN below 0, and an infinite gradient at 0.
 *
 * x: float, any shape → y: same shape, at least 0.
 * ONNX `Sqrt`, opset 13.
 */
export function sqrt(x: Tensor): Tensor {
  return unary("Sqrt", x, { gradient: (dy, y) => div(mul(dy, 0.5), y) });
}
