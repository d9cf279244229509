import type { Tensor } from "../graph/tensor.ts";
import { unary } from "./composite/unary.ts";
import { div } from "./div.ts";

/**
 * y = ln x: −∞ at 0, NaN below.
 *
 * x: float, any shape → y: same shape.
 * ONNX `Log`, opset 13.
 */
export function log(x: Tensor): Tensor {
  return unary("Log", x, { gradient: (dy) => div(dy, x) });
}
