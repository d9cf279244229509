import type { Dtype } from "../../array/dtype.ts";
import type { Tensor } from "../../graph/tensor.ts";
import * as ops from "../../ops/index.ts";
import type { Reader, Reading } from "../reading.ts";
import { dtypeOf } from "../tensor-proto.ts";

const unary =
  (build: (x: Tensor) => Tensor): Reader =>
  (r) => [build(r.input(0))];

const binary =
  (build: (a: Tensor, b: Tensor) => Tensor): Reader =>
  (r) => [build(r.input(0), r.input(1))];

/** Operators of any number of operands, two at a time. */
const folded =
  (build: (a: Tensor, b: Tensor) => Tensor): Reader =>
  (r) => [r.inputs.slice(1).reduce<Tensor>((total, _, i) => build(total, r.input(i + 1)), r.input(0))];

/** ONNX Runtime has no kernels for integers of 16 bits here; those of 32 give the same. */
const widened =
  (build: (a: Tensor, b: Tensor) => Tensor) =>
  (a: Tensor, b: Tensor): Tensor => {
    if (a.dtype !== b.dtype || (a.dtype !== "int16" && a.dtype !== "uint16")) return build(a, b);
    return ops.cast(build(ops.cast(a, "int32"), ops.cast(b, "int32")), a.dtype);
  };

/** Of float32 alone: the others stay nodes of ONNX. */
const ofFloats =
  (build: (x: Tensor, r: Reading) => Tensor): Reader =>
  (r) =>
    r.input(0).dtype === "float32" ? [build(r.input(0), r)] : null;

/** x where it is above 0, elsewhere what `negative` makes of min(x, 0); both parts have their gradient. */
const bent = (x: Tensor, negative: (x: Tensor) => Tensor) => ops.add(ops.relu(x), negative(ops.minimum(x, 0)));

/** max(0, min(1, α x + β)). */
const hardSigmoid = (x: Tensor, alpha: number, beta: number) =>
  ops.clip(ops.add(ops.mul(x, alpha), beta), { min: 0, max: 1 });

/** Activations made of our operators, so that what lies before them learns. */
const floatReaders: Readonly<Record<string, Reader>> = {
  HardSigmoid: ofFloats((x, r) => hardSigmoid(x, r.float("alpha", 0.2), r.float("beta", 0.5))),
  HardSwish: ofFloats((x) => ops.mul(x, hardSigmoid(x, 1 / 6, 0.5))),
  Elu: ofFloats((x, r) => bent(x, (low) => ops.mul(ops.sub(ops.exp(low), 1), r.float("alpha", 1)))),
  Selu: ofFloats((x, r) =>
    ops.mul(
      bent(x, (low) => ops.mul(ops.sub(ops.exp(low), 1), r.float("alpha", 1.6732632423543772))),
      r.float("gamma", 1.0507009873554805),
    ),
  ),
  Mish: ofFloats((x) => ops.mul(x, ops.tanh(ops.softplus(x)))),
  Softsign: ofFloats((x) => ops.div(x, ops.add(ops.abs(x), 1))),
  PRelu: ofFloats((x, r) => bent(x, (low) => ops.mul(low, r.input(1)))),
};

const integerTypes: readonly Dtype[] = ["int8", "int16", "int32", "int64", "uint8", "uint16"];

export const elementwiseReaders: Readonly<Record<string, Reader>> = {
  Abs: unary(ops.abs),
  Cos: unary(ops.cos),
  Erf: unary(ops.erf),
  Exp: unary(ops.exp),
  Floor: unary(ops.floor),
  Log: unary(ops.log),
  Neg: unary(ops.neg),
  Not: unary(ops.not),
  Reciprocal: unary(ops.reciprocal),
  Relu: unary(ops.relu),
  Round: unary(ops.round),
  Sigmoid: unary(ops.sigmoid),
  Sign: unary(ops.sign),
  Sin: unary(ops.sin),
  Softplus: unary(ops.softplus),
  Sqrt: unary(ops.sqrt),
  Tanh: unary(ops.tanh),
  Identity: unary((x) => x),
  Gelu: (r) => [ops.gelu(r.input(0), { approximate: r.text("approximate", "none") === "tanh" ? "tanh" : "none" })],
  LeakyRelu: (r) => {
    const x = r.input(0);
    return [ops.sub(ops.relu(x), ops.mul(ops.relu(ops.neg(x)), r.float("alpha", 0.01)))];
  },
  ...floatReaders,

  Add: binary(ops.add),
  Sub: binary(ops.sub),
  Mul: binary(ops.mul),
  // Integers divide with truncation: the operator is the same, its gradient would not be; none is asked for.
  Div: binary(ops.div),
  Pow: (r) => {
    const [a, b] = [r.input(0), r.input(1)];
    const exponent = r.numbers(1);
    // A plain number allows the gradient that knows it; ONNX also allows another type for the exponent.
    if (exponent?.length === 1 && b.shape.length === 0 && !integerTypes.includes(a.dtype))
      return [ops.pow(a, exponent[0])];
    return a.dtype === b.dtype ? [ops.pow(a, b)] : null;
  },
  Max: folded(widened(ops.maximum)),
  Min: folded(widened(ops.minimum)),
  Sum: folded(ops.add),

  And: binary(ops.and),
  Or: binary(ops.or),
  Equal: binary(ops.equal),
  Less: binary(ops.less),
  LessOrEqual: binary(ops.lessOrEqual),
  Greater: binary(ops.greater),
  GreaterOrEqual: binary(ops.greaterOrEqual),
  Where: (r) => [ops.where(r.input(0), r.input(1), r.input(2))],

  Cast: (r) => [ops.cast(r.input(0), dtypeOf(r.integer("to", 0), r.where))],
  CastLike: (r) => [ops.cast(r.input(0), r.input(1).dtype)],
  Clip: (r) => {
    const limits = [0, 1].map((i) => {
      const name = ["min", "max"][i];
      return r.has(name) ? [r.float(name, 0)] : r.numbers(i + 1);
    });
    const [min, max] = limits;
    if (min === null || max === null) return null;
    const [x, low, high] = [r.input(0), min?.[0], max?.[0]];
    // Where the lower limit is above the upper one, the upper one wins.
    if (low !== undefined && high !== undefined && low > high) return [ops.minimum(ops.maximum(x, low), high)];
    return [ops.clip(x, { min: low, max: high })];
  },
};
