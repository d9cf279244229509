import { sizeOf } from "../../array/shape.ts";
import { constant, constantValue, type Tensor } from "../../graph/tensor.ts";
import * as ops from "../../ops/index.ts";
import type { Reader, Reading } from "../reading.ts";

type Reduce = (x: Tensor, options: { axes?: readonly number[]; keepDims?: boolean }) => Tensor;

/** Axes are an attribute up to opset 17 (12 for sums) and an input since. */
const reduction =
  (build: Reduce): Reader =>
  (r) => {
    const axes = r.integersOrInput("axes", 1);
    if (axes === null) return null;
    const all = axes === undefined || axes.length === 0;
    if (all && r.integer("noop_with_empty_axes", 0) === 1) return [r.input(0)];
    return [build(r.input(0), { axes: all ? undefined : axes, keepDims: r.integer("keepdims", 1) === 1 })];
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
    const axis = r.integer("axis", 1);
    const from = axis < 0 ? axis + x.shape.length : axis;
    const flat = ops.reshape(x, [sizeOf(x.shape.slice(0, from)), -1]);
    return [ops.reshape(build(flat, { axis: 1 }), x.shape)];
  };

function reshape(r: Reading): readonly Tensor[] | null {
  const x = r.input(0);
  const sizes = r.integersOrInput("shape", 1);
  if (sizes == null) return null;
  const keepsZeros = r.integer("allowzero", 0) === 1;
  return [
    ops.reshape(
      x,
      sizes.map((size, axis) => (size === 0 && !keepsZeros ? (x.shape[axis] ?? 0) : size)),
    ),
  ];
}

function squeeze(r: Reading): readonly Tensor[] | null {
  const x = r.input(0);
  const axes = r.integersOrInput("axes", 1);
  if (axes === null) return null;
  const gone = new Set(
    (axes ?? x.shape.flatMap((size, axis) => (size === 1 ? [axis] : []))).map((axis) =>
      axis < 0 ? axis + x.shape.length : axis,
    ),
  );
  return [
    ops.reshape(
      x,
      x.shape.filter((_, axis) => !gone.has(axis)),
    ),
  ];
}

function unsqueeze(r: Reading): readonly Tensor[] | null {
  const x = r.input(0);
  const axes = r.integersOrInput("axes", 1);
  if (axes == null) return null;
  const rank = x.shape.length + axes.length;
  const shape = [...x.shape];
  for (const axis of axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b))
    shape.splice(axis, 0, 1);
  return [ops.reshape(x, shape)];
}

/** Beyond this an index of a Slice means "to the end"; files have 2³¹ − 1 and 2⁶³ − 1 for it. */
const farAway = 2 ** 31 - 1;

function slice(r: Reading): readonly Tensor[] | null {
  const starts = r.integersOrInput("starts", 1);
  const ends = r.integersOrInput("ends", 2);
  const axes = r.integersOrInput("axes", 3);
  const steps = r.numbers(4);
  if (starts == null || ends == null || axes === null || steps === null) return null;
  const limited = (end: number) => (Math.abs(end) >= farAway ? undefined : end);
  return [
    ops.slice(
      r.input(0),
      starts.map((start, i) => ({
        axis: axes?.[i] ?? i,
        start: limited(start),
        end: limited(ends[i]),
        step: steps?.[i] ?? 1,
      })),
    ),
  ];
}

function split(r: Reading): readonly Tensor[] | null {
  const x = r.input(0);
  const axis = r.integer("axis", 0);
  const size = x.shape.at(axis) ?? 0;
  const given = r.integersOrInput("split", 1);
  if (given === null) return null;
  const count = r.integer("num_outputs", r.outputs.length);
  const each = Math.ceil(size / count);
  const even = Array.from({ length: count }, (_, i) => Math.min(each, size - i * each));
  return ops.split(x, given ?? even, { axis });
}

function pad(r: Reading): readonly Tensor[] | null {
  const x = r.input(0);
  const pads = r.integersOrInput("pads", 1);
  const value = r.has("value") ? [r.float("value", 0)] : r.numbers(2);
  const axes = r.numbers(3);
  const mode = r.text("mode", "constant");
  if (pads == null || value === null || axes === null || pads.some((count) => count < 0)) return null;
  if (mode !== "constant" && mode !== "reflect" && mode !== "edge") return null;
  const before = x.shape.map(() => 0);
  const after = x.shape.map(() => 0);
  (axes ?? x.shape.map((_, axis) => axis)).forEach((axis, i, list) => {
    const along = axis < 0 ? axis + x.shape.length : axis;
    before[along] = pads[i];
    after[along] = pads[i + list.length];
  });
  return [ops.pad(x, { before, after, mode, value: value?.[0] ?? 0 })];
}

export const shapeReaders: Readonly<Record<string, Reader>> = {
  ReduceSum: reduction(ops.sum),
  ReduceMean: reduction(ops.mean),
  ReduceMax: reduction(ops.max),
  ReduceMin: reduction(ops.min),
  ReduceSumSquare: reduction(ops.sumSquare),
  ReduceL2: reduction((x, options) => ops.sqrt(ops.sumSquare(x, options))),
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

  Reshape: reshape,
  Flatten: (r) => {
    const x = r.input(0);
    const axis = r.integer("axis", 1);
    return [
      ops.reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis < 0 ? axis + x.shape.length : axis))]),
    ];
  },
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: (r) => {
    const x = r.input(0);
    return [ops.transpose(x, r.integers("perm") ?? x.shape.map((_, axis) => x.shape.length - 1 - axis))];
  },
  Expand: (r) => {
    const sizes = r.numbers(1);
    if (sizes == null) return null;
    // ONNX lets the input be larger than what is asked for: shapes broadcast both ways.
    const x = r.input(0);
    const rank = Math.max(sizes.length, x.shape.length);
    const shape = Array.from({ length: rank }, (_, i) => {
      const wanted = sizes[i - rank + sizes.length] ?? 1;
      return wanted === 1 ? (x.shape[i - rank + x.shape.length] ?? 1) : wanted;
    });
    return [ops.expand(x, shape)];
  },
  ConstantOfShape: (r) => {
    const sizes = r.numbers(0);
    if (sizes == null) return null;
    const value = r.array("value");
    const one = value === undefined ? constant(0) : constant({ ...value, shape: [] });
    return [ops.expand(one, sizes)];
  },
  Concat: (r) => [
    ops.concat(
      r.inputs.map((_, i) => r.input(i)),
      { axis: r.integer("axis", 0) },
    ),
  ],
  Slice: slice,
  Split: split,
  Pad: pad,

  Gather: (r) => [ops.gather(r.input(0), r.input(1), { axis: r.integer("axis", 0) })],
  GatherElements: (r) => [ops.takeAlong(r.input(0), r.input(1), { axis: r.integer("axis", 0) })],
  GatherND: (r) => [ops.gatherNd(r.input(0), r.input(1), { batchDims: r.integer("batch_dims", 0) })],
  ScatterElements: (r) => {
    if (r.text("reduction", "none") !== "add") return null;
    return [ops.scatterAdd(r.input(0), r.input(1), r.input(2), { axis: r.integer("axis", 0) })];
  },
  ScatterND: (r) =>
    r.text("reduction", "none") === "add" ? [ops.scatterNdAdd(r.input(0), r.input(1), r.input(2))] : null,
  OneHot: (r) => {
    const depth = r.numbers(1);
    const range = r.optional(2);
    const values = range === undefined ? null : constantValue(range);
    if (depth == null || range === undefined || values === null || String(values.data) !== "0,1") return null;
    return [ops.oneHot(r.input(0), depth[0], { axis: r.integer("axis", -1), dtype: range.dtype })];
  },
};
