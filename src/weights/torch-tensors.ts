/** Tensors as PyTorch's files describe them: views on stored numbers. */
import { bytesOf, type Dtype, type TypedArray, view } from "../array/dtype.ts";
import type { NdArray } from "../array/ndarray.ts";
import { type Shape, sizeOf, stridesOf } from "../array/shape.ts";
import { gatherStrided } from "../array/strided.ts";
import { widenBrain, widenHalf } from "./half-precision.ts";

/** How elements are kept. We have no type for bfloat16: its bits are taken as uint16 and widened. */
export interface StorageType {
  readonly dtype: Dtype;
  readonly brain?: true;
}

export const storageTypes = new Map<string, StorageType>([
  ["torch FloatStorage", { dtype: "float32" }],
  ["torch DoubleStorage", { dtype: "float64" }],
  ["torch HalfStorage", { dtype: "float16" }],
  ["torch BFloat16Storage", { dtype: "uint16", brain: true }],
  ["torch LongStorage", { dtype: "int64" }],
  ["torch IntStorage", { dtype: "int32" }],
  ["torch ShortStorage", { dtype: "int16" }],
  ["torch CharStorage", { dtype: "int8" }],
  ["torch ByteStorage", { dtype: "uint8" }],
  ["torch BoolStorage", { dtype: "bool" }],
  ["torch UntypedStorage", { dtype: "uint8" }],
  ["torch.storage UntypedStorage", { dtype: "uint8" }],
]);

/** Numbers of a file, on which tensors are views. */
export class StoredNumbers {
  readonly key: string;
  readonly type: StorageType;
  /** In elements. */
  readonly count: number;
  readonly byteLength: number;

  constructor(key: string, type: StorageType, count: number) {
    this.key = key;
    this.type = type;
    this.count = count;
    this.byteLength = count * bytesOf(type.dtype);
  }
}

/** A tensor as the pickle describes it; its numbers are read only if it is wanted. */
export class StoredTensor {
  readonly storage: StoredNumbers;
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: readonly number[];

  constructor(storage: StoredNumbers, offset: number, shape: Shape, strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

export function isRowMajor({ shape, strides }: StoredTensor): boolean {
  const expected = stridesOf(shape);
  return sizeOf(shape) === 0 || shape.every((size, axis) => size === 1 || strides[axis] === expected[axis]);
}

export function arrayOf(tensor: StoredTensor, numbers: Uint8Array): NdArray {
  const { storage, offset, shape } = tensor;
  const { dtype, brain } = storage.type;
  const data = isRowMajor(tensor)
    ? copy(dtype, numbers, offset, sizeOf(shape))
    : gatherStrided(dtype, view(dtype, numbers.buffer, numbers.byteOffset, storage.count), tensor);
  if (brain) return { dtype: "float32", shape, data: widenBrain(data as Uint16Array) };
  if (dtype === "float16") return { dtype: "float32", shape, data: widenHalf(data as Uint16Array) };
  return { dtype, shape, data };
}

/** Elements one after another, wherever they are. */
function copy(dtype: Dtype, numbers: Uint8Array, offset: number, count: number): TypedArray {
  const width = bytesOf(dtype);
  const bytes = new Uint8Array(numbers.subarray(offset * width, (offset + count) * width));
  return view(dtype, bytes.buffer, 0, count);
}
