import { fromNumbers } from "../../array/ndarray.ts";
import { sizeOf, stridesOf } from "../../array/shape.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import { add } from "../add.ts";
import { expand } from "../expand.ts";
import { less } from "../less.ts";
import { mul } from "../mul.ts";
import { reshape } from "../reshape.ts";
import { scatterAdd } from "../scatter-add.ts";
import { sum } from "../sum.ts";
import { where } from "../where.ts";

/** `scatterNdAdd` by `ScatterElements`: the axes that are indexed become one axis of rows, the others its columns. */
export function scatterRows(x: Tensor, indices: Tensor, updates: Tensor): Tensor {
  const count = indices.shape[indices.shape.length - 1];
  const rows = sizeOf(x.shape.slice(0, count));
  const columns = sizeOf(x.shape.slice(count));
  const picked = sizeOf(indices.shape.slice(0, -1));
  const row = expand(reshape(flatIndex(indices, x.shape.slice(0, count)), [picked, 1]), [picked, columns]);
  const y = scatterAdd(reshape(x, [rows, columns]), row, reshape(updates, [picked, columns]), { axis: 0 });
  return reshape(y, x.shape);
}

/** Coordinates [..., n] as numbers of elements [...], negative coordinates counted from the back. */
function flatIndex(coordinates: Tensor, sizes: readonly number[]): Tensor {
  if (sizes.length === 1) return coordinates; // ScatterElements takes negative ones as they are
  const limits = constant(fromNumbers("int64", [sizes.length], sizes));
  const strides = constant(fromNumbers("int64", [sizes.length], stridesOf(sizes)));
  const positive = where(less(coordinates, 0), add(coordinates, limits), coordinates);
  return sum(mul(positive, strides), { axes: [-1] });
}
