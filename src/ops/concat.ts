import { normalizeAxis, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { node, type Tensor } from "../graph/tensor.ts";
import { split } from "./split.ts";

/**
 * Tensors one after another along an axis.
 *
 * list: at least one; one type, equal sizes but for `axis` → y: the sum of their sizes on `axis`.
 * ONNX `Concat`, opset 13.
 */
export function concat(list: readonly Tensor[], { axis }: { axis: number }): Tensor {
  if (list.length === 0) throw new InputError("concat: expected at least one tensor, got none. Pass a filled list.");
  const [first] = list;
  const along = normalizeAxis("concat", axis, first.shape.length);
  for (const x of list) {
    const fits = x.shape.length === first.shape.length && x.shape.every((n, i) => i === along || n === first.shape[i]);
    if (!fits || x.dtype !== first.dtype) {
      throw new InputError(
        `concat: tensors must agree in type and in all axes but ${along}, ` +
          `got ${first.dtype} ${show(first.shape)} and ${x.dtype} ${show(x.shape)}. Cast, reshape or pad one.`,
      );
    }
  }
  if (list.length === 1) return first;
  const sizes = list.map(({ shape }) => shape[along]);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return node("Concat", list, {
    attributes: { axis: along },
    output: { dtype: first.dtype, shape: first.shape.with(along, total) },
    gradient: (dy) => split(dy, sizes, { axis: along }),
  });
}
