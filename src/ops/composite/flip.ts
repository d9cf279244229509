import type { Tensor } from "../../graph/tensor.ts";
import { slice } from "../slice.ts";

/**
 * x with the order of elements reversed along `axes`.
 *
 * x: any type → y: same shape.
 */
export function flip(x: Tensor, { axes }: { axes: readonly number[] }): Tensor {
  return slice(
    x,
    axes.map((axis) => ({ axis, step: -1 })),
  );
}
