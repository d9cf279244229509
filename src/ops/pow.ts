import { item } from "../array/ndarray.ts";
import { constantValue, type Tensor } from "../graph/tensor.ts";
import { elementwise, type Operand } from "./composite/elementwise.ts";
import { square } from "./composite/square.ts";
import { sumTo } from "./composite/sum-to.ts";
import { equal } from "./equal.ts";
import { greater } from "./greater.ts";
import { log } from "./log.ts";
import { mul } from "./mul.ts";
import { sqrt } from "./sqrt.ts";
import { sub } from "./sub.ts";
import { where } from "./where.ts";

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
