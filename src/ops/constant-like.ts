import type { Tensor } from "../graph/tensor.ts";
import { constant } from "../graph/tensor.ts";
import { expand } from "./expand.ts";

/** A tensor of x's shape and type filled with `value`; no gradient reaches x. */
export function constantLike(x: Tensor, value: number): Tensor {
  return expand(constant(value, x.dtype), x.shape);
}
