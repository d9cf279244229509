/** Test support: plain loops over arrays, the references that operators are compared with. */
import { type NdArray, ndarray, toNumbers } from "../../src/array/ndarray.ts";
import { broadcastShapes, type Shape, sizeOf, stridesOf } from "../../src/array/shape.ts";

/** A float64 array. */
export function plain(shape: Shape, values: readonly number[]): NdArray {
  return ndarray("float64", shape, Float64Array.from(values));
}

/** All index vectors of a shape, in row-major order. */
export function indicesOf(shape: Shape): number[][] {
  const strides = stridesOf(shape);
  return Array.from({ length: sizeOf(shape) }, (_, flat) =>
    shape.map((size, axis) => Math.floor(flat / strides[axis]) % size),
  );
}

/** The element at an index vector, broadcasting: extra leading indices and those on axes of size 1 are ignored. */
export function at(x: NdArray, index: readonly number[]): number {
  const strides = stridesOf(x.shape);
  const missing = index.length - x.shape.length;
  const flat = x.shape.reduce((sum, size, axis) => sum + (size === 1 ? 0 : index[axis + missing]) * strides[axis], 0);
  return Number(x.data[flat]);
}

/** An array computed index by index. */
export function build(shape: Shape, element: (index: readonly number[]) => number): NdArray {
  return plain(shape, indicesOf(shape).map(element));
}

/** f applied element by element, broadcasting. */
export function elementwisePlain(f: (...values: number[]) => number): (...arrays: NdArray[]) => NdArray {
  return (...arrays) => {
    const shape = arrays.map((x) => x.shape).reduce((a, b) => broadcastShapes("plain", a, b));
    return build(shape, (index) => f(...arrays.map((x) => at(x, index))));
  };
}

/** f applied to the elements that share an index outside `axes` (from the front), with the axes kept as size 1. */
export function reducePlain(f: (values: number[]) => number, axes?: readonly number[]): (x: NdArray) => NdArray {
  return (x) => {
    const shape = x.shape.map((size, axis) => (axes === undefined || axes.includes(axis) ? 1 : size));
    const groups = new Map<string, number[]>();
    const values = toNumbers(x);
    indicesOf(x.shape).forEach((index, flat) => {
      const key = index.filter((_, axis) => shape[axis] !== 1).join();
      groups.set(key, [...(groups.get(key) ?? []), values[flat]]);
    });
    return build(shape, (index) => f(groups.get(index.filter((_, axis) => shape[axis] !== 1).join())!));
  };
}
