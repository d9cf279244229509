import { normalizeAxis, sizeOf } from "../../array/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import * as ops from "../../ops/index.ts";

/** x as a matrix: the axes before `axis` are its rows, those from `axis` on its columns. */
export function flattened(x: Tensor, axis: number): Tensor {
  // Unlike elsewhere, behind the last axis is a place, too.
  const rank = x.shape.length;
  const from = axis === rank ? rank : normalizeAxis("flatten", axis, rank);
  return ops.reshape(x, [sizeOf(x.shape.slice(0, from)), sizeOf(x.shape.slice(from))]);
}
