import { normalizeAxis, type Shape, sizeOf } from "../../array/shape.ts";
import { type Lowering, node, type Tensor } from "../../graph/tensor.ts";
import { expand } from "../expand.ts";
import { reshape } from "../reshape.ts";
import { integers } from "./integers.ts";

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
