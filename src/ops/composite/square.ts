import { node, type Tensor } from "../../graph/tensor.ts";
import { mul } from "../mul.ts";

/**
 * y = x².
 *
 * x: any numeric type → y: same shape.
 * ONNX `Mul` of x with itself; dx = 2x · dy is given once, to the first operand.
 */
export function square(x: Tensor): Tensor {
  return node("Mul", [x, x], { output: x, gradient: (dy) => [mul(mul(dy, x), 2), null] });
}
