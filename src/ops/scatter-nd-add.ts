import { sameShape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { node, type Tensor } from "../graph/tensor.ts";
import { cast } from "./cast.ts";
import { requireIndices } from "./composite/require.ts";
import { scatterRows } from "./composite/scatter-rows.ts";
import { gatherNd } from "./gather-nd.ts";

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
