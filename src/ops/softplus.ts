import type { Tensor } from "../graph/tensor.ts";
import { abs } from "./abs.ts";
import { add } from "./add.ts";
import { unary } from "./composite/unary.ts";
import { exp } from "./exp.ts";
import { log } from "./log.ts";
import { mul } from "./mul.ts";
import { neg } from "./neg.ts";
import { relu } from "./relu.ts";
import { sigmoid } from "./sigmoid.ts";

/**
 * y = ln(1 + eˣ), without overflow; dx = dy · sigmoid(x).
 *
 * x: float, any shape → y: same shape, positive.
 * ONNX `Softplus`, opset 1; in portable graphs and float64: max(x, 0) + ln(1 + e^−|x|).
 */
export function softplus(x: Tensor): Tensor {
  return unary("Softplus", x, {
    gradient: (dy) => mul(dy, sigmoid(x)),
    lower: ([x], { operators }) =>
      operators === "native" && x!.dtype === "float32" ? null : [add(relu(x!), log(add(exp(neg(abs(x!))), 1)))],
  });
}
