/** Shapes of outputs of operators that are kept as they are, as far as constants in the file decide them. */
import type { Dtype } from "../../array/dtype.ts";
import { toNumbers } from "../../array/ndarray.ts";
import { broadcastShapes, type Shape } from "../../array/shape.ts";
import { type Attribute, constantValue, type Tensor, type TensorType } from "../../graph/tensor.ts";
import { dtypeOf } from "../tensor-proto.ts";

/** Element-wise operators that we do not have, whose output is like their input. */
const like =
  "Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Cosh Elu HardSigmoid HardSwish Hardmax LRN LpNormalization MeanVarianceNormalization Mish PRelu ReverseSequence ScatterElements ScatterND Selu Shrink Sinh Softsign Tan ThresholdedRelu Trilu";

/** Operators whose inputs broadcast and whose output has the type of the first. */
const broadcasting = "BitShift BitwiseAnd BitwiseOr BitwiseXor Mean Mod Pow Xor";

interface Given {
  readonly inputs: readonly (Tensor | null)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly where: string;
}

/** The first output's type, or null where it cannot be known. Inputs and attributes have passed their signature. */
type Rule = (node: Given) => TensorType | null;

/** What the first output of an operator must be; null where only the file can tell. */
export function keptType(op: string, node: Given): TensorType | null {
  return Object.hasOwn(rules, op) ? rules[op](node) : null;
}

/** The numbers of a constant input, or null. */
export function constantNumbers(tensor: Tensor | null | undefined): readonly number[] | null {
  const value = tensor == null ? null : constantValue(tensor);
  return value === null ? null : toNumbers(value);
}

/** The first input's type with another shape. */
function shaped({ inputs: [x] }: Given, shape: Shape | null): TensorType | null {
  return shape === null ? null : { dtype: x!.dtype, shape };
}

function sameAsInput({ inputs: [x] }: Given): TensorType {
  return { dtype: x!.dtype, shape: x!.shape };
}

function broadcast({ inputs, where }: Given): TensorType {
  const given = inputs as readonly Tensor[];
  const shape = given.reduce<Shape>((total, { shape }) => broadcastShapes(where, total, shape), []);
  return { dtype: given[0].dtype, shape };
}

function tile(node: Given): TensorType | null {
  const repeats = constantNumbers(node.inputs[1]);
  const { shape } = node.inputs[0]!;
  return shaped(node, repeats === null ? null : shape.map((size, axis) => size * (repeats[axis] ?? Number.NaN)));
}

function range(node: Given): TensorType | null {
  const [start, limit, delta] = node.inputs.map((input) => constantNumbers(input)?.[0]);
  if (start === undefined || limit === undefined || delta === undefined) return null;
  return shaped(node, [Math.max(0, Math.ceil((limit - start) / delta))]);
}

/** Sizes or scales, of all axes or of those named. */
function resize(node: Given): TensorType | null {
  const { inputs, attributes } = node;
  const x = inputs[0]!;
  const { axes = x.shape.map((_, axis) => axis), keep_aspect_ratio_policy: policy = "stretch" } = attributes;
  const [scales, sizes] = [constantNumbers(inputs[2]) ?? [], constantNumbers(inputs[3]) ?? []];
  if (scales.length + sizes.length === 0 || (sizes.length > 0 && policy !== "stretch")) return null;
  const shape = [...x.shape];
  for (const [i, axis] of (axes as readonly number[]).entries()) {
    const along = axis < 0 ? axis + shape.length : axis;
    shape[along] =
      sizes.length > 0 ? (sizes[i] ?? Number.NaN) : Math.floor(Math.fround(shape[along] * (scales[i] ?? Number.NaN)));
  }
  return shaped(node, shape);
}

function pad(node: Given): TensorType | null {
  const { inputs } = node;
  const { shape } = inputs[0]!;
  const pads = constantNumbers(inputs[1]);
  const axes = inputs[3] == null ? shape.map((_, axis) => axis) : constantNumbers(inputs[3]);
  if (pads === null || axes === null) return null;
  const padded = [...shape];
  for (const [i, axis] of axes.entries()) {
    padded[axis < 0 ? axis + shape.length : axis] += (pads[i] ?? Number.NaN) + (pads[i + axes.length] ?? Number.NaN);
  }
  return shaped(node, padded);
}

function oneHot({ inputs: [indices, depth, values], attributes: { axis = -1 } }: Given): TensorType | null {
  const count = constantNumbers(depth)?.[0];
  if (count === undefined) return null;
  const rank = indices!.shape.length + 1;
  return {
    dtype: values!.dtype,
    shape: indices!.shape.toSpliced((axis as number) < 0 ? (axis as number) + rank : (axis as number), 0, count),
  };
}

/** The type that an attribute names, as `TensorProto.DataType`. */
function named(attribute: Attribute | undefined, otherwise: Dtype, where: string): Dtype {
  return attribute === undefined ? otherwise : dtypeOf(attribute as number, where);
}

function eyeLike({ inputs: [x], attributes: { dtype }, where }: Given): TensorType {
  return { dtype: named(dtype, x!.dtype, where), shape: x!.shape };
}

function window({ inputs: [size], attributes: { output_datatype: type }, where }: Given): TensorType | null {
  const count = constantNumbers(size)?.[0];
  return count === undefined ? null : { dtype: named(type, "float32", where), shape: [count] };
}

function melWeightMatrix({ inputs, attributes: { output_datatype: type }, where }: Given): TensorType | null {
  const [bins, length] = [0, 1].map((i) => constantNumbers(inputs[i])?.[0]);
  if (bins === undefined || length === undefined) return null;
  return { dtype: named(type, "float32", where), shape: [Math.floor(length / 2) + 1, bins] };
}

function centerCropPad(node: Given): TensorType | null {
  const { shape } = node.inputs[0]!;
  const { axes = shape.map((_, axis) => axis) } = node.attributes;
  const sizes = constantNumbers(node.inputs[1]);
  if (sizes === null) return null;
  const result = [...shape];
  for (const [i, axis] of (axes as readonly number[]).entries())
    result[axis < 0 ? axis + shape.length : axis] = sizes[i];
  return shaped(node, result);
}

/** [N, C, H, W] → [N, H, W, 2], and the same with a depth. */
function affineGrid(node: Given): TensorType | null {
  const size = constantNumbers(node.inputs[1]);
  return shaped(node, size === null ? null : [size[0], ...size.slice(2), size.length - 2]);
}

const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(like.split(" ").map((op) => [op, sameAsInput])),
  ...Object.fromEntries(broadcasting.split(" ").map((op) => [op, broadcast])),
  AffineGrid: affineGrid,
  BlackmanWindow: window,
  CenterCropPad: centerCropPad,
  EyeLike: eyeLike,
  HammingWindow: window,
  HannWindow: window,
  MelWeightMatrix: melWeightMatrix,
  OneHot: oneHot,
  Pad: pad,
  Range: range,
  Resize: resize,
  Tile: tile,
};
