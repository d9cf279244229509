import { type Shape, show } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { reshape } from "../reshape.ts";
import { sum } from "../sum.ts";

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
