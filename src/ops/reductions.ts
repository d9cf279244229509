/** Many elements taken together into one (`sum` is in broadcast.ts). */

import { isFloat } from "../array/dtype.ts";
import { normalizeAxis, show, sizeOf } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { constant, node, type Tensor } from "../graph/tensor.ts";
import { div, mul, square, sub } from "./arithmetic.ts";
import {
  constantLike,
  keptShape,
  normalizeAxes,
  type ReductionOptions,
  reducedCount,
  reduction,
  removedShape,
  spread,
  sum,
  where,
} from "./broadcast.ts";
import { equal, greater, isNan, or } from "./comparison.ts";
import { concat, split } from "./joining.ts";
import { cast, reshape, transpose } from "./shape.ts";

/**
 * Mean over `axes` (default: all); of nothing it is NaN.
 *
 * x: any numeric type → y: without the axes, or with size 1 there when `keepDims`.
 * ONNX `ReduceMean`, opset 18.
 */
export function mean(x: Tensor, options: ReductionOptions = {}): Tensor {
  if (reducedCount(x, normalizeAxes("mean", options.axes, x.shape.length)) === 0) return div(sum(x, options), 0);
  return reduction("ReduceMean", x, options, (dy, _, axes) => spread(mul(dy, 1 / reducedCount(x, axes)), x));
}

/**
 * Sum of squares over `axes` (default: all).
 *
 * x: float → y: without the axes, or with size 1 there when `keepDims`.
 * ONNX `ReduceSumSquare`, opset 18.
 */
export function sumSquare(x: Tensor, options: ReductionOptions = {}): Tensor {
  return reduction("ReduceSumSquare", x, options, (dy) => mul(mul(dy, 2), x), { single: square });
}

/**
 * Variance over `axes` (default: all): the mean squared distance from the mean, divided by n (biased).
 *
 * x: float → y: without the axes, or with size 1 there when `keepDims`; at least 0.
 */
export function variance(x: Tensor, { axes, keepDims = false }: ReductionOptions = {}): Tensor {
  const centred = sub(x, mean(x, { axes, keepDims: true }));
  return mean(square(centred), { axes, keepDims });
}

/**
 * Product over `axes` (default: all); of nothing it is 1.
 *
 * x: any numeric type → y: without the axes, or with size 1 there when `keepDims`.
 * Differs from ONNX `ReduceProd`: halves are multiplied until one is left, so that the gradient is right where x has
 * zeros too, and costs log₂ n multiplications in the graph.
 */
export function prod(x: Tensor, { axes: wanted, keepDims = false }: ReductionOptions = {}): Tensor {
  const axes = normalizeAxes("prod", wanted, x.shape.length);
  const others = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const rows = sizeOf(others.map((axis) => x.shape[axis]));
  let count = sizeOf(axes.map((axis) => x.shape[axis]));
  const shape = keepDims ? keptShape(x.shape, axes) : removedShape(x.shape, axes);
  if (count === 0) return constantLike({ ...x, shape }, 1);
  let product = reshape(transpose(x, [...others, ...axes]), [rows, count]);
  while (count > 1) {
    const half = count >> 1;
    const [left, right, ...rest] = split(product, count % 2 === 0 ? [half, half] : [half, half, 1], { axis: 1 });
    product = concat([mul(left, right), ...rest], { axis: 1 });
    count -= half;
  }
  return reshape(product, shape);
}

interface CumSumOptions {
  readonly axis?: number;
  /** From the end to the beginning. */
  readonly reverse?: boolean;
  /** Without the element itself: the first result is 0. */
  readonly exclusive?: boolean;
}

/**
 * Running sum along an axis: yᵢ = x₀ + … + xᵢ.
 *
 * x: any numeric type → y: same shape.
 * ONNX `CumSum`, opset 14.
 */
export function cumSum(x: Tensor, { axis = -1, reverse = false, exclusive = false }: CumSumOptions = {}): Tensor {
  const along = normalizeAxis("cumSum", axis, x.shape.length);
  return node("CumSum", [x, constant(along, "int64")], {
    attributes: { reverse: reverse ? 1 : 0, exclusive: exclusive ? 1 : 0 },
    output: x,
    gradient: (dy) => [cumSum(dy, { axis: along, reverse: !reverse, exclusive }), null],
  });
}

/**
 * Largest element over `axes` (default: all). Elements that tie share the gradient equally; NaN wins over all numbers.
 *
 * x: any numeric type, at least one element → y: without the axes, or with size 1 there when `keepDims`.
 * ONNX `ReduceMax`, opset 20; differs: that leaves open what becomes of NaN.
 */
export function max(x: Tensor, options: ReductionOptions = {}): Tensor {
  return extreme("ReduceMax", x, options);
}

/**
 * Smallest element over `axes` (default: all). Elements that tie share the gradient equally; NaN wins over all numbers.
 *
 * x: any numeric type, at least one element → y: without the axes, or with size 1 there when `keepDims`.
 * ONNX `ReduceMin`, opset 20; differs: that leaves open what becomes of NaN.
 */
export function min(x: Tensor, options: ReductionOptions = {}): Tensor {
  return extreme("ReduceMin", x, options);
}

/**
 * Largest and smallest elements with NaN as one more extreme: what is not a number is never passed over. ONNX Runtime's
 * own `ReduceMax`, `ReduceMin`, `MaxPool` and `TopK` compare, and a comparison with NaN is false, so there a NaN is lost
 * or keeps all others out, by its place.
 */

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

/**
 * Where along an axis the largest element is, the first of several. No gradient: the result is a whole number.
 *
 * x: any numeric type without NaN (which place is told where there is one is left open), [..., N, ...] → y: int64 in 0 … N − 1, without the axis, or with size 1 there when `keepDims`.
 * ONNX `ArgMax`, opset 13.
 */
export function argMax(x: Tensor, { axis = -1, keepDims = false }: { axis?: number; keepDims?: boolean } = {}): Tensor {
  const along = normalizeAxis("argMax", axis, x.shape.length);
  return node("ArgMax", [x], {
    attributes: { axis: along, keepdims: keepDims ? 1 : 0, select_last_index: 0 },
    output: { dtype: "int64", shape: keepDims ? x.shape.with(along, 1) : x.shape.toSpliced(along, 1) },
    gradient: null,
  });
}

/**
 * Where along an axis the smallest element is, the first of several. No gradient: the result is a whole number.
 *
 * x: any numeric type without NaN (which place is told where there is one is left open), [..., N, ...] → y: int64 in 0 … N − 1, without the axis, or with size 1 there when `keepDims`.
 * ONNX `ArgMin`, opset 13.
 */
export function argMin(x: Tensor, { axis = -1, keepDims = false }: { axis?: number; keepDims?: boolean } = {}): Tensor {
  const along = normalizeAxis("argMin", axis, x.shape.length);
  return node("ArgMin", [x], {
    attributes: { axis: along, keepdims: keepDims ? 1 : 0, select_last_index: 0 },
    output: { dtype: "int64", shape: keepDims ? x.shape.with(along, 1) : x.shape.toSpliced(along, 1) },
    gradient: null,
  });
}
