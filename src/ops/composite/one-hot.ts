import type { Dtype } from "../../array/dtype.ts";
import { fromNumbers } from "../../array/ndarray.ts";
import { normalizeAxis } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import { cast } from "../cast.ts";
import { equal } from "../equal.ts";
import { unsqueeze } from "../unsqueeze.ts";
import { requireIndices } from "./require.ts";

/**
 * 1 at the index, 0 elsewhere, along a new axis of `depth` entries. An index outside [0, depth), such as an ignore
 * label, gives zeros only. No gradient: the indices are whole numbers.
 *
 * indices: int64 or int32, any shape → y: `dtype`, one axis more, which is axis `axis` of the result.
 * Differs from ONNX `OneHot`, which leaves the GPU and counts negative indices from the back: comparison with 0, 1, ….
 */
export function oneHot(
  indices: Tensor,
  depth: number,
  { axis = -1, dtype = "float32" }: { axis?: number; dtype?: Dtype } = {},
): Tensor {
  requireIndices("oneHot", indices);
  if (!Number.isInteger(depth) || depth < 1) {
    throw new InputError(`oneHot: depth must be a positive whole number, got ${depth}. Pass the number of classes.`);
  }
  const along = normalizeAxis("oneHot", axis, indices.shape.length + 1);
  const shape = Array.from({ length: indices.shape.length + 1 }, (_, i) => (i === along ? depth : 1));
  const entries = constant(
    fromNumbers(
      indices.dtype,
      shape,
      Array.from({ length: depth }, (_, i) => i),
    ),
  );
  return cast(equal(unsqueeze(indices, along), entries), dtype);
}
