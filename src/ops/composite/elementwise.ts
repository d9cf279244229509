import { broadcastShapes } from "../../array/shape.ts";
import type { Dtype } from "../../array/dtype.ts";
import { InputError } from "../../errors.ts";
import { constant, type Gradient, node, type Tensor } from "../../graph/tensor.ts";

/** An operand of a two-sided operator: a tensor, or a number that takes the other's type. */
export type Operand = Tensor | number;

/** Applies an element-wise operator of two operands: numbers become constants, types must agree, shapes broadcast. */
export function elementwise(
  op: string,
  a: Operand,
  b: Operand,
  rules: (left: Tensor, right: Tensor) => { gradient: Gradient | null; dtype?: Dtype },
): Tensor {
  const dtype = typeof a !== "number" ? a.dtype : typeof b !== "number" ? b.dtype : "float32";
  const left = typeof a === "number" ? constant(a, dtype) : a;
  const right = typeof b === "number" ? constant(b, dtype) : b;
  if (left.dtype !== right.dtype) {
    throw new InputError(`${op}: operands must have one type, got ${left.dtype} and ${right.dtype}. Cast one of them.`);
  }
  const { gradient, dtype: result = dtype } = rules(left, right);
  return node(op, [left, right], { output: { dtype: result, shape: broadcastShapes(op, left.shape, right.shape) }, gradient });
}
