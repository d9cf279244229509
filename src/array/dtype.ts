/** Element types of tensors and arrays, named as in ONNX and NumPy. */
export type Dtype =
  | "float32"
  | "float64"
  | "float16"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "bool";

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array;

interface TypedArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
}

/** The host array that holds each type: bool as bytes 0 and 1, float16 as its raw 16 bits. */
const constructors: Record<Dtype, TypedArrayConstructor> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  bool: Uint8Array,
};

/** Bytes of one element. */
export function bytesOf(dtype: Dtype): number {
  return constructors[dtype].BYTES_PER_ELEMENT;
}

/** A zero-filled host array of `length` elements. */
export function allocate(dtype: Dtype, length: number): TypedArray {
  return new constructors[dtype](length);
}

/** A view of `length` elements on `buffer` from `byteOffset`, which must be a multiple of the element size. */
export function view(dtype: Dtype, buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray {
  return new constructors[dtype](buffer, byteOffset, length);
}

/** The largest number below infinity of a float type. */
export function largestFinite(dtype: Dtype): number {
  return dtype === "float64" ? Number.MAX_VALUE : dtype === "float16" ? 65504 : (2 - 2 ** -23) * 2 ** 127;
}

export function isFloat(dtype: Dtype): boolean {
  return dtype === "float32" || dtype === "float64" || dtype === "float16";
}

/** Element types as ONNX numbers them (`TensorProto.DataType`). */
export const onnxTypes: Readonly<Record<Dtype, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};
