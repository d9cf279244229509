import type { Tensor } from "../graph/tensor.ts";
import { cast } from "./cast.ts";
import { unary } from "./composite/unary.ts";
import { greater } from "./greater.ts";
import { mul } from "./mul.ts";

/**
 * y = max(x, 0). The gradient at 0 is 0.
 *
 * x: float, any shape → y: same shape, at least 0.
 * ONNX `Relu`, opset 14.
 */
export function relu(x: Tensor): Tensor {
  return unary("Relu", x, { gradient: (dy, y) => mul(dy, cast(greater(y, 0), dy.dtype)) });
}
