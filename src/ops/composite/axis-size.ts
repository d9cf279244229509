import { normalizeAxis } from "../../array/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";

/**
 * The size of one axis of x, as a plain number: shapes are known while the graph is built. No gradient: it is no tensor.
 *
 * x: any type and shape → the size, a whole number.
 */
export function axisSize(x: Tensor, axis: number): number {
  return x.shape[normalizeAxis("axisSize", axis, x.shape.length)];
}
