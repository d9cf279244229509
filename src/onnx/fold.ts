/** Arithmetic on shapes: models from other programs compute sizes in the graph, which are constants to us. */
import { fromNumbers, type NdArray, toNumbers } from "../array/ndarray.ts";
import { sizeOf } from "../array/shape.ts";
import { constant, constantValue, type Tensor } from "../graph/tensor.ts";
import { rangeOf } from "./operators/range-of.ts";
import type { Reading } from "./reading.ts";
import { dtypeOf } from "./tensor-proto.ts";

/** Only short lists of whole numbers are computed here; everything else is for ONNX Runtime. */
const longest = 256;

/** A short array of integers. They are exact: "to the end" is 2⁶³ − 1 in many files. */
interface Integers {
  readonly shape: readonly number[];
  readonly values: readonly bigint[];
}

/** The constants that a node of shape arithmetic gives, or null where it is something else. */
export function fold(r: Reading): readonly Tensor[] | null {
  if (r.op === "Split") return split(r);
  const tensor = folded(r);
  return tensor === null ? null : [tensor];
}

function folded(r: Reading): Tensor | null {
  if (r.op === "Constant") return constantNode(r);
  if (r.op === "Shape") return shapeNode(r);
  if (r.op === "Size") return integers("int64", { shape: [], values: [BigInt(sizeOf(r.input(0).shape))] });
  if (r.op === "ConstantOfShape") return filled(r);

  const given = r.inputs.map((tensor) => (tensor === null ? null : constantValue(tensor)));
  if (given.length === 0 || !given.every((value) => value !== null && isSmall(value))) return null;
  const arrays = given as NdArray[];
  const dtype = r.op === "Cast" ? dtypeOf(r.integer("to", 0), r.where) : arrays[0].dtype;
  if (dtype !== "int64" && dtype !== "int32") return null;
  const operands = arrays.map(({ shape, data }) => ({ shape, values: Array.from(data as ArrayLike<number>, BigInt) }));
  const result = compute(r, operands);
  return result === null || result.values.length > longest ? null : integers(dtype, result);
}

function compute(r: Reading, operands: readonly Integers[]): Integers | null {
  const [a, b] = operands;
  switch (r.op) {
    case "Cast":
    case "Identity":
      return a;
    case "Add":
    case "Sub":
    case "Mul":
    case "Div":
      return arithmetic(r.op, a, b);
    case "Gather":
      return gather(r, a, b);
    case "Slice":
      return slice(r.has("starts") ? [a, ...sliceAttributes(r)] : operands);
    case "Range":
      return range(operands);
    case "Neg":
      return { ...a, values: a.values.map((value) => -value) };
    case "Concat": {
      if (operands.some(({ shape }) => shape.length !== 1)) return null;
      // The same list named again and again would grow faster than the file.
      const count = operands.reduce((total, { values }) => total + values.length, 0);
      return count > longest ? null : { shape: [count], values: operands.flatMap(({ values }) => values) };
    }
    case "Unsqueeze":
      return a.shape.length === 0 && !r.has("axes") ? { shape: [1], values: a.values } : null;
    case "Squeeze":
      return a.shape.length === 1 && a.values.length === 1 ? { shape: [], values: a.values } : null;
    default:
      return null;
  }
}

/** Before operator set 10, as the inputs that they are since. */
function sliceAttributes(r: Reading): readonly Integers[] {
  const names = ["starts", "ends", ...(r.has("axes") ? ["axes"] : [])];
  return names.map((name) => ({ shape: [r.bigIntegers(name).length], values: r.bigIntegers(name) }));
}

/** A list in parts: TensorFlow's exporter takes paddings apart. */
function split(r: Reading): readonly Tensor[] | null {
  const list = constantValue(r.input(0));
  const axis = r.integer("axis", 0);
  const sizes = r.integersOrInput("split", 1) ?? r.outputs.map(() => (list?.data.length ?? 0) / r.outputs.length);
  const whole = sizes.reduce((total, size) => total + size, 0);
  if (list === null || !isSmall(list) || list.shape.length !== 1 || (axis !== 0 && axis !== -1)) return null;
  if (sizes.length !== r.outputs.length || whole !== list.data.length || !sizes.every(Number.isInteger)) return null;
  const values = Array.from(list.data as ArrayLike<number>, BigInt);
  return sizes.map((size) => integers(list.dtype as "int64", { shape: [size], values: values.splice(0, size) }));
}

/** Of a list: the first input; the others have one number each. */
function slice([a, ...rest]: readonly Integers[]): Integers | null {
  if (a.shape.length !== 1 || rest.some(({ values }) => values.length !== 1)) return null;
  const [start, end, axis = 0, step = 1] = rest.map(({ values }) => Number(values[0]));
  if (end === undefined || step === 0 || (axis !== 0 && axis !== -1)) return null;
  const { from, to } = rangeOf(a.values.length, start, end, step);
  const values: bigint[] = [];
  for (let i = from; step > 0 ? i < to : i > to; i += step) values.push(a.values[i]);
  return { shape: [values.length], values };
}

/** start, start + delta, … before limit. */
function range(operands: readonly Integers[]): Integers | null {
  const [start, limit, delta] = operands.map(({ values }) => values[0]);
  if (delta === undefined || delta === 0n) return null;
  const values: bigint[] = [];
  for (let i = start; delta > 0n ? i < limit : i > limit; i += delta) {
    if (values.push(i) > longest) return null;
  }
  return { shape: [values.length], values };
}

function arithmetic(op: "Add" | "Sub" | "Mul" | "Div", a: Integers, b: Integers): Integers | null {
  const [left, right] = [a.values, b.values];
  const scalar = left.length === 1 || right.length === 1;
  if (a.shape.length > 1 || b.shape.length > 1 || (left.length !== right.length && !scalar)) return null;
  if (op === "Div" && right.includes(0n)) return null;
  const count = left.length === 1 ? right.length : left.length;
  const values = Array.from({ length: count }, (_, i) =>
    operations[op](left[left.length === 1 ? 0 : i], right[right.length === 1 ? 0 : i]),
  );
  return { shape: a.shape.length + b.shape.length === 0 ? [] : [count], values };
}

const operations = {
  Add: (a: bigint, b: bigint) => a + b,
  Sub: (a: bigint, b: bigint) => a - b,
  Mul: (a: bigint, b: bigint) => a * b,
  Div: (a: bigint, b: bigint) => a / b,
};

function gather(r: Reading, a: Integers, b: Integers): Integers | null {
  if (a.shape.length !== 1 || r.integer("axis", 0) !== 0) return null;
  const values = b.values.map((index) => a.values.at(Number(index)));
  return values.includes(undefined) ? null : { shape: b.shape, values: values as bigint[] };
}

function isSmall({ dtype, data }: NdArray): boolean {
  return (dtype === "int64" || dtype === "int32") && data.length <= longest;
}

function shapeNode(r: Reading): Tensor {
  const { shape } = r.input(0);
  const part = shape.slice(r.integer("start", 0), r.has("end") ? r.integer("end", 0) : undefined);
  return integers("int64", { shape: [part.length], values: part.map(BigInt) });
}

/** A short list of one integer, such as the ones that are joined to a shape. */
function filled(r: Reading): Tensor | null {
  const [size, ...more] = r.numbers(0) ?? [];
  const value = r.array("value");
  if (size === undefined || more.length > 0 || size < 0 || size > longest) return null;
  if (value === undefined || value.data.length !== 1 || !isSmall(value)) return null;
  return constant(fromNumbers(value.dtype, [size], Array<number>(size).fill(toNumbers(value)[0])));
}

function constantNode(r: Reading): Tensor | null {
  const value = r.array("value");
  if (value !== undefined) return constant(value);
  if (r.has("value_float")) return constant(r.float("value_float", 0));
  if (r.has("value_int")) return integers("int64", { shape: [], values: r.bigIntegers("value_int") });
  if (r.has("value_ints")) {
    const values = r.bigIntegers("value_ints");
    return integers("int64", { shape: [values.length], values });
  }
  const floats = r.has("value_floats") ? (r.floats("value_floats") ?? []) : undefined;
  return floats === undefined ? null : constant(fromNumbers("float32", [floats.length], floats));
}

/** Beyond the type they wrap, as in ONNX Runtime. */
function integers(dtype: "int64" | "int32", { shape, values }: Integers): Tensor {
  const data =
    dtype === "int64"
      ? BigInt64Array.from(values)
      : Int32Array.from(values, (value) => Number(BigInt.asIntN(32, value)));
  return constant({ dtype, shape, data });
}
