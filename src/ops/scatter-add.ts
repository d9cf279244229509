import { normalizeAxis, sameShape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { node, type Tensor } from "../graph/tensor.ts";
import { requireAlong } from "./composite/require-along.ts";
import { takeAlong } from "./take-along.ts";

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
