import { node, type Tensor } from "../graph/tensor.ts";
import { requireFloat } from "./composite/require.ts";
import { equal } from "./equal.ts";
import { not } from "./not.ts";

/**
 * Whether x is not a number, element by element. No gradient: the result is a truth value.
 *
 * x: float, any shape → y: bool, same shape.
 * ONNX `IsNaN`, opset 20; in portable graphs x ≠ x, which stays on the GPU.
 */
export function isNan(x: Tensor): Tensor {
  requireFloat("isNan", x);
  return node("IsNaN", [x], {
    output: { dtype: "bool", shape: x.shape },
    gradient: null,
    lower: ([x], target) => (target.operators === "native" && x!.dtype !== "float16" ? null : [not(equal(x!, x!))]),
  });
}
