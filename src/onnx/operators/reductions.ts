import { fromNumbers } from "../../array/ndarray.ts";
import { normalizeAxis } from "../../array/shape.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import * as ops from "../../ops/index.ts";
import { keep } from "../keep.ts";
import type { Reader } from "../reading.ts";
import { flattened } from "./flattened.ts";

type Reduce = (x: Tensor, options: { axes?: readonly number[]; keepDims?: boolean }) => Tensor;

/** Axes are an attribute up to opset 17 (12 for sums) and an input since. */
const reduction =
  (build: Reduce): Reader =>
  (r) => {
    const x = r.input(0);
    const named = r.integersOrInput("axes", 1);
    if (named === null) return null;
    const none = named === undefined || named.length === 0;
    const every = none && r.integer("noop_with_empty_axes", 0) === 0;
    const axes = every ? x.shape.map((_, axis) => axis) : (named ?? []);
    const keepDims = r.integer("keepdims", 1) === 1;
    const along = new Set(axes.map((axis) => normalizeAxis(r.where, axis, x.shape.length)));
    if (![...along].some((axis) => x.shape[axis] === 0)) return [build(x, { axes, keepDims })];
    // Nothing is taken together: ONNX Runtime knows what each operator makes of that.
    const kept = x.shape.map((size, axis) => (along.has(axis) ? 1 : size));
    const shape = keepDims ? kept : kept.filter((_, axis) => !along.has(axis));
    return keep(r, {
      inputs: [x, constant(fromNumbers("int64", [along.size], along))],
      attributes: { keepdims: keepDims ? 1 : 0 },
      outputs: [{ dtype: x.dtype, shape }],
    });
  };

const index =
  (build: (x: Tensor, options: { axis: number; keepDims: boolean }) => Tensor): Reader =>
  (r) => {
    if (r.integer("select_last_index", 0) === 1) return null;
    return [build(r.input(0), { axis: r.integer("axis", 0), keepDims: r.integer("keepdims", 1) === 1 })];
  };

/** Up to opset 12, softmax flattens: it runs over all axes from `axis` on. */
const softmax =
  (build: (x: Tensor, options: { axis: number }) => Tensor): Reader =>
  (r) => {
    const x = r.input(0);
    if (r.opset >= 13) return [build(x, { axis: r.integer("axis", -1) })];
    const axis = normalizeAxis(r.where, r.integer("axis", 1), x.shape.length);
    return [ops.reshape(build(flattened(x, axis), { axis: 1 }), x.shape)];
  };

export const reductionReaders: Readonly<Record<string, Reader>> = {
  ReduceSum: reduction(ops.sum),
  ReduceMean: reduction(ops.mean),
  ReduceMax: reduction(ops.max),
  ReduceMin: reduction(ops.min),
  ReduceSumSquare: reduction(ops.sumSquare),
  // Over no axes: |x|, without the overflow of x².
  ReduceL2: reduction((x, options) => (options.axes?.length === 0 ? ops.abs(x) : ops.sqrt(ops.sumSquare(x, options)))),
  ReduceL1: reduction((x, options) => ops.sum(ops.abs(x), options)),
  ReduceLogSum: reduction((x, options) => ops.log(ops.sum(x, options))),
  ReduceLogSumExp: reduction(ops.logSumExp),
  ReduceProd: reduction(ops.prod),
  ArgMax: index(ops.argMax),
  ArgMin: index(ops.argMin),
  Softmax: softmax(ops.softmax),
  LogSoftmax: softmax(ops.logSoftmax),
  CumSum: (r) => {
    const axis = r.numbers(1);
    if (axis == null) return null;
    const [exclusive, reverse] = [r.integer("exclusive", 0) === 1, r.integer("reverse", 0) === 1];
    return [ops.cumSum(r.input(0), { axis: axis[0], exclusive, reverse })];
  },
  TopK: (r) => {
    const k = r.has("k") ? [r.integer("k", 1)] : r.numbers(1);
    if (k == null) return null;
    const options = { axis: r.integer("axis", -1), largest: r.integer("largest", 1) === 1 };
    const { values, indices } = ops.topK(r.input(0), k[0], options);
    return [values, indices];
  },
};
