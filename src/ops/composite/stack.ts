import { InputError } from "../../errors.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { concat } from "../concat.ts";
import { unsqueeze } from "../unsqueeze.ts";

/**
 * Tensors of one shape side by side along a new axis, which is axis `axis` of the result.
 *
 * list: at least one; one type and shape → y: one axis more, its size the length of the list.
 */
export function stack(list: readonly Tensor[], { axis = 0 }: { axis?: number } = {}): Tensor {
  if (list.length === 0) throw new InputError("stack: expected at least one tensor, got none. Pass a filled list.");
  return concat(
    list.map((x) => unsqueeze(x, axis)),
    { axis: axis < 0 ? axis + list[0].shape.length + 1 : axis },
  );
}
