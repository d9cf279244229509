import { isFloat, largestFinite } from "../array/dtype.ts";
import { normalizeAxis, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { nodes, type Tensor } from "../graph/tensor.ts";
import { comparable } from "./composite/extreme.ts";
import { integers } from "./composite/integers.ts";
import { minimum } from "./minimum.ts";
import { takeAlong } from "./take-along.ts";

/**
 * The k largest elements along an axis, largest first (or the smallest, smallest first), and where they are. Of equal
 * elements, those with the lower index come first. NaN counts as the largest.
 *
 * x: float or integer, [..., N, ...], 1 ≤ k ≤ N → values: x's type, [..., k, ...]; indices: int64, same shape; the
 * gradient is that of the values.
 * ONNX `TopK`, opset 11; differs: that leaves open what becomes of NaN.
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
  const [values, indices] = nodes("TopK", [ordered(x), integers([k])], {
    attributes: { axis: along, largest: largest ? 1 : 0, sorted: 1 },
    outputs: [
      { dtype: x.dtype, shape },
      { dtype: "int64", shape },
    ],
    gradient: null, // the values are taken from x by index, and their gradient goes back the same way
  });
  return { values: isFloat(x.dtype) ? takeAlong(x, indices, { axis: along }) : values, indices };
}

/** x with NaN above all numbers, infinity among them, as far as a comparison can tell. */
function ordered(x: Tensor): Tensor {
  return isFloat(x.dtype) ? comparable(minimum(x, largestFinite(x.dtype))) : x;
}
