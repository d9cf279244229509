/** Sums, products and their inverses. */
import { type Attribute, type Lowering, node, type Tensor } from "../graph/tensor.ts";
import { elementwise, type Operand, sumTo } from "./broadcast.ts";
import { requireFloat } from "./require.ts";

interface UnaryOptions {
  /** dx from (dy, y), null where the derivative is zero everywhere it exists. */
  readonly gradient: ((dy: Tensor, y: Tensor) => Tensor) | null;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
  readonly lower?: Lowering;
  /** Whether integers are allowed too. */
  readonly integers?: boolean;
}

/** Applies an element-wise operator of one operand: same type, same shape. */
export function unary(op: string, x: Tensor, { gradient, integers = false, ...options }: UnaryOptions): Tensor {
  if (!integers) requireFloat(op, x);
  return node(op, [x], { ...options, output: x, gradient: gradient && ((dy, y) => [gradient(dy, y)]) });
}

/**
 * y = a + b, broadcasting.
 *
 * a, b: same numeric type, broadcastable shapes; a plain number takes the other's type → y: the broadcast shape.
 * ONNX `Add`, opset 14.
 */
export function add(a: Operand, b: Operand): Tensor {
  return elementwise("Add", a, b, (left, right) => ({
    gradient: (dy) => [sumTo(dy, left.shape), sumTo(dy, right.shape)],
  }));
}

/**
 * y = a − b, broadcasting.
 *
 * a, b: same numeric type, broadcastable shapes; a plain number takes the other's type → y: the broadcast shape.
 * ONNX `Sub`, opset 14.
 */
export function sub(a: Operand, b: Operand): Tensor {
  return elementwise("Sub", a, b, (left, right) => ({
    gradient: (dy) => [sumTo(dy, left.shape), neg(sumTo(dy, right.shape))],
  }));
}

/**
 * y = a · b, broadcasting.
 *
 * a, b: same numeric type, broadcastable shapes; a plain number takes the other's type → y: the broadcast shape.
 * ONNX `Mul`, opset 14.
 */
export function mul(a: Operand, b: Operand): Tensor {
  if (typeof a !== "number" && a === b) return square(a);
  return elementwise("Mul", a, b, (left, right) => ({
    gradient: (dy) => [sumTo(mul(dy, right), left.shape), sumTo(mul(dy, left), right.shape)],
  }));
}

/**
 * y = a / b, broadcasting. Integers are divided towards zero.
 *
 * a, b: same numeric type, broadcastable shapes; a plain number takes the other's type → y: the broadcast shape.
 * ONNX `Div`, opset 14.
 */
export function div(a: Operand, b: Operand): Tensor {
  return elementwise("Div", a, b, (left, right) => ({
    gradient: (dy, y) => {
      const scaled = div(dy, right);
      return [sumTo(scaled, left.shape), neg(sumTo(mul(scaled, y), right.shape))];
    },
  }));
}

/**
 * y = −x.
 *
 * x: any numeric type, any shape → y: same shape.
 * ONNX `Neg`, opset 13.
 */
export function neg(x: Tensor): Tensor {
  return unary("Neg", x, { gradient: (dy) => neg(dy), integers: true });
}

/**
 * y = x².
 *
 * x: any numeric type → y: same shape.
 * ONNX `Mul` of x with itself; dx = 2x · dy is given once, to the first operand.
 */
export function square(x: Tensor): Tensor {
  return node("Mul", [x, x], { output: x, gradient: (dy) => [mul(mul(dy, x), 2), null] });
}

/**
 * y = 1 / x.
 *
 * x: float, any shape → y: same shape.
 * ONNX `Reciprocal`, opset 13.
 */
export function reciprocal(x: Tensor): Tensor {
  return unary("Reciprocal", x, { gradient: (dy, y) => neg(mul(dy, square(y))) });
}
