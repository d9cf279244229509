import { show } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { requireIndices } from "./require.ts";

/** Throws unless `indices` can pick along `axis` of x: integers, and x's shape on all other axes. */
export function requireAlong(where: string, x: Tensor, indices: Tensor, axis: number): void {
  requireIndices(where, indices);
  const fits = indices.shape.length === x.shape.length && x.shape.every((n, i) => i === axis || n === indices.shape[i]);
  if (!fits) {
    throw new InputError(
      `${where}: indices must have x's shape on all axes but ${axis}, ` +
        `got x ${show(x.shape)} and indices ${show(indices.shape)}. Expand the indices.`,
    );
  }
}
