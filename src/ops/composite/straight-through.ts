import { sameShape, show } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import { node, type Tensor } from "../../graph/tensor.ts";

/**
 * The value of `hard` with the gradient of `soft` (Bengio et al. 2013, the straight-through estimator): what is
 * rounded, thresholded or drawn on the way forward is passed over on the way back.
 *
 * hard, soft: same type and shape → y: hard; dy goes to soft unchanged.
 */
export function straightThrough(hard: Tensor, soft: Tensor): Tensor {
  if (hard.dtype !== soft.dtype || !sameShape(hard.shape, soft.shape)) {
    throw new InputError(
      `straightThrough: hard and soft must have one type and shape, ` +
        `got ${hard.dtype} ${show(hard.shape)} and ${soft.dtype} ${show(soft.shape)}. Cast or reshape one.`,
    );
  }
  return node("StraightThrough", [hard, soft], {
    output: hard,
    gradient: (dy) => [null, dy],
    lower: ([hard]) => [hard!],
  });
}
