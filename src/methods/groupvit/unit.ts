import type { Tensor } from "../../graph/tensor.ts";
import { add, div, sqrt, sumSquare } from "../../ops/index.ts";

/** Vectors of the last axis divided by their length; 0 stays 0. x: [..., C] float → the same shape. */
export function unitVectors(x: Tensor): Tensor {
  const squares = sumSquare(x, { axes: [-1], keepDims: true });
  return div(x, sqrt(add(squares, 1e-24)));
}
