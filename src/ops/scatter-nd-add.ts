import { sameShape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { node, type Tensor } from "../graph/tensor.ts";
import { cast } from "./cast.ts";
import { requireIndices } from "./composite/require.ts";
import { gatherNd } from "./gather-nd.ts";

/**
 * x with each update added at its coordinates, repeated ones too: undoes `gatherNd`.
 *
 * x: any numeric type; indices: [..., n] int64 or int32, the last axis holding coordinates of x's first n axes;
 * updates: x's type, [..., what is left of x] → y: x's shape.
 * ONNX `ScatterND` with reduction "add", opset 18.
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
  });
}
