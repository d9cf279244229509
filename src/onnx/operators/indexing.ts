import { fromNumbers } from "../../array/ndarray.ts";
import { normalizeAxis, show } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import { constant, constantValue, type Tensor } from "../../graph/tensor.ts";
import * as ops from "../../ops/index.ts";
import { keep } from "../keep.ts";
import type { Reader, Reading } from "../reading.ts";
import { empty } from "./empty.ts";

/** Up to so many classes our operator is used, which compares with 0, 1, … and holds these numbers. */
const mostClasses = 4096;

/** Negative indices count from the back. */
function oneHot(r: Reading): readonly Tensor[] | null {
  const [indices, values] = [r.input(0), r.input(2)];
  const depth = r.numbers(1);
  if (depth == null) return null;
  if (depth.length !== 1 || !(depth[0] >= 1)) {
    throw new InputError(`${r.where}: expected a depth of at least 1, got ${show(depth)}. The file is damaged.`);
  }
  const classes = Math.trunc(depth[0]);
  const plain = indices.dtype === "int64" || indices.dtype === "int32";
  const zeroAndOne = String(constantValue(values)?.data) === "0,1";
  if (plain && zeroAndOne && classes <= mostClasses) {
    const counted = ops.where(ops.less(indices, 0), ops.add(indices, classes), indices);
    return [ops.oneHot(counted, classes, { axis: r.integer("axis", -1), dtype: values.dtype })];
  }
  // ONNX Runtime has kernels for few types; whole numbers of any kind fit into these.
  const wide = values.dtype === "float32" ? "float32" : "int64";
  if (wide === "int64" && values.dtype.startsWith("float")) return null;
  const inputs = [ops.cast(indices, "int64"), constant(fromNumbers("int64", [1], [classes])), ops.cast(values, wide)];
  return keep(r, { inputs }).map((y) => ops.cast(y, values.dtype));
}

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

export const indexingReaders: Readonly<Record<string, Reader>> = {
  Gather: (r) => [ops.gather(r.input(0), r.input(1), { axis: r.integer("axis", 0) })],
  GatherElements: gatherElements,
  GatherND: (r) => [ops.gatherNd(r.input(0), r.input(1), { batchDims: r.integer("batch_dims", 0) })],
  ScatterElements: (r) => {
    // Our operator wants updates as large as the input on all axes but one.
    const [axis, x, indices] = [r.integer("axis", 0), r.input(0), r.input(1)];
    const along = normalizeAxis(r.where, axis, x.shape.length);
    const whole = x.shape.every((size, i) => i === along || size === indices.shape[i]);
    if (r.text("reduction", "none") !== "add" || indices.shape.length !== x.shape.length || !whole) return null;
    return [ops.scatterAdd(r.input(0), r.input(1), r.input(2), { axis: r.integer("axis", 0) })];
  },
  ScatterND: (r) =>
    r.text("reduction", "none") === "add" ? [ops.scatterNdAdd(r.input(0), r.input(1), r.input(2))] : null,
  OneHot: oneHot,
};
