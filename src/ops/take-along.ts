import { normalizeAxis } from "../array/shape.ts";
import { node, type Tensor } from "../graph/tensor.ts";
import { requireAlong } from "./composite/require-along.ts";
import { constantLike } from "./constant-like.ts";
import { scatterAdd } from "./scatter-add.ts";

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
