import type { Tensor } from "../graph/tensor.ts";
import { cast } from "./cast.ts";
import { unary } from "./composite/unary.ts";
import { greater } from "./greater.ts";
import { less } from "./less.ts";
import { sub } from "./sub.ts";

/**
 * −1, 0 or 1: the sign of x. The derivative is 0 wherever it exists, so no gradient flows.
 *
 * x: any numeric type, any shape → y: same shape.
 * ONNX `Sign`, opset 13; where that would leave the GPU, two comparisons.
 */
export function sign(x: Tensor): Tensor {
  return unary("Sign", x, {
    gradient: null,
    integers: true,
    lower: ([x], { operators }) =>
      operators === "native" ? null : [sub(cast(greater(x!, 0), x!.dtype), cast(less(x!, 0), x!.dtype))],
  });
}
