/** Functions of one number, element by element. */

import { item } from "../array/ndarray.ts";
import { constantValue, type Tensor } from "../graph/tensor.ts";
import { add, div, mul, neg, square, sub, unary } from "./arithmetic.ts";
import { elementwise, type Operand, sumTo, where } from "./broadcast.ts";
import { equal, greater, sign } from "./comparison.ts";
import { cast } from "./shape.ts";

/**
 * y = eˣ.
 *
 * x: float, any shape → y: same shape, positive.
 * ONNX `Exp`, opset 13.
 */
export function exp(x: Tensor): Tensor {
  return unary("Exp", x, { gradient: (dy, y) => mul(dy, y) });
}

/**
 * y = ln x: −∞ at 0, NaN below.
 *
 * x: float, any shape → y: same shape.
 * ONNX `Log`, opset 13.
 */
export function log(x: Tensor): Tensor {
  return unary("Log", x, { gradient: (dy) => div(dy, x) });
}

/**
 * y = √x: NaN below 0, and an infinite gradient at 0.
 *
 * x: float, any shape → y: same shape, at least 0.
 * ONNX `Sqrt`, opset 13.
 */
export function sqrt(x: Tensor): Tensor {
  return unary("Sqrt", x, { gradient: (dy, y) => div(mul(dy, 0.5), y) });
}

/**
 * y = a to the power b, broadcasting. A negative a gives NaN unless b is an integer.
 *
 * a, b: same float type, broadcastable shapes; a plain number takes the other's type → y: the broadcast shape.
 * ∂y/∂a = b · a^(b−1), 0 where b = 0; ∂y/∂b = y · ln a, taken as 0 where a ≤ 0.
 * ONNX `Pow`, opset 15; exponents 1, 2 and ½ become x, x · x and `Sqrt`.
 */
export function pow(a: Operand, b: Operand): Tensor {
  if (typeof a !== "number" && b === 1) return a;
  if (typeof a !== "number" && b === 2) return square(a);
  if (typeof a !== "number" && b === 0.5) return sqrt(a);
  return elementwise("Pow", a, b, (left, right) => ({
    gradient: (dy, y) => {
      const logarithm = where(greater(left, 0), log(where(greater(left, 0), left, 1)), 0);
      return [sumTo(mul(dy, slope(left, right)), left.shape), sumTo(mul(dy, mul(y, logarithm)), right.shape)];
    },
  }));
}

/** b · a^(b−1), without the 0 · ∞ of b = 0 at a = 0. */
function slope(a: Tensor, b: Tensor): Tensor {
  const fixed = constantValue(b);
  if (fixed !== null && fixed.data.length === 1) {
    const exponent = item(fixed);
    return exponent === 0 ? mul(a, 0) : mul(pow(a, exponent - 1), exponent);
  }
  return where(equal(b, 0), 0, mul(b, pow(a, sub(b, 1))));
}

/**
 * y = |x|. The gradient at 0 is 0.
 *
 * x: any numeric type, any shape → y: same shape.
 * ONNX `Abs`, opset 13.
 */
export function abs(x: Tensor): Tensor {
  return unary("Abs", x, { gradient: (dy) => mul(dy, sign(x)), integers: true });
}

/**
 * y = sin x, x in radians.
 *
 * x: float, any shape → y: same shape, in [−1, 1].
 * ONNX `Sin`, opset 7.
 */
export function sin(x: Tensor): Tensor {
  return unary("Sin", x, { gradient: (dy) => mul(dy, cos(x)) });
}

/**
 * y = cos x, x in radians.
 *
 * x: float, any shape → y: same shape, in [−1, 1].
 * ONNX `Cos`, opset 7.
 */
export function cos(x: Tensor): Tensor {
  return unary("Cos", x, { gradient: (dy) => neg(mul(dy, sin(x))) });
}

/**
 * Hyperbolic tangent; dx = dy · (1 − y²).
 *
 * x: float, any shape → y: same shape, in (−1, 1).
 * ONNX `Tanh`, opset 13.
 */
export function tanh(x: Tensor): Tensor {
  return unary("Tanh", x, { gradient: (dy, y) => mul(dy, sub(1, square(y))) });
}

/**
 * The error function 2/√π ∫₀ˣ e^(−t²) dt.
 *
 * x: float, any shape → y: same shape, in (−1, 1).
 * ONNX `Erf`, opset 13.
 */
export function erf(x: Tensor): Tensor {
  return unary("Erf", x, { gradient: (dy) => mul(dy, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))) });
}

/**
 * y = 1 / (1 + e⁻ˣ); dx = dy · y · (1 − y).
 *
 * x: float, any shape → y: same shape, in (0, 1).
 * ONNX `Sigmoid`, opset 13.
 */
export function sigmoid(x: Tensor): Tensor {
  return unary("Sigmoid", x, { gradient: (dy, y) => mul(dy, mul(y, sub(1, y))) });
}

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

/**
 * y = max(x, 0). The gradient at 0 is 0.
 *
 * x: float, any shape → y: same shape, at least 0.
 * ONNX `Relu`, opset 14.
 */
export function relu(x: Tensor): Tensor {
  return unary("Relu", x, { gradient: (dy, y) => mul(dy, cast(greater(y, 0), dy.dtype)) });
}

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

/**
 * y = x · s with s = sigmoid(a x); dx = dy · (s + a · y · (1 − s)).
 *
 * ONNX Runtime's own `QuickGelu` makes it one pass on the CPU; elsewhere `Sigmoid` and `Mul`.
 */
function swish(x: Tensor, a: number): Tensor {
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

/**
 * y = x · sigmoid(x), also called swish (Ramachandran et al. 2017).
 *
 * x: float, any shape → y: same shape, at least −0.2785.
 */
export function silu(x: Tensor): Tensor {
  return swish(x, 1);
}

/**
 * y = x · sigmoid(1.702 x), a fast approximation of GELU (Hendrycks and Gimpel 2016, section 2), used by CLIP.
 *
 * x: float, any shape → y: same shape.
 */
export function quickGelu(x: Tensor): Tensor {
  return swish(x, 1.702);
}

/**
 * The largest integer not above x. The derivative is 0 wherever it exists, so no gradient flows.
 *
 * x: float, any shape → y: same shape.
 * ONNX `Floor`, opset 13.
 */
export function floor(x: Tensor): Tensor {
  return unary("Floor", x, { gradient: null });
}

/**
 * The nearest integer, halves to the even one. The derivative is 0 wherever it exists, so no gradient flows.
 *
 * x: float, any shape → y: same shape.
 * ONNX `Round`, opset 11.
 */
export function round(x: Tensor): Tensor {
  return unary("Round", x, { gradient: null });
}
