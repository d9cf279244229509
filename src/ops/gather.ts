import { normalizeAxis } from "../array/shape.ts";
import { constant, node, type Tensor } from "../graph/tensor.ts";
import { requireIndices } from "./composite/require.ts";
import { expand } from "./expand.ts";
import { reshape } from "./reshape.ts";
import { scatterNdAdd } from "./scatter-nd-add.ts";
import { transpose } from "./transpose.ts";

/**
 * Entries of x along an axis, by number, such as rows of an embedding table.
 *
 * x: [..., N, ...] any type; indices: int64 or int32, any shape, in [−N, N), negative ones from the back
 * → y: x's shape with `axis` replaced by the shape of the indices. Entries taken twice add up their gradients.
 * ONNX `Gather`, opset 13.
 */
export function gather(x: Tensor, indices: Tensor, { axis = 0 }: { axis?: number } = {}): Tensor {
  requireIndices("gather", indices);
  const along = normalizeAxis("gather", axis, x.shape.length);
  return node("Gather", [x, indices], {
    attributes: { axis: along },
    output: { dtype: x.dtype, shape: x.shape.toSpliced(along, 1, ...indices.shape) },
    gradient: (dy) => [scatterBack(dy, x, indices, along), null],
  });
}

/** dx: rows of dy added to the rows of zeros that they were taken from, with the axis moved to the front meanwhile. */
function scatterBack(dy: Tensor, x: Tensor, indices: Tensor, along: number): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  const toFront = [along, ...axes.filter((axis) => axis !== along)];
  const picked = indices.shape.map((_, i) => along + i);
  const rows = transpose(dy, [...picked, ...dy.shape.map((_, axis) => axis).filter((axis) => !picked.includes(axis))]);
  const zeros = expand(
    constant(0, x.dtype),
    toFront.map((axis) => x.shape[axis]),
  );
  const dx = scatterNdAdd(zeros, reshape(indices, [...indices.shape, 1]), rows);
  return transpose(
    dx,
    axes.map((axis) => toFront.indexOf(axis)),
  );
}
