/** Arrays on the host whose elements lie in another order than row by row. */
import { allocate, type Dtype, type TypedArray } from "./dtype.ts";
import type { NdArray } from "./ndarray.ts";
import { type Shape, sizeOf, stridesOf } from "./shape.ts";

/**
 * The elements of a strided array, row-major, in a buffer of its own: y[i, j, …] = data[offset + i·s₀ + j·s₁ + …].
 * The caller has checked that all of them lie within `data`, which holds elements of `dtype`.
 */
export function gatherStrided(
  dtype: Dtype,
  data: TypedArray,
  { offset, shape, strides }: { offset: number; shape: Shape; strides: readonly number[] },
): TypedArray {
  const result = allocate(dtype, sizeOf(shape));
  // Both arrays are of one type, numbers or bigints, but the compiler cannot know that.
  const [from, to] = [data as ArrayLike<unknown>, result as { [i: number]: unknown }];
  const index = new Array<number>(shape.length).fill(0);
  const last = shape.length - 1;
  const [inner, step] = last < 0 ? [1, 0] : [shape[last], strides[last]];
  for (let row = offset, written = 0; written < result.length; ) {
    for (let i = 0, at = row; i < inner; i++, at += step) to[written++] = from[at];
    let axis = last - 1;
    for (; axis >= 0 && ++index[axis] === shape[axis]; axis--) {
      index[axis] = 0;
      row -= strides[axis] * (shape[axis] - 1);
    }
    if (axis >= 0) row += strides[axis];
  }
  return result;
}

/** With its axes in another order: axis i of the result is axis order[i] of the array. The same array where nothing moves. */
export function transposed(array: NdArray, order: readonly number[]): NdArray {
  if (order.every((axis, i) => axis === i)) return array;
  const strides = stridesOf(array.shape);
  const shape = order.map((axis) => array.shape[axis]);
  const picked = { offset: 0, shape, strides: order.map((axis) => strides[axis]) };
  return { dtype: array.dtype, shape, data: gatherStrided(array.dtype, array.data, picked) };
}
