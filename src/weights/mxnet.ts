/** Files of arrays by name as MXNet's `nd.save` writes them (`.params`), in any of the three layouts of an array. */
import type { Dtype } from "../array/dtype.ts";
import { type Named, type NdArray, ndarray } from "../array/ndarray.ts";
import { InputError, shown } from "../errors.ts";
import { widenHalf } from "./half-precision.ts";

const magic = 0x112;
const version2 = 0xf993fac9;
const version1 = 0xf993fac8;

const types: readonly (readonly [name: Dtype | "float16", bytes: number])[] = [
  ["float32", 4],
  ["float64", 8],
  ["float16", 2],
  ["uint8", 1],
  ["int32", 4],
  ["int8", 1],
  ["int64", 8],
];

/** Whether the bytes begin as such a file does. */
export function isMxnet(bytes: Uint8Array): boolean {
  if (bytes.length < 16) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getBigUint64(0, true) === BigInt(magic) && view.getBigUint64(8, true) === 0n;
}

/**
 * The arrays by the names in the file, `arg:…` for weights and `aux:…` for running averages; float16 becomes float32 (exact).
 *
 * Throws InputError that begins with `where` where the file is damaged, or has sparse arrays or types of other kinds.
 */
export function readMxnet(bytes: Uint8Array, where = "mxnet"): Named<NdArray> {
  const reader = readerOf(bytes, where);
  if (!isMxnet(bytes)) throw damaged(where, "the beginning of an MXNet file of arrays", "other bytes");
  reader.skip(16);
  const count = reader.long("a number of arrays");
  const arrays: NdArray[] = [];
  for (let i = 0; i < count; i++) arrays.push(readArray(reader, where));
  const named = reader.long("a number of names");
  if (named !== count) throw damaged(where, `${count} names`, `${named}`);
  const tensors = new Map<string, NdArray>();
  for (const array of arrays) {
    const name = new TextDecoder().decode(reader.take(reader.long("the length of a name")));
    if (tensors.has(name)) throw damaged(where, "every name once", `${shown(name)} twice`);
    tensors.set(name, array);
  }
  return Object.fromEntries(tensors);
}

function readArray(reader: Reader, where: string): NdArray {
  const first = reader.unsigned();
  let longDimensions = false;
  let rank = first;
  if (first === version2 || first === version1) {
    longDimensions = true;
    if (first === version2) {
      const storage = reader.signed();
      if (storage !== 0) throw damaged(where, "dense arrays (storage type 0)", `${storage}`);
    }
    rank = reader.unsigned();
  }
  if (rank > 32) throw damaged(where, "at most 32 dimensions", `${rank}`);
  const shape = Array.from({ length: rank }, () => (longDimensions ? reader.long("a dimension") : reader.unsigned()));
  reader.skip(8); // the device
  const type = reader.signed();
  const known = types[type];
  if (known === undefined) throw damaged(where, `a type of elements from 0 to ${types.length - 1}`, `${type}`);
  const [dtype, size] = known;
  const numbers = reader.take(shape.reduce((product, side) => product * side, 1) * size);
  const own = new Uint8Array(numbers).buffer; // aligned, and of its own
  switch (dtype) {
    case "float16":
      return ndarray("float32", shape, widenHalf(new Uint16Array(own)));
    case "float32":
      return ndarray(dtype, shape, new Float32Array(own));
    case "float64":
      return ndarray(dtype, shape, new Float64Array(own));
    case "int32":
      return ndarray(dtype, shape, new Int32Array(own));
    case "int64":
      return ndarray(dtype, shape, new BigInt64Array(own));
    case "int8":
      return ndarray(dtype, shape, new Int8Array(own));
    default:
      return ndarray("uint8", shape, new Uint8Array(own));
  }
}

interface Reader {
  unsigned(): number;
  signed(): number;
  /** 64 bits that are a size: more than the file has bytes is damage. */
  long(what: string): number;
  take(count: number): Uint8Array;
  skip(count: number): void;
}

function readerOf(bytes: Uint8Array, where: string): Reader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const move = (count: number) => {
    if (!(count >= 0 && at + count <= bytes.length)) {
      throw damaged(where, `${count} more bytes at ${at}`, `${bytes.length - at}`);
    }
    at += count;
    return at - count;
  };
  return {
    unsigned: () => view.getUint32(move(4), true),
    signed: () => view.getInt32(move(4), true),
    long(what) {
      const value = view.getBigUint64(move(8), true);
      if (value > BigInt(bytes.length)) throw damaged(where, `${what} that fits the file`, `${value}`);
      return Number(value);
    },
    take: (count) => bytes.subarray(move(count), at),
    skip: (count) => {
      move(count);
    },
  };
}

function damaged(where: string, expected: string, got: string): InputError {
  return new InputError(
    `${where}: expected ${expected}, got ${got}. The file is damaged, or of another kind: fetch it again.`,
  );
}
