import { allocate, type Dtype } from "../../array/dtype.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";

/** A tensor without elements; one of the sizes is 0. */
export function empty(dtype: Dtype, shape: readonly number[]): Tensor {
  return constant({ dtype, shape, data: allocate(dtype, 0) });
}
