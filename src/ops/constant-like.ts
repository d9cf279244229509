import { constant, type Tensor } from "../graph/tensor.ts";
import { expand } from "./expand.ts";

/**
 * A tensor of x's shape and type filled with one number. No gradient: it does not depend on x.
 *
 * x: any type → y: same type and shape, every element `value`.
 */
export function constantLike(x: Tensor, value: number): Tensor {
  return expand(constant(value, x.dtype), x.shape);
}
