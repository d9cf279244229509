import { allocate, type Dtype } from "../../array/dtype.ts";
import { fromNumbers } from "../../array/ndarray.ts";
import { normalizeAxis, show } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import { constant, constantValue, type Tensor } from "../../graph/tensor.ts";
import * as ops from "../../ops/index.ts";
import { keep } from "../keep.ts";
import type { Reader, Reading } from "../reading.ts";
import { flattened } from "./flattened.ts";
import { rangeOf } from "./range-of.ts";

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
    return [ops.reshape(build(flattened(x, r.integer("axis", 1)), { axis: 1 }), x.shape)];
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

/** Axes counted from the front, of a tensor with `rank` axes. Throws InputError for those that it does not have. */
function fromFront(r: Reading, axes: readonly number[], rank: number): Set<number> {
  const along = new Set(axes.map((axis) => normalizeAxis(r.where, axis, rank)));
  if (along.size < axes.length) {
    throw new InputError(`${r.where}: expected every axis once, got ${show(axes)}. The file is damaged.`);
  }
  return along;
}

function squeeze(r: Reading): readonly Tensor[] | null {
  const x = r.input(0);
  const axes = r.integersOrInput("axes", 1);
  if (axes === null) return null;
  const named = axes?.length ? axes : x.shape.flatMap((size, axis) => (size === 1 ? [axis] : []));
  const gone = new Set(named.map((axis) => normalizeAxis(r.where, axis, x.shape.length)));
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
  const added = fromFront(r, axes, rank);
  const sizes = x.shape.values();
  const shape = Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : sizes.next().value!));
  return [ops.reshape(x, shape)];
}

function slice(r: Reading): readonly Tensor[] | null {
  const x = r.input(0);
  const starts = r.integersOrInput("starts", 1);
  const ends = r.integersOrInput("ends", 2);
  const axes = r.integersOrInput("axes", 3);
  const steps = r.numbers(4);
  if (starts == null || ends == null || axes === null || steps === null) return null;
  if ([ends, axes ?? starts, steps ?? starts].some(({ length }) => length !== starts.length)) {
    throw new InputError(
      `${r.where}: expected starts, ends, axes and steps of one length, got others. The file is damaged.`,
    );
  }
  if (steps?.includes(0)) throw new InputError(`${r.where}: expected steps other than 0, got 0. The file is damaged.`);
  const along = [...fromFront(r, axes ?? starts.map((_, axis) => axis), x.shape.length)];
  const shape = [...x.shape];
  const ranges = starts.map((start, i) => {
    const axis = along[i];
    const step = steps?.[i] ?? 1;
    const range = rangeOf(x.shape[axis], start, ends[i], step);
    shape[axis] = Math.max(0, Math.ceil((range.to - range.from) / step));
    // A step of 2⁶³ would not survive as a number of ours, and one element needs none. Before the first element is where a range without an end stops.
    const one = shape[axis] <= 1;
    return { axis, start: range.from, end: range.to < 0 ? undefined : range.to, step: one ? Math.sign(step) : step };
  });
  return [shape.includes(0) ? empty(x.dtype, shape) : ops.slice(x, ranges)];
}

/** A tensor without elements. */
function empty(dtype: Dtype, shape: readonly number[]): Tensor {
  return constant({ dtype, shape, data: allocate(dtype, 0) });
}

function split(r: Reading): readonly Tensor[] | null {
  const x = r.input(0);
  const axis = r.integer("axis", 0);
  const size = x.shape.at(axis) ?? 0;
  const given = r.integersOrInput("split", 1);
  if (given === null) return null;
  const count = r.outputs.length;
  const wanted = r.integer("num_outputs", count);
  if (r.opset >= 18 && given === undefined && !r.has("num_outputs")) {
    throw new InputError(`${r.where}: expected sizes of the parts or num_outputs, got neither. The file is damaged.`);
  }
  if (wanted !== count || (given ?? r.outputs).length !== count) {
    throw new InputError(
      `${r.where}: expected ${given?.length ?? wanted} outputs, one for each part, got ${count}. The file is damaged.`,
    );
  }
  const each = Math.ceil(size / count);
  const even = r.outputs.map((_, i) => Math.min(each, size - i * each));
  return ops.split(x, given ?? even, { axis });
}

function pad(r: Reading): readonly Tensor[] | null {
  const x = r.input(0);
  const rank = x.shape.length;
  const pads = r.integersOrInput("pads", 1);
  const value = r.has("value") ? [r.float("value", 0)] : r.numbers(2);
  const axes = r.numbers(3);
  const mode = r.text("mode", "constant");
  if (pads == null || value === null || axes === null) return null;
  if (mode !== "constant" && mode !== "reflect" && mode !== "edge") return null;
  const along = [...fromFront(r, axes ?? x.shape.map((_, axis) => axis), rank)];
  if (pads.length !== 2 * along.length) {
    throw new InputError(
      `${r.where}: expected ${2 * along.length} pads, two for each axis, got ${pads.length}. The file is damaged.`,
    );
  }
  const [before, after] = [0, along.length].map((first) => {
    const counts = x.shape.map(() => 0);
    for (const [i, axis] of along.entries()) counts[axis] = pads[first + i];
    return counts;
  });
  // What is negative is cut off, before anything is added.
  const cuts = x.shape.flatMap((size, axis) => {
    const [start, end] = [Math.max(0, -before[axis]), size - Math.max(0, -after[axis])];
    return start === 0 && end === size ? [] : [{ axis, start, end }];
  });
  if (cuts.some(({ start, end }) => start >= end)) {
    throw new InputError(
      `${r.where}: expected pads that leave something, got ${show(pads)} for ${show(x.shape)}. The file is damaged.`,
    );
  }
  const inside = (counts: readonly number[]) => counts.map((count) => Math.max(0, count));
  const cut = cuts.length === 0 ? x : ops.slice(x, cuts);
  return [ops.pad(cut, { before: inside(before), after: inside(after), mode, value: value?.[0] ?? 0 })];
}

/** Negative indices count from the back. */
function oneHot(r: Reading): readonly Tensor[] | null {
  const indices = r.input(0);
  const depth = r.numbers(1);
  const range = r.input(2);
  const values = constantValue(range);
  if (depth == null) return null;
  if (depth.length !== 1 || (depth[0] > largestDepth && String(values?.data) === "0,1")) {
    const got = depth.length === 1 ? `${depth[0]}` : show(depth);
    throw new InputError(`${r.where}: expected a depth of 1 to ${largestDepth}, got ${got}. The file is damaged.`);
  }
  const plain = indices.dtype === "int64" || indices.dtype === "int32";
  if (!plain || values === null || String(values.data) !== "0,1") return null;
  const counted = ops.where(ops.less(indices, 0), ops.add(indices, depth[0]), indices);
  return [ops.oneHot(counted, depth[0], { axis: r.integer("axis", -1), dtype: range.dtype })];
}

/** Our operator compares with 0, 1, … depth − 1, which must be held; more classes than this, nobody has. */
const largestDepth = 2 ** 20;

/** Of the input, only the part that the indices cover is looked at. */
function gatherElements(r: Reading): readonly Tensor[] | null {
  const [x, indices] = [r.input(0), r.input(1)];
  const axis = normalizeAxis(r.where, r.integer("axis", 0), x.shape.length);
  const cuts = x.shape.flatMap((size, along) => {
    const end = indices.shape[along] ?? 0;
    return along === axis || end >= size || end === 0 ? [] : [{ axis: along, start: 0, end }];
  });
  if (indices.shape.length === x.shape.length && indices.shape.includes(0)) return [empty(x.dtype, indices.shape)];
  return [ops.takeAlong(cuts.length === 0 ? x : ops.slice(x, cuts), indices, { axis })];
}

export const shapeReaders: Readonly<Record<string, Reader>> = {
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

  Reshape: reshape,
  Flatten: (r) => {
    const x = r.input(0);
    const axis = r.integer("axis", 1);
    // Unlike elsewhere, behind the last axis is a place, too.
    if (Math.abs(axis) > x.shape.length || (axis < 0 && r.opset < 11)) normalizeAxis(r.where, axis, x.shape.length);
    return [flattened(x, axis)];
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
    if (!sizes.every((size) => size >= 0) || (value !== undefined && value.data.length !== 1)) {
      throw new InputError(
        `${r.where}: expected sizes of 0 or more and one value, got ${show(sizes)} and ${value?.data.length ?? 1}. The file is damaged.`,
      );
    }
    const one = value === undefined ? constant(0) : constant({ ...value, shape: [] });
    return [sizes.includes(0) ? empty(one.dtype, sizes) : ops.expand(one, sizes)];
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
  GatherElements: gatherElements,
  GatherND: (r) => [ops.gatherNd(r.input(0), r.input(1), { batchDims: r.integer("batch_dims", 0) })],
  ScatterElements: (r) => {
    if (r.text("reduction", "none") !== "add") return null;
    return [ops.scatterAdd(r.input(0), r.input(1), r.input(2), { axis: r.integer("axis", 0) })];
  },
  ScatterND: (r) =>
    r.text("reduction", "none") === "add" ? [ops.scatterNdAdd(r.input(0), r.input(1), r.input(2))] : null,
  OneHot: oneHot,
};
