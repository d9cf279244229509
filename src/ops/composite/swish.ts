import type { Tensor } from "../../graph/tensor.ts";
import { add } from "../add.ts";
import { mul } from "../mul.ts";
import { sigmoid } from "../sigmoid.ts";
import { sub } from "../sub.ts";
import { unary } from "./unary.ts";

/**
 * y = x · s with s = sigmoid(a x); dx = dy · (s + a · y · (1 − s)).
 *
 * ONNX Runtime's own `QuickGelu` makes it one pass on the CPU; elsewhere `Sigmoid` and `Mul`.
 */
export function swish(x: Tensor, a: number): Tensor {
  return unary("QuickGelu", x, {
    domain: "com.microsoft",
    attributes: { alpha: { float: a } },
    gradient: (dy, y) => {
      const s = gate(x, a);
      const rest = mul(y, sub(1, s));
      return mul(dy, add(s, a === 1 ? rest : mul(rest, a)));
    },
    lower: ([x], { device, operators }) =>
      operators === "native" && device === "cpu" && x!.dtype === "float32" ? null : [mul(x!, gate(x!, a))],
  });
}

function gate(x: Tensor, a: number): Tensor {
  return sigmoid(a === 1 ? x : mul(x, a));
}
