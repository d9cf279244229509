import type { Tensor } from "../../graph/tensor.ts";
import { add } from "../add.ts";
import { pad } from "../pad.ts";
import { slice } from "../slice.ts";
import { sum } from "../sum.ts";
import { flip } from "./flip.ts";

/** dy cut along an axis into what was added before, the `size` elements of x, and what was added after. */
function parts(dy: Tensor, axis: number, before: number, size: number) {
  const whole = dy.shape[axis];
  return {
    front: before > 0 ? slice(dy, [{ axis, end: before }]) : null,
    inside: slice(dy, [{ axis, start: before, end: before + size }]),
    back: before + size < whole ? slice(dy, [{ axis, start: before + size }]) : null,
  };
}

/** x with zeros around it on one axis: `offset` before it, `size` elements in all. */
function place(x: Tensor, axis: number, offset: number, size: number): Tensor {
  const before = x.shape.map((_, i) => (i === axis ? offset : 0));
  const after = x.shape.map((length, i) => (i === axis ? size - offset - length : 0));
  return pad(x, { before, after });
}

/** The gradient of reflecting one axis: element i before the border goes to the i-th inside it. */
export function mirrorBack(dy: Tensor, axis: number, before: number, size: number): Tensor {
  const { front, inside, back } = parts(dy, axis, before, size);
  let dx = inside;
  if (front !== null) dx = add(dx, place(flip(front, { axes: [axis] }), axis, 1, size));
  if (back !== null) dx = add(dx, place(flip(back, { axes: [axis] }), axis, size - 1 - back.shape[axis], size));
  return dx;
}

/** The gradient of repeating the border of one axis: all that was added goes to the border. */
export function repeatBack(dy: Tensor, axis: number, before: number, size: number): Tensor {
  const { front, inside, back } = parts(dy, axis, before, size);
  let dx = inside;
  if (front !== null) dx = add(dx, place(sum(front, { axes: [axis], keepDims: true }), axis, 0, size));
  if (back !== null) dx = add(dx, place(sum(back, { axes: [axis], keepDims: true }), axis, size - 1, size));
  return dx;
}
