import type { Tensor } from "../graph/tensor.ts";
import { add } from "./add.ts";
import { square } from "./composite/square.ts";
import { unary } from "./composite/unary.ts";
import { erf } from "./erf.ts";
import { exp } from "./exp.ts";
import { mul } from "./mul.ts";
import { neg } from "./neg.ts";
import { sub } from "./sub.ts";
import { tanh } from "./tanh.ts";

/**
 * Gaussian error linear unit (Hendrycks and Gimpel 2016): y = x · Φ(x), Φ the normal distribution's integral.
 *
 * x: float, any shape → y: same shape, at least −0.17.
 * approximate: "none" is exact; "tanh" uses Φ(x) ≈ ½ (1 + tanh(√(2/π) (x + 0.044715 x³))).
 * ONNX `Gelu`, opset 20. The gradient computes Φ again rather than keeping it.
 */
export function gelu(x: Tensor, { approximate = "none" }: { approximate?: "none" | "tanh" } = {}): Tensor {
  const slope = approximate === "none" ? exactSlope : tanhSlope;
  return unary("Gelu", x, { attributes: { approximate }, gradient: (dy) => mul(dy, slope(x)) });
}

/** Φ(x) + x φ(x) = ½ (1 + erf u + 2/√π · u e^(−u²)), with u = x/√2. */
function exactSlope(x: Tensor): Tensor {
  const u = mul(x, Math.SQRT1_2);
  const bell = mul(mul(exp(neg(square(u))), u), 2 / Math.sqrt(Math.PI));
  return mul(add(add(erf(u), bell), 1), 0.5);
}

/** With t = tanh(c (x + k x³)): ½ (1 + t) + ½ x (1 − t²) c (1 + 3 k x²). */
function tanhSlope(x: Tensor): Tensor {
  const c = Math.sqrt(2 / Math.PI);
  const k = 0.044715;
  const squared = square(x);
  const t = tanh(mul(mul(x, add(mul(squared, k), 1)), c));
  const inner = add(mul(squared, 3 * k * c), c);
  return mul(add(add(t, 1), mul(mul(sub(1, square(t)), x), inner)), 0.5);
}
