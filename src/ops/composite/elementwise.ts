import type { Dtype } from "../../array/dtype.ts";
import { broadcastShapes, type Shape, sameShape, sizeOf } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import { constant, type Gradient, node, type Tensor } from "../../graph/tensor.ts";
import { reshape } from "../reshape.ts";

/** An operand of a two-sided operator: a tensor, or a number that takes the other's type. */
export type Operand = Tensor | number;

/** Applies an element-wise operator of two operands: numbers become constants, types must agree, shapes broadcast. */
export function elementwise(
  op: string,
  a: Operand,
  b: Operand,
  rules: (left: Tensor, right: Tensor) => { gradient: Gradient | null; dtype?: Dtype },
): Tensor {
  const [left, right] = operands(op, a, b);
  const { gradient, dtype = left.dtype } = rules(left, right);
  const output = { dtype, shape: broadcastShapes(op, left.shape, right.shape) };
  return node(op, [left, right], {
    output,
    gradient,
    lower: (inputs) => {
      const given = inputs as readonly Tensor[];
      const small = withoutExpand(given, output.shape) ?? given;
      if (meetsNumberSlowly(small)) {
        const flat = small.map((x) => reshape(x, [-1]));
        const type = { dtype, shape: [sizeOf(output.shape)] };
        return [reshape(node(op, flat, { output: type, gradient: null }), output.shape)];
      }
      return small === given ? null : [node(op, small, { output, gradient })];
    },
  });
}

/**
 * Whether a tensor whose last axis has size 1 meets a single number: ONNX Runtime then works element by element, 10 to
 * 20 times slower than on the same numbers in a row (the weights of 1 × 1 convolutions in an optimizer, for one).
 */
function meetsNumberSlowly(inputs: readonly Tensor[]): boolean {
  const [size, other] = inputs.map(({ shape }) => sizeOf(shape)).sort((a, b) => b - a);
  return other === 1 && size > 1 && inputs.some(({ shape }) => sizeOf(shape) > 1 && shape[shape.length - 1] === 1);
}

/** Both operands as tensors of one type. */
export function operands(op: string, a: Operand, b: Operand): [Tensor, Tensor] {
  const dtype = typeof a !== "number" ? a.dtype : typeof b !== "number" ? b.dtype : "float32";
  const left = typeof a === "number" ? constant(a, dtype) : a;
  const right = typeof b === "number" ? constant(b, dtype) : b;
  if (left.dtype !== right.dtype) {
    throw new InputError(`${op}: operands must have one type, got ${left.dtype} and ${right.dtype}. Cast one of them.`);
  }
  return [left, right];
}

/**
 * The inputs of a broadcasting operator with needless `Expand`s left out: each saves a pass over the large tensor.
 * Null where there is none. Only for lowering: before that, someone may ask for the gradient of the expanded tensor.
 */
export function withoutExpand(inputs: readonly Tensor[], shape: Shape): Tensor[] | null {
  const result = [...inputs];
  inputs.forEach(({ source }, i) => {
    const inner = source.kind === "node" && source.op === "Expand" ? source.inputs[0] : null;
    if (inner === null) return;
    const shapes = result.map((x, j) => (i === j ? inner.shape : x.shape));
    if (
      sameShape(
        shapes.reduce((left, right) => broadcastShapes("expand", left, right), []),
        shape,
      )
    )
      result[i] = inner;
  });
  return result.some((x, i) => x !== inputs[i]) ? result : null;
}
