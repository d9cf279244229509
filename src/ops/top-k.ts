import { normalizeAxis, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { nodes, type Tensor } from "../graph/tensor.ts";
import { integers } from "./composite/integers.ts";
import { constantLike } from "./constant-like.ts";
import { scatterAdd } from "./scatter-add.ts";

/**
 * The k largest elements along an axis, largest first (or the smallest, smallest first), and where they are. Of equal
 * elements, those with the lower index come first.
 *
 * x: float or integer, [..., N, ...], 1 ≤ k ≤ N → values: x's type, [..., k, ...]; indices: int64, same shape; the
 * gradient is that of the values.
 * ONNX `TopK`, opset 11.
 */
export function topK(
  x: Tensor,
  k: number,
  { axis = -1, largest = true }: { axis?: number; largest?: boolean } = {},
): { values: Tensor; indices: Tensor } {
  const along = normalizeAxis("topK", axis, x.shape.length);
  if (!Number.isInteger(k) || k < 1 || k > x.shape[along]) {
    throw new InputError(
      `topK: k must be a whole number from 1 to ${x.shape[along]}, got ${k}. Axis ${along} of ${show(x.shape)} has no more.`,
    );
  }
  const shape = x.shape.with(along, k);
  const [values, indices] = nodes("TopK", [x, integers([k])], {
    attributes: { axis: along, largest: largest ? 1 : 0, sorted: 1 },
    outputs: [
      { dtype: x.dtype, shape },
      { dtype: "int64", shape },
    ],
    gradient: (dy, _, { ys }) => [scatterAdd(constantLike(x, 0), ys[1], dy, { axis: along }), null],
  });
  return { values, indices };
}
