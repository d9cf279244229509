import { normalizeAxis, show } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import * as ops from "../../ops/index.ts";
import type { Reader, Reading } from "../reading.ts";
import { empty } from "./empty.ts";
import { flattened } from "./flattened.ts";
import { rangeOf } from "./range-of.ts";

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
    // One element needs no step, and one of 2⁶³ would not survive as a number of ours.
    const [end, stride] = shape[axis] === 1 ? [range.from + 1, 1] : [range.to, step];
    // A range without an end stops before the first element when it goes back.
    return { axis, start: range.from, end: end < 0 ? undefined : end, step: stride };
  });
  return [shape.includes(0) ? empty(x.dtype, shape) : ops.slice(x, ranges)];
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
  if (given !== undefined && r.has("num_outputs")) {
    throw new InputError(
      `${r.where}: expected either sizes of the parts or num_outputs, got both. The file is damaged.`,
    );
  }
  if (wanted !== count || (given ?? r.outputs).length !== count) {
    throw new InputError(
      `${r.where}: expected ${given?.length ?? wanted} outputs, one for each part, got ${count}. The file is damaged.`,
    );
  }
  const each = Math.ceil(size / count);
  const sizes = given ?? r.outputs.map((_, i) => Math.min(each, size - i * each));
  // Our operator makes no empty parts.
  const filled = sizes.filter((part) => part !== 0);
  const parts = filled.length === 0 && size === 0 ? [] : ops.split(x, filled, { axis });
  const along = normalizeAxis(r.where, axis, x.shape.length);
  let next = 0;
  return sizes.map((part) => (part === 0 ? empty(x.dtype, x.shape.with(along, 0)) : parts[next++]));
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

export const shapeReaders: Readonly<Record<string, Reader>> = {
  Reshape: reshape,
  Flatten: (r) => {
    const x = r.input(0);
    const axis = r.integer("axis", 1);
    if (axis < 0 && r.opset < 11) {
      throw new InputError(
        `${r.where}: expected an axis from 0 on in operator set ${r.opset}, got ${axis}. The file is damaged.`,
      );
    }
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
};
