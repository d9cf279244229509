import { fromNumbers } from "../array/ndarray.ts";
import { sameShape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { constant, node, type Tensor } from "../graph/tensor.ts";
import { cast } from "./cast.ts";
import { requireIndices } from "./composite/require.ts";
import { concat } from "./concat.ts";
import { constantLike } from "./constant-like.ts";
import { expand } from "./expand.ts";
import { scatterNdAdd } from "./scatter-nd-add.ts";

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
