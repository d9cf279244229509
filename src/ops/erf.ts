import type { Tensor } from "../graph/tensor.ts";
import { square } from "./composite/square.ts";
import { unary } from "./composite/unary.ts";
import { exp } from "./exp.ts";
import { mul } from "./mul.ts";
import { neg } from "./neg.ts";

/**
 * The error function 2/√π ∫₀ˣ e^(−t²) dt.
 *
 * x: float, any shape → y: same shape, in (−1, 1).
 * ONNX `Erf`, opset 13.
 */
export function erf(x: Tensor): Tensor {
  return unary("Erf", x, { gradient: (dy) => mul(dy, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))) });
}
