import type { Tensor } from "../../graph/tensor.ts";
import { cast } from "../cast.ts";
import { div } from "../div.ts";
import { equal } from "../equal.ts";
import { mul } from "../mul.ts";
import { sum } from "../sum.ts";

/** dx of the largest or smallest element y of x over `axes` (kept): dy shared equally by the elements equal to y. */
export function extremeGradient(dy: Tensor, y: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  const chosen = cast(equal(x, y), dy.dtype);
  return mul(chosen, div(dy, sum(chosen, { axes, keepDims: true })));
}
