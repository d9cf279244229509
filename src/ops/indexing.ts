/** Elements by number, and put back by number. */

import { type Dtype, isFloat, largestFinite } from "../array/dtype.ts";
import { fromNumbers } from "../array/ndarray.ts";
import { normalizeAxis, sameShape, show, sizeOf, stridesOf } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { constant, node, nodes, type Tensor } from "../graph/tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { constantLike, expand, sum, where } from "./broadcast.ts";
import { equal, less, minimum } from "./comparison.ts";
import { concat } from "./joining.ts";
import { comparable } from "./reductions.ts";
import { requireIndices } from "./require.ts";
import { cast, integers, reshape, transpose, unsqueeze } from "./shape.ts";

/** Throws unless `indices` can pick along `axis` of x: integers, and x's shape on all other axes. */
function requireAlong(where: string, x: Tensor, indices: Tensor, axis: number): void {
  requireIndices(where, indices);
  const fits = indices.shape.length === x.shape.length && x.shape.every((n, i) => i === axis || n === indices.shape[i]);
  if (!fits) {
    throw new InputError(
      `${where}: indices must have x's shape on all axes but ${axis}, ` +
        `got x ${show(x.shape)} and indices ${show(indices.shape)}. Expand the indices.`,
    );
  }
}

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

/**
 * One entry of x along an axis for each element of the indices, such as the logit of the labelled class.
 *
 * x: [..., N, ...]; indices: int64 or int32 in [−N, N), x's shape but for `axis` → y: the shape of the indices, on
 * axis 1 for instance y[i, j, k] = x[i, indices[i, j, k], k]. Entries taken twice add up their gradients.
 * ONNX `GatherElements`, opset 13.
 */
export function takeAlong(x: Tensor, indices: Tensor, { axis = -1 }: { axis?: number } = {}): Tensor {
  const along = normalizeAxis("takeAlong", axis, x.shape.length);
  requireAlong("takeAlong", x, indices, along);
  return node("GatherElements", [x, indices], {
    attributes: { axis: along },
    output: { dtype: x.dtype, shape: indices.shape },
    gradient: (dy) => [scatterAdd(constantLike(x, 0), indices, dy, { axis: along }), null],
  });
}

/**
 * x with each update added to one entry along an axis, repeated ones too: undoes `takeAlong`.
 *
 * x: [..., N, ...]; indices: int64 or int32 in [−N, N), x's shape but for `axis`; updates: x's type, the shape of the
 * indices → y: x's shape, on axis 1 for instance y[i, indices[i, j, k], k] += updates[i, j, k].
 * ONNX `ScatterElements` with reduction "add", opset 18.
 */
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor, { axis = -1 }: { axis?: number } = {}): Tensor {
  const along = normalizeAxis("scatterAdd", axis, x.shape.length);
  requireAlong("scatterAdd", x, indices, along);
  if (!sameShape(indices.shape, updates.shape) || updates.dtype !== x.dtype) {
    throw new InputError(
      `scatterAdd: updates must be ${x.dtype} of the indices' shape ${show(indices.shape)}, ` +
        `got ${updates.dtype} ${show(updates.shape)}. Expand or cast them.`,
    );
  }
  return node("ScatterElements", [x, indices, updates], {
    attributes: { axis: along, reduction: "add" },
    output: x,
    gradient: (dy) => [dy, null, takeAlong(dy, indices, { axis: along })],
  });
}

/**
 * Entries of x by their coordinates.
 *
 * x: [batch…, ...]; indices: [batch…, ..., n] int64 or int32, the last axis holding coordinates of the n axes of x
 * after the batch; batchDims: how many leading axes both share → y: [batch…, ..., what is left of x].
 * Entries taken twice add up their gradients.
 * ONNX `GatherND`, opset 13.
 */
export function gatherNd(x: Tensor, indices: Tensor, { batchDims = 0 }: { batchDims?: number } = {}): Tensor {
  requireIndices("gatherNd", indices);
  const count = indices.shape[indices.shape.length - 1];
  const fits =
    indices.shape.length > batchDims &&
    count >= 1 &&
    batchDims + count <= x.shape.length &&
    sameShape(x.shape.slice(0, batchDims), indices.shape.slice(0, batchDims));
  if (!fits) {
    throw new InputError(
      `gatherNd: x and indices must share ${batchDims} batch axes and the indices' last axis name further axes of x, ` +
        `got x ${show(x.shape)} and indices ${show(indices.shape)}. Check batchDims.`,
    );
  }
  const wide = cast(indices, "int64");
  return node("GatherND", [x, wide], {
    attributes: { batch_dims: batchDims },
    output: { dtype: x.dtype, shape: [...indices.shape.slice(0, -1), ...x.shape.slice(batchDims + count)] },
    gradient: (dy) => [scatterNdAdd(constantLike(x, 0), withBatch(wide, batchDims), dy), null],
  });
}

/** Indices that name the batch axes too: ScatterND knows no batch. */
function withBatch(indices: Tensor, batchDims: number): Tensor {
  const { shape } = indices;
  const coordinates = shape.slice(0, batchDims).map((size, axis) => {
    const values = fromNumbers(
      "int64",
      shape.map((_, i) => (i === axis ? size : 1)),
      Array.from({ length: size }, (_, i) => i),
    );
    return expand(constant(values), shape.with(-1, 1));
  });
  return concat([...coordinates, indices], { axis: shape.length - 1 });
}

/**
 * x with each update added at its coordinates, repeated ones too: undoes `gatherNd`.
 *
 * x: any numeric type; indices: [..., n] int64 or int32, the last axis holding coordinates of x's first n axes;
 * updates: x's type, [..., what is left of x] → y: x's shape.
 * ONNX `ScatterND` with reduction "add", opset 18. Not on the CPU: ONNX Runtime's threads add to one element at the
 * same time there and lose updates (seen: 449,449 of 500,000), so `ScatterElements`, which one thread runs.
 */
export function scatterNdAdd(x: Tensor, indices: Tensor, updates: Tensor): Tensor {
  requireIndices("scatterNdAdd", indices);
  const count = indices.shape[indices.shape.length - 1];
  const expected = [...indices.shape.slice(0, -1), ...x.shape.slice(count)];
  if (!(count >= 1 && count <= x.shape.length) || !sameShape(expected, updates.shape) || updates.dtype !== x.dtype) {
    throw new InputError(
      `scatterNdAdd: updates must be ${x.dtype} ${show(expected)} for x ${show(x.shape)} and indices ${show(indices.shape)}, ` +
        `got ${updates.dtype} ${show(updates.shape)}. Reshape or cast them.`,
    );
  }
  const wide = cast(indices, "int64");
  return node("ScatterND", [x, wide, updates], {
    attributes: { reduction: "add" },
    output: x,
    gradient: (dy) => [dy, null, gatherNd(dy, wide)],
    lower: ([x, wide, updates], { device }) => (device === "cpu" ? [scatterRows(x!, wide!, updates!)] : null),
  });
}

/** `scatterNdAdd` by `ScatterElements`: the axes that are indexed become one axis of rows, the others its columns. */
function scatterRows(x: Tensor, indices: Tensor, updates: Tensor): Tensor {
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

/**
 * 1 at the index, 0 elsewhere, along a new axis of `depth` entries. An index outside [0, depth), such as an ignore
 * label, gives zeros only. No gradient: the indices are whole numbers.
 *
 * indices: int64 or int32, any shape → y: `dtype`, one axis more, which is axis `axis` of the result.
 * Differs from ONNX `OneHot`, which leaves the GPU and counts negative indices from the back: comparison with 0, 1, ….
 */
export function oneHot(
  indices: Tensor,
  depth: number,
  { axis = -1, dtype = "float32" }: { axis?: number; dtype?: Dtype } = {},
): Tensor {
  requireIndices("oneHot", indices);
  if (!Number.isInteger(depth) || depth < 1) {
    throw new InputError(`oneHot: depth must be a positive whole number, got ${depth}. Pass the number of classes.`);
  }
  const along = normalizeAxis("oneHot", axis, indices.shape.length + 1);
  const shape = Array.from({ length: indices.shape.length + 1 }, (_, i) => (i === along ? depth : 1));
  const entries = constant(
    fromNumbers(
      indices.dtype,
      shape,
      Array.from({ length: depth }, (_, i) => i),
    ),
  );
  return cast(equal(unsqueeze(indices, along), entries), dtype);
}

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
