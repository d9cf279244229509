/** Arithmetic on shapes: models from other programs compute sizes in the graph, which are constants to us. */
import { fromNumbers, type NdArray, toNumbers } from "../array/ndarray.ts";
import { constant, constantValue, type Tensor } from "../graph/tensor.ts";
import type { Reading } from "./reading.ts";
import { dtypeOf } from "./tensor-proto.ts";

/** Only short lists of whole numbers are computed here; everything else is for ONNX Runtime. */
const longest = 256;

/** The constant that a node of shape arithmetic gives, or null where it is something else. */
export function fold(r: Reading): Tensor | null {
  if (r.op === "Constant") return constantNode(r);
  if (r.op === "Shape") return shapeNode(r);
  if (r.op === "Size") return integers([], [r.input(0).shape.reduce((product, size) => product * size, 1)]);

  const values = r.inputs.map((tensor) => (tensor === null ? null : constantValue(tensor)));
  if (values.length === 0 || !values.every((value) => value !== null && isSmall(value))) return null;
  const arrays = values as NdArray[];
  const [first] = arrays;
  if (r.op === "Cast") {
    const dtype = dtypeOf(r.integer("to", 0), r.where);
    return dtype === "int64" || dtype === "int32" ? constant(fromNumbers(dtype, first.shape, toNumbers(first))) : null;
  }
  const result = compute(r, arrays);
  return result === null ? null : constant(fromNumbers(first.dtype, result.shape, result.numbers));
}

function compute(r: Reading, arrays: readonly NdArray[]): { shape: readonly number[]; numbers: number[] } | null {
  const [a, b] = arrays;
  const [left, right] = arrays.map(toNumbers);
  switch (r.op) {
    case "Add":
    case "Sub":
    case "Mul":
    case "Div": {
      if (
        a.shape.length > 1 ||
        b.shape.length > 1 ||
        (left.length !== right.length && left.length !== 1 && right.length !== 1)
      )
        return null;
      const count = left.length === 1 ? right.length : left.length;
      const numbers = Array.from({ length: count }, (_, i) =>
        arithmetic[r.op as keyof typeof arithmetic](left[left.length === 1 ? 0 : i], right[right.length === 1 ? 0 : i]),
      );
      return { shape: a.shape.length + b.shape.length === 0 ? [] : [count], numbers };
    }
    case "Gather": {
      if (a.shape.length !== 1 || r.integer("axis", 0) !== 0) return null;
      const numbers = right.map((index) => left[index < 0 ? index + left.length : index]);
      return numbers.includes(undefined as unknown as number) ? null : { shape: b.shape, numbers };
    }
    case "Concat": {
      if (arrays.some(({ shape }) => shape.length !== 1)) return null;
      const numbers = arrays.flatMap(toNumbers);
      return { shape: [numbers.length], numbers };
    }
    case "Unsqueeze":
      return a.shape.length === 0 ? { shape: [1], numbers: left } : null;
    case "Squeeze":
      return left.length === 1 ? { shape: [], numbers: left } : null;
    default:
      return null;
  }
}

const arithmetic = {
  Add: (a: number, b: number) => a + b,
  Sub: (a: number, b: number) => a - b,
  Mul: (a: number, b: number) => a * b,
  Div: (a: number, b: number) => Math.trunc(a / b),
};

function isSmall({ dtype, data }: NdArray): boolean {
  return (dtype === "int64" || dtype === "int32") && data.length <= longest;
}

function shapeNode(r: Reading): Tensor {
  const { shape } = r.input(0);
  const part = shape.slice(r.integer("start", 0), r.has("end") ? r.integer("end", 0) : undefined);
  return integers([part.length], part);
}

function constantNode(r: Reading): Tensor | null {
  const value = r.array("value");
  if (value !== undefined) return constant(value);
  if (r.has("value_float")) return constant(r.float("value_float", 0));
  if (r.has("value_int")) return integers([], [r.integer("value_int", 0)]);
  const list = r.integers("value_ints");
  if (r.has("value_ints") && list !== undefined) return integers([list.length], list);
  const floats = r.floats("value_floats");
  return r.has("value_floats") && floats !== undefined
    ? constant(fromNumbers("float32", [floats.length], floats))
    : null;
}

function integers(shape: readonly number[], numbers: readonly number[]): Tensor {
  return constant(fromNumbers("int64", shape, numbers));
}
