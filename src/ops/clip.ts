import { InputError } from "../errors.ts";
import { constant, node, type Tensor } from "../graph/tensor.ts";
import { cast } from "./cast.ts";
import { equal } from "./equal.ts";
import { mul } from "./mul.ts";

/**
 * x limited to [min, max]. The gradient passes where x is within the limits, the limits included.
 *
 * x: any numeric type, any shape; min ≤ max, either may be left out → y: same shape.
 * ONNX `Clip`, opset 13.
 */
export function clip(x: Tensor, { min, max }: { min?: number; max?: number }): Tensor {
  if (min !== undefined && max !== undefined && !(min <= max)) {
    throw new InputError(`clip: min must not be above max, got ${min} and ${max}. Exchange them.`);
  }
  if (min === undefined && max === undefined) return x;
  const limits = [min, max].map((limit) => (limit === undefined ? null : constant(limit, x.dtype)));
  return node("Clip", [x, ...limits], {
    output: x,
    // y = x exactly where x is within the limits.
    gradient: (dy, y) => [mul(dy, cast(equal(x, y), dy.dtype)), null, null],
  });
}
