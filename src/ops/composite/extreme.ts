/**
 * Largest and smallest elements with NaN as one more extreme: what is not a number is never passed over. ONNX Runtime's
 * own `ReduceMax`, `ReduceMin`, `MaxPool` and `TopK` compare, and a comparison with NaN is false, so there a NaN is lost
 * or keeps all others out, by its place.
 */
import { isFloat } from "../../array/dtype.ts";
import { show } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import { cast } from "../cast.ts";
import { div } from "../div.ts";
import { equal } from "../equal.ts";
import { greater } from "../greater.ts";
import { isNan } from "../is-nan.ts";
import { mul } from "../mul.ts";
import { or } from "../or.ts";
import { sum } from "../sum.ts";
import { where } from "../where.ts";
import { normalizeAxes, type ReductionOptions, reducedCount, reduction } from "./reduction.ts";

type Extreme = "ReduceMax" | "ReduceMin";

/** The largest or smallest element over `axes`: NaN where one of them is NaN. Refuses to choose among none. */
export function extreme(op: Extreme, x: Tensor, options: ReductionOptions): Tensor {
  const name = op === "ReduceMax" ? "max" : "min";
  const axes = normalizeAxes(name, options.axes, x.shape.length);
  if (reducedCount(x, axes) === 0) {
    throw new InputError(
      `${name}: expected at least one element, got x ${show(x.shape)}, axes ${show(axes)}. Leave out what is empty.`,
    );
  }
  if (!isFloat(x.dtype)) return numericExtreme(op, x, options);
  return reduction(`${op}WithNaN`, x, options, (dy, y, axes) => extremeGradient(dy, y, x, axes), {
    lower: ([x]) => [
      withNaN(numericExtreme(op, x!, options), x!, (marks) => numericExtreme("ReduceMax", marks, options)),
    ],
  });
}

/** The same where no element is NaN, or where NaN shows elsewhere: ONNX Runtime's operator as it is. */
export function numericExtreme(op: Extreme, x: Tensor, options: ReductionOptions): Tensor {
  return reduction(op, x, options, (dy, y, axes) => extremeGradient(dy, y, x, axes));
}

/** y with NaN where `pool` finds a mark; marks: as x, 1 where x is NaN, else 0. */
export function withNaN(y: Tensor, x: Tensor, pool: (marks: Tensor) => Tensor): Tensor {
  const marked = greater(pool(cast(isNan(x), x.dtype)), 0);
  return where(marked, constant(Number.NaN, x.dtype), y);
}

/** x with NaN above (or below) all other numbers: what a comparison can find. */
export function comparable(x: Tensor): Tensor {
  return isFloat(x.dtype) ? where(isNan(x), constant(Number.POSITIVE_INFINITY, x.dtype), x) : x;
}

/** dx of the largest or smallest element y of x over `axes` (kept): dy shared equally by the elements equal to y. */
function extremeGradient(dy: Tensor, y: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  const same = isFloat(x.dtype) ? or(equal(x, y), isNan(x)) : equal(x, y); // y is NaN where one of its elements is
  const chosen = cast(same, dy.dtype);
  return mul(chosen, div(dy, sum(chosen, { axes, keepDims: true })));
}
