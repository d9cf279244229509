/** Arrays and types as ONNX messages, and back. */
import { allocate, bytesOf, type Dtype, onnxTypes, view } from "../array/dtype.ts";
import type { NdArray } from "../array/ndarray.ts";
import { type Shape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { type TensorProto, toNumber, type ValueInfoProto } from "./wire.ts";

const dtypes = new Map(Object.entries(onnxTypes).map(([dtype, number]) => [number, dtype as Dtype]));

/** No tensor in a file that we read may have more elements than this (16 GB of float32). */
const maxElements = 2 ** 32;

export function dataTypeOf(dtype: Dtype): number {
  return onnxTypes[dtype];
}

/** Throws InputError for ONNX types that we have no array for (strings, complex, 4-bit ...). */
export function dtypeOf(dataType: number | undefined, where: string): Dtype {
  const dtype = dtypes.get(dataType ?? 0);
  if (dtype === undefined) {
    throw new InputError(
      `${where}: expected an element type out of ${Object.keys(onnxTypes).join(", ")}, got ONNX type ${dataType ?? 0}. Convert the model first.`,
    );
  }
  return dtype;
}

/** The bytes that hold an array's elements (ONNX stores them little-endian, as do all machines that we run on). */
export function bytesOfArray({ data }: NdArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** An array as an initializer or tensor attribute. The elements are not copied. */
export function tensorProto(array: NdArray, name?: string): TensorProto {
  const { dtype, shape } = array;
  return { name, dims: [...shape], data_type: onnxTypes[dtype], raw_data: bytesOfArray(array) };
}

/** Name, type and static shape of a graph's input, output or inner value; −1 for a size that may vary. */
export function valueInfo(name: string, { dtype, shape }: { dtype: Dtype; shape: Shape }): ValueInfoProto {
  const dim = shape.map((size, axis) => (size < 0 ? { dim_param: `${name}:${axis}` } : { dim_value: size }));
  return { name, type: { tensor_type: { elem_type: onnxTypes[dtype], shape: { dim } } } };
}

/** NumPy has no more either; much of what is done with axes takes the square of their number. */
const maxRank = 64;

/** Sizes read from a file, checked. */
export function shapeOf(dims: TensorProto["dims"], where: string): Shape {
  const shape = (dims ?? []).map(toNumber);
  if (shape.length > maxRank) {
    throw new InputError(`${where}: expected at most ${maxRank} axes, got ${shape.length}. The file is damaged.`);
  }
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (!Number.isInteger(size) || size < 0 || count > maxElements) {
      throw new InputError(
        `${where}: expected sizes of 0 or more and at most ${maxElements} elements, got ${show(shape)}. The file is damaged.`,
      );
    }
  }
  return shape;
}

/** Reads the bytes of a tensor that is stored beside the model: `length` bytes of file `location` from `offset`. */
export type ExternalReader = (location: string, offset: number, length: number) => Uint8Array;

/** An initializer's or attribute's numbers. Throws InputError when they do not fill the shape. */
export function arrayOf(tensor: TensorProto, where: string, external?: ExternalReader): NdArray {
  const dtype = dtypeOf(tensor.data_type, where);
  const shape = shapeOf(tensor.dims, where);
  const count = shape.reduce((product, size) => product * size, 1);
  const expected = count * bytesOf(dtype);

  let raw = tensor.raw_data;
  if (tensor.data_location === 1) raw = readExternal(tensor, expected, where, external);
  if (raw !== undefined && (raw.length > 0 || count === 0)) {
    if (raw.length !== expected) throw sizeError(where, `${expected} bytes`, `${raw.length}`);
    const data = view(dtype, new ArrayBuffer(expected), 0, count);
    new Uint8Array(data.buffer).set(raw);
    return { dtype, shape, data };
  }

  const lists = { float32: tensor.float_data, float64: tensor.double_data, int64: tensor.int64_data } as const;
  const values = (dtype in lists ? lists[dtype as keyof typeof lists] : tensor.int32_data) ?? [];
  if (values.length !== count) throw sizeError(where, `${count} elements`, `${values.length}`);
  const data = allocate(dtype, count);
  for (let i = 0; i < count; i++) {
    if (data instanceof BigInt64Array) data[i] = BigInt(String(values[i]));
    else data[i] = Number(values[i]);
  }
  return { dtype, shape, data };
}

/** Where the bytes of a tensor are that is stored beside the model; length: null where all the rest of the file is meant. */
export function placeOf(
  tensor: TensorProto,
  where: string,
): { location: string; offset: number; length: number | null } {
  const entries = new Map((tensor.external_data ?? []).map(({ key, value }) => [key, value ?? ""]));
  const location = entries.get("location") ?? "";
  const offset = Number(entries.get("offset") ?? 0);
  const length = entries.has("length") ? Number(entries.get("length")) : null;
  const leavesFolder = location === "" || /^([/\\]|[a-z]:)/i.test(location) || location.split(/[/\\]/).includes("..");
  if (leavesFolder || !Number.isSafeInteger(offset) || offset < 0) {
    throw new InputError(
      `${where}: expected a place in a file beside the model, got location "${location}", offset ${offset}. The file is damaged.`,
    );
  }
  return { location, offset, length };
}

function readExternal(tensor: TensorProto, expected: number, where: string, external?: ExternalReader): Uint8Array {
  const { location, offset, length } = placeOf(tensor, where);
  if (length !== null && length !== expected) {
    throw new InputError(`${where}: expected ${expected} bytes in "${location}", got ${length}. The file is damaged.`);
  }
  if (external === undefined) {
    throw new InputError(
      `${where}: its numbers are in another file, "${location}". Read the model from its folder, where that file is.`,
    );
  }
  return external(location, offset, expected);
}

function sizeError(where: string, expected: string, got: string): InputError {
  return new InputError(`${where}: expected ${expected} of numbers, got ${got}. The file is damaged.`);
}
