/** Truth values, and choosing by them. */

import { isFloat } from "../array/dtype.ts";
import { InputError } from "../errors.ts";
import { constant, node, type Tensor } from "../graph/tensor.ts";
import { add, mul, sub, unary } from "./arithmetic.ts";
import { elementwise, type Operand, operands, sumTo, where } from "./broadcast.ts";
import { requireFloat, requireType } from "./require.ts";
import { cast } from "./shape.ts";

/** Applies a comparison. Small integers are widened first: ONNX Runtime compares int32, int64 and floats. */
export function comparison(op: string, a: Operand, b: Operand): Tensor {
  const [left, right] = operands(op, a, b).map(widen);
  return elementwise(op, left, right, () => ({ gradient: null, dtype: "bool" }));
}

function widen(x: Tensor): Tensor {
  const small = x.dtype === "uint8" || x.dtype === "int8" || x.dtype === "uint16" || x.dtype === "int16";
  if (!small) return x;
  // A number compared with bytes must not be a byte itself: 300 would wrap.
  const value = x.source.kind === "constant" && x.shape.length === 0 ? x.source.value : null;
  return value === null ? cast(x, "int32") : constant(Number(value.data[0]), "int32");
}

/**
 * Whether a = b, element by element, broadcasting. No gradient: the result is a truth value.
 *
 * a, b: same type, broadcastable shapes; a plain number takes the other's type → y: bool, the broadcast shape.
 * ONNX `Equal`, opset 19.
 */
export function equal(a: Operand, b: Operand): Tensor {
  return comparison("Equal", a, b);
}

/**
 * Whether a ≠ b, element by element, broadcasting. No gradient: the result is a truth value.
 *
 * a, b: same type, broadcastable shapes; a plain number takes the other's type → y: bool, the broadcast shape.
 */
export function notEqual(a: Operand, b: Operand): Tensor {
  return not(equal(a, b));
}

/**
 * Whether a > b, element by element, broadcasting. No gradient: the result is a truth value.
 *
 * a, b: same type, broadcastable shapes; a plain number takes the other's type → y: bool, the broadcast shape.
 * ONNX `Greater`, opset 13.
 */
export function greater(a: Operand, b: Operand): Tensor {
  return comparison("Greater", a, b);
}

/**
 * Whether a ≥ b, element by element, broadcasting. No gradient: the result is a truth value.
 *
 * a, b: same type, broadcastable shapes; a plain number takes the other's type → y: bool, the broadcast shape.
 * ONNX `GreaterOrEqual`, opset 16.
 */
export function greaterOrEqual(a: Operand, b: Operand): Tensor {
  return comparison("GreaterOrEqual", a, b);
}

/**
 * Whether a < b, element by element, broadcasting. No gradient: the result is a truth value.
 *
 * a, b: same type, broadcastable shapes; a plain number takes the other's type → y: bool, the broadcast shape.
 * ONNX `Less`, opset 13.
 */
export function less(a: Operand, b: Operand): Tensor {
  return comparison("Less", a, b);
}

/**
 * Whether a ≤ b, element by element, broadcasting. No gradient: the result is a truth value.
 *
 * a, b: same type, broadcastable shapes; a plain number takes the other's type → y: bool, the broadcast shape.
 * ONNX `LessOrEqual`, opset 16.
 */
export function lessOrEqual(a: Operand, b: Operand): Tensor {
  return comparison("LessOrEqual", a, b);
}

/**
 * Whether both are true, element by element, broadcasting. No gradient: the result is a truth value.
 *
 * a, b: bool, broadcastable shapes → y: bool, the broadcast shape.
 * ONNX `And`, opset 7.
 */
export function and(a: Tensor, b: Tensor): Tensor {
  requireType("and", "a", a, "bool");
  requireType("and", "b", b, "bool");
  return elementwise("And", a, b, () => ({ gradient: null }));
}

/**
 * Whether at least one is true, element by element, broadcasting. No gradient: the result is a truth value.
 *
 * a, b: bool, broadcastable shapes → y: bool, the broadcast shape.
 * ONNX `Or`, opset 7.
 */
export function or(a: Tensor, b: Tensor): Tensor {
  requireType("or", "a", a, "bool");
  requireType("or", "b", b, "bool");
  return elementwise("Or", a, b, () => ({ gradient: null }));
}

/**
 * Whether x is false, element by element. No gradient: the result is a truth value.
 *
 * x: bool, any shape → y: bool, same shape.
 * ONNX `Not`, opset 1.
 */
export function not(x: Tensor): Tensor {
  requireType("not", "x", x, "bool");
  return unary("Not", x, { gradient: null, integers: true });
}

/**
 * Whether x is not a number, element by element. No gradient: the result is a truth value.
 *
 * x: float, any shape → y: bool, same shape.
 * ONNX `IsNaN`, opset 20; in portable graphs x ≠ x, which stays on the GPU.
 */
export function isNan(x: Tensor): Tensor {
  requireFloat("isNan", x);
  return node("IsNaN", [x], {
    output: { dtype: "bool", shape: x.shape },
    gradient: null,
    lower: ([x], target) => (target.operators === "native" && x!.dtype !== "float16" ? null : [not(equal(x!, x!))]),
  });
}

/** Shares dy between two operands: to `left` where `leftWins`, half to each where they are equal. */
export function choose(dy: Tensor, left: Tensor, right: Tensor, leftWins: Tensor): [Tensor, Tensor] {
  const share = add(cast(leftWins, dy.dtype), mul(cast(equal(left, right), dy.dtype), 0.5));
  const toLeft = mul(dy, share);
  return [sumTo(toLeft, left.shape), sumTo(sub(dy, toLeft), right.shape)];
}

/**
 * The larger of a and b, element by element, broadcasting. Where both are equal, each gets half of the gradient.
 *
 * a, b: same numeric type, broadcastable shapes; a plain number takes the other's type → y: the broadcast shape.
 * ONNX `Max`, opset 13.
 */
export function maximum(a: Operand, b: Operand): Tensor {
  return elementwise("Max", a, b, (left, right) => ({
    gradient: (dy) => choose(dy, left, right, greater(left, right)),
  }));
}

/**
 * The smaller of a and b, element by element, broadcasting. Where both are equal, each gets half of the gradient.
 *
 * a, b: same numeric type, broadcastable shapes; a plain number takes the other's type → y: the broadcast shape.
 * ONNX `Min`, opset 13.
 */
export function minimum(a: Operand, b: Operand): Tensor {
  return elementwise("Min", a, b, (left, right) => ({
    gradient: (dy) => choose(dy, left, right, less(left, right)),
  }));
}

/**
 * x limited to [min, max]. The gradient passes where x is within the limits, the limits included.
 *
 * x: any numeric type, any shape; min ≤ max, either may be left out → y: same shape.
 * ONNX `Clip`, opset 13.
 */
export function clip(x: Tensor, { min, max }: { min?: number; max?: number }): Tensor {
  if (min !== undefined && max !== undefined && !(min <= max)) {
    throw new InputError(`clip: min must not be above max, got ${min} and ${max}. Exchange them.`);
  }
  if (min === undefined && max === undefined) return x;
  const limits = [min, max].map((limit) => (limit === undefined ? null : constant(limit, x.dtype)));
  return node("Clip", [x, ...limits], {
    output: x,
    // y = x exactly where x is within the limits.
    gradient: (dy, y) => [mul(dy, cast(equal(x, y), dy.dtype)), null, null],
  });
}

/** A comparison with NaN is false, so NaN has to be put back. */
function signByComparing(x: Tensor): Tensor {
  const signs = sub(cast(greater(x, 0), x.dtype), cast(less(x, 0), x.dtype));
  return isFloat(x.dtype) ? where(isNan(x), x, signs) : signs;
}

/**
 * −1, 0 or 1: the sign of x, NaN of NaN. The derivative is 0 wherever it exists, so no gradient flows.
 *
 * x: any numeric type, any shape → y: same shape.
 * ONNX `Sign`, opset 13; where that would leave the GPU, two comparisons.
 */
export function sign(x: Tensor): Tensor {
  return unary("Sign", x, {
    gradient: null,
    integers: true,
    lower: ([x], { operators }) => (operators === "native" ? null : [signByComparing(x!)]),
  });
}
