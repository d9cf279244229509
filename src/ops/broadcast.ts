/** Stretching over axes and its undoing, summing; what operators of two operands share. */

import type { Dtype } from "../array/dtype.ts";
import { broadcastShapes, normalizeAxis, type Shape, sameShape, show, sizeOf } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { constant, type Gradient, type Lowering, node, type Tensor } from "../graph/tensor.ts";
import { requireType } from "./require.ts";
import { integers, reshape } from "./shape.ts";

export interface ReductionOptions {
  /** Which axes are taken together; default: all. */
  readonly axes?: readonly number[];
  /** Keep them with size 1 instead of removing them. */
  readonly keepDims?: boolean;
}

/** Axes from the front, ascending, without repeats; all when none are named. */
export function normalizeAxes(where: string, axes: readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  return [...new Set(axes.map((axis) => normalizeAxis(where, axis, rank)))].sort((a, b) => a - b);
}

/** `shape` with size 1 on `axes`. */
export function keptShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

/** `shape` without `axes`. */
export function removedShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.filter((_, axis) => !axes.includes(axis));
}

/** How many elements are taken together into one. */
export function reducedCount(x: Tensor, axes: readonly number[]): number {
  return sizeOf(axes.map((axis) => x.shape[axis]));
}

/**
 * Applies a reduction. `gradient` gets dy and y with the reduced axes kept, so that both broadcast against x.
 * `single` is what the reduction does to one element.
 */
export function reduction(
  op: string,
  x: Tensor,
  { axes: wanted, keepDims = false }: ReductionOptions,
  gradient: (dy: Tensor, y: Tensor, axes: readonly number[]) => Tensor,
  { single = (x) => x, lower }: { single?: (x: Tensor) => Tensor; lower?: Lowering } = {},
): Tensor {
  const axes = normalizeAxes(op, wanted, x.shape.length);
  const kept = keptShape(x.shape, axes);
  const shape = keepDims ? kept : removedShape(x.shape, axes);
  if (reducedCount(x, axes) === 1) return reshape(single(x), shape);
  return node(op, [x, integers(axes)], {
    attributes: { keepdims: keepDims ? 1 : 0 },
    output: { dtype: x.dtype, shape },
    gradient: (dy, y) => [gradient(reshape(dy, kept), reshape(y, kept), axes), null],
    ...(lower === undefined ? {} : { lower }),
  });
}

/** dy of a reduction (axes kept) spread over x. */
export function spread(dy: Tensor, x: Tensor): Tensor {
  return expand(dy, x.shape);
}

/**
 * x repeated along axes of size 1, and along new axes in front, to `shape`.
 *
 * x: any type, broadcastable to `shape` → y: `shape`; x itself where it has that shape already.
 * ONNX `Expand`, opset 13.
 */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShapes("expand", x.shape, shape), shape)) {
    throw new InputError(
      `expand: x must have size 1 where it is repeated, got ${show(x.shape)} for ${show(shape)}. Reshape x first.`,
    );
  }
  return node("Expand", [x, integers(shape)], {
    output: { dtype: x.dtype, shape },
    gradient: (dy) => [sumTo(dy, x.shape), null],
  });
}

/**
 * Sum over `axes` (default: all).
 *
 * x: any numeric type → y: without the axes, or with size 1 there when `keepDims`.
 * ONNX `ReduceSum`, opset 13.
 */
export function sum(x: Tensor, options: ReductionOptions = {}): Tensor {
  return reduction("ReduceSum", x, options, (dy) => spread(dy, x));
}

/**
 * Undoes a broadcast: sums x over the axes that `shape` lacks or has with size 1. The gradient of `expand`.
 *
 * x: any numeric type, a shape that `shape` broadcasts to → y: `shape`; x itself where it has that shape.
 * Neighbouring axes are merged first, so that a bias's gradient is one sum over rows.
 */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const missing = x.shape.length - shape.length;
  const fits = missing >= 0 && shape.every((size, axis) => size === x.shape[axis + missing] || size === 1);
  if (!fits) {
    throw new InputError(`sumTo: ${show(shape)} must broadcast to x, got x of shape ${show(x.shape)}. Check the axes.`);
  }
  const merged: number[] = [];
  const axes: number[] = [];
  let lastReduced: boolean | null = null;
  x.shape.forEach((size, axis) => {
    if (size === 1) return;
    const reduced = axis < missing || shape[axis - missing] === 1;
    if (reduced === lastReduced) merged[merged.length - 1] *= size;
    else {
      if (reduced) axes.push(merged.length);
      merged.push(size);
    }
    lastReduced = reduced;
  });
  return reshape(axes.length === 0 ? x : sum(reshape(x, merged), { axes }), shape);
}

/**
 * A tensor of x's shape and type filled with one number. No gradient: it does not depend on x.
 *
 * x: any type → y: same type and shape, every element `value`.
 */
export function constantLike(x: Tensor, value: number): Tensor {
  return expand(constant(value, x.dtype), x.shape);
}

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
function withoutExpand(inputs: readonly Tensor[], shape: Shape): Tensor[] | null {
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

/**
 * a where the condition is true, b where it is false, broadcasting. The side not chosen gets no gradient, even if its
 * value is infinite or NaN.
 *
 * condition: bool; a, b: same type; a plain number takes the other's type → y: the broadcast shape of all three.
 * ONNX `Where`, opset 16.
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  requireType("where", "condition", condition, "bool");
  const [left, right] = operands("where", a, b);
  const shape = broadcastShapes("where", condition.shape, broadcastShapes("where", left.shape, right.shape));
  const output = { dtype: left.dtype, shape };
  return node("Where", [condition, left, right], {
    output,
    gradient: (dy) => [null, sumTo(where(condition, dy, 0), left.shape), sumTo(where(condition, 0, dy), right.shape)],
    lower: (inputs) => {
      const small = withoutExpand(inputs as readonly Tensor[], shape);
      return small === null ? null : [node("Where", small, { output, gradient: null })];
    },
  });
}
