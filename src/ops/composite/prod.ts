import { sizeOf } from "../../array/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { concat } from "../concat.ts";
import { constantLike } from "../constant-like.ts";
import { mul } from "../mul.ts";
import { reshape } from "../reshape.ts";
import { split } from "../split.ts";
import { transpose } from "../transpose.ts";
import { keptShape, normalizeAxes, type ReductionOptions, removedShape } from "./reduction.ts";

/**
 * Product over `axes` (default: all); of nothing it is 1.
 *
 * x: any numeric type → y: without the axes, or with size 1 there when `keepDims`.
 * Differs from ONNX `ReduceProd`: halves are multiplied until one is left, so that the gradient is right where x has
 * zeros too, and costs log₂ n multiplications in the graph.
 */
export function prod(x: Tensor, { axes: wanted, keepDims = false }: ReductionOptions = {}): Tensor {
  const axes = normalizeAxes("prod", wanted, x.shape.length);
  const others = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const rows = sizeOf(others.map((axis) => x.shape[axis]));
  let count = sizeOf(axes.map((axis) => x.shape[axis]));
  const shape = keepDims ? keptShape(x.shape, axes) : removedShape(x.shape, axes);
  if (count === 0) return constantLike({ ...x, shape }, 1);
  let product = reshape(transpose(x, [...others, ...axes]), [rows, count]);
  while (count > 1) {
    const half = count >> 1;
    const [left, right, ...rest] = split(product, count % 2 === 0 ? [half, half] : [half, half, 1], { axis: 1 });
    product = concat([mul(left, right), ...rest], { axis: 1 });
    count -= half;
  }
  return reshape(product, shape);
}
