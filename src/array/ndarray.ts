import { InputError } from "../errors.ts";
import { allocate, type Dtype, type TypedArray } from "./dtype.ts";
import { type Shape, show, sizeOf } from "./shape.ts";

/** Numbers on the host: row-major, no graph. */
export interface NdArray {
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly data: TypedArray;
}

export type Named<T> = Readonly<Record<string, T>>;

/** Wraps `data` (kept, not copied) as an array of `shape`. Throws when the count of elements differs. */
export function ndarray(dtype: Dtype, shape: Shape, data: TypedArray): NdArray {
  if (data.length !== sizeOf(shape)) {
    throw new InputError(
      `ndarray: shape ${show(shape)} holds ${sizeOf(shape)} elements, got ${data.length}. Pass matching data.`,
    );
  }
  return { dtype, shape, data };
}

/** An array of zeros. */
export function zeros(dtype: Dtype, shape: Shape): NdArray {
  return { dtype, shape, data: allocate(dtype, sizeOf(shape)) };
}

/** An array from plain numbers, row-major; int64 is converted. */
export function fromNumbers(dtype: Dtype, shape: Shape, values: Iterable<number>): NdArray {
  const list = [...values];
  const data = allocate(dtype, list.length);
  for (let i = 0; i < list.length; i++) {
    if (data instanceof BigInt64Array) data[i] = BigInt(list[i]);
    else data[i] = list[i];
  }
  return ndarray(dtype, shape, data);
}

/** A rank-0 array. */
export function scalar(value: number, dtype: Dtype = "float32"): NdArray {
  return fromNumbers(dtype, [], [value]);
}

/** A float32 array of `shape` over `data`. */
export function float32(shape: Shape, data: Float32Array | readonly number[]): NdArray {
  return ndarray("float32", shape, data instanceof Float32Array ? data : Float32Array.from(data));
}

/** The elements as plain numbers (int64 is converted), for tests and small host work. */
export function toNumbers({ data }: NdArray): number[] {
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

/** The only element of an array of one element. */
export function item(array: NdArray): number {
  if (array.data.length !== 1) {
    throw new InputError(`item: expected one element, got shape ${show(array.shape)}. Reduce the array first.`);
  }
  return Number(array.data[0]);
}

/** Arrays of one type and equal later axes, one after the other along the first axis: n of [B, ...] → [n·B, ...]. */
export function joinArrays(parts: readonly NdArray[]): NdArray {
  const [{ dtype, shape }] = parts;
  const [first, ...rest] = shape;
  const size = sizeOf(shape);
  const data = allocate(dtype, size * parts.length);
  for (const [i, part] of parts.entries()) (data as Float32Array).set(part.data as Float32Array, i * size);
  return { dtype, shape: [first * parts.length, ...rest], data };
}

/** Part `index` of `count` equal parts along the first axis, copied: [n·B, ...] → [B, ...]. */
export function partOfArray({ dtype, shape: [first, ...rest], data }: NdArray, index: number, count: number): NdArray {
  const size = data.length / count;
  return { dtype, shape: [first / count, ...rest], data: data.slice(index * size, (index + 1) * size) };
}
