import { normalizeAxis } from "../../array/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { split } from "../split.ts";
import { squeeze } from "../squeeze.ts";

/**
 * The entries of x along an axis, without that axis: undoes `stack`.
 *
 * x: any type → as many tensors as x has entries on `axis`, each one axis smaller.
 */
export function unstack(x: Tensor, { axis = 0 }: { axis?: number } = {}): readonly Tensor[] {
  const along = normalizeAxis("unstack", axis, x.shape.length);
  const sizes = new Array<number>(x.shape[along]).fill(1);
  return split(x, sizes, { axis: along }).map((piece) => squeeze(piece, along));
}
