import { normalizeAxis, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { nodes, type Tensor } from "../graph/tensor.ts";
import { integers } from "./composite/integers.ts";
import { concat } from "./concat.ts";
import { constantLike } from "./constant-like.ts";

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
