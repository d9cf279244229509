/** Tensors one after another, and cut apart. */
import { normalizeAxis, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { node, nodes, type Tensor } from "../graph/tensor.ts";
import { constantLike } from "./broadcast.ts";
import { integers, squeeze, unsqueeze } from "./shape.ts";
import { slice } from "./slicing.ts";

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

/**
 * x cut into pieces along an axis.
 *
 * x: any type; sizes: whole numbers of at least 0, adding up to x's size on `axis` → one tensor for each size.
 * ONNX `Split`, opset 18.
 */
export function split(x: Tensor, sizes: readonly number[], { axis }: { axis: number }): readonly Tensor[] {
  const along = normalizeAxis("split", axis, x.shape.length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== x.shape[along] || !sizes.every((size) => Number.isInteger(size) && size >= 0)) {
    throw new InputError(
      `split: sizes must be whole numbers of at least 0 and add up to ${x.shape[along]}, got ${show(sizes)}. ` +
        `x has shape ${show(x.shape)}, cut along axis ${along}.`,
    );
  }
  if (sizes.length === 1) return [x];
  return nodes("Split", [x, integers(sizes)], {
    attributes: { axis: along },
    outputs: sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.with(along, size) })),
    gradient: (_, __, { dys, ys }) => [
      concat(
        dys.map((dy, i) => dy ?? constantLike(ys[i], 0)),
        { axis: along },
      ),
      null,
    ],
  });
}

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

/**
 * x shifted along axes, what leaves at one end coming back at the other: yᵢ = xᵢ₋ₛ.
 *
 * x: any type; shifts: whole numbers, one for each of `axes` → y: same shape.
 */
export function roll(x: Tensor, { shifts, axes }: { shifts: readonly number[]; axes: readonly number[] }): Tensor {
  if (shifts.length !== axes.length || !shifts.every(Number.isInteger)) {
    throw new InputError(
      `roll: expected one whole shift for each of ${axes.length} axes, got ${shifts}. Match the lists.`,
    );
  }
  return axes.reduce((y, axis, i) => {
    const along = normalizeAxis("roll", axis, x.shape.length);
    const size = x.shape[along];
    const cut = size === 0 ? 0 : ((-shifts[i] % size) + size) % size;
    if (cut === 0) return y;
    return concat([slice(y, [{ axis: along, start: cut }]), slice(y, [{ axis: along, end: cut }])], { axis: along });
  }, x);
}
