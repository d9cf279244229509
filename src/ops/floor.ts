import type { Tensor } from "../graph/tensor.ts";
import { unary } from "./composite/unary.ts";

/**
 * The largest integer not above x. The derivative is 0 wherever it exists, so no gradient flows.
 *
 * x: float, any shape → y: same shape.
 * ONNX `Floor`, opset 13.
 */
export function floor(x: Tensor): Tensor {
  return unary("Floor", x, { gradient: null });
}
