/** What the index of a TensorFlow checkpoint says (tensorflow/core/protobuf/tensor_bundle.proto): its parts, and where tensors lie. */
import { bytesOf, type Dtype } from "../array/dtype.ts";
import { type Shape, show, sizeOf } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { messageTypes } from "../platform/protobuf.ts";
import { quote } from "./pickle-values.ts";
import { damaged, readStringTable } from "./string-table.ts";

export interface BundleIndex {
  /** How many files hold the numbers. */
  readonly shards: number;
  readonly entries: readonly BundleEntry[];
}

/** A tensor: bytes `offset` … `offset + size` of file `shard`. */
export interface BundleEntry {
  readonly name: string;
  /** As TensorFlow numbers types. */
  readonly type: number;
  readonly shape: Shape;
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  /** Of the bytes, masked. */
  readonly sum: number;
}

/** TensorFlow's names for its types, and ours where we have one. bfloat16 is read as its bits and widened. */
export const tensorTypes = new Map<number, { readonly name: string; readonly dtype?: Dtype }>([
  [1, { name: "float32", dtype: "float32" }],
  [2, { name: "float64", dtype: "float64" }],
  [3, { name: "int32", dtype: "int32" }],
  [4, { name: "uint8", dtype: "uint8" }],
  [5, { name: "int16", dtype: "int16" }],
  [6, { name: "int8", dtype: "int8" }],
  [7, { name: "string" }],
  [8, { name: "complex64" }],
  [9, { name: "int64", dtype: "int64" }],
  [10, { name: "bool", dtype: "bool" }],
  [11, { name: "qint8" }],
  [12, { name: "quint8" }],
  [13, { name: "qint32" }],
  [14, { name: "bfloat16", dtype: "uint16" }],
  [15, { name: "qint16" }],
  [16, { name: "quint16" }],
  [17, { name: "uint16", dtype: "uint16" }],
  [18, { name: "complex128" }],
  [19, { name: "float16", dtype: "float16" }],
  [20, { name: "resource" }],
  [21, { name: "variant" }],
  [22, { name: "uint32" }],
  [23, { name: "uint64" }],
]);

export const [STRING, BFLOAT16] = [7, 14];

const schema = {
  Version: { producer: "int32 1", min_consumer: "int32 2" },
  Header: { num_shards: "int32 1", endianness: "int32 2", version: "Version 3" },
  Dimension: { size: "int64 1" },
  Shape: { dim: "*Dimension 2", unknown_rank: "bool 3" },
  Slice: {},
  Entry: {
    dtype: "int32 1",
    shape: "Shape 2",
    shard_id: "int32 3",
    offset: "int64 4",
    size: "int64 5",
    crc32c: "fixed32 6",
    slices: "*Slice 7",
  },
};

let types: ReturnType<typeof messageTypes> | undefined;

/** Throws InputError. */
function decode<T>(message: string, value: Uint8Array, where: string): T {
  // Built at first use: the command line starts without it.
  types ??= messageTypes(schema);
  try {
    const type = types.lookupType(message);
    return type.toObject(type.decode(value), { longs: String }) as T;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw damaged(where, "entries that decode", `one that does not (${reason})`);
  }
}

interface Header {
  readonly num_shards?: number;
  readonly endianness?: number;
  readonly version?: { readonly min_consumer?: number };
}

interface Entry {
  readonly dtype?: number;
  readonly shape?: { readonly dim?: readonly { readonly size?: string }[]; readonly unknown_rank?: boolean };
  readonly shard_id?: number;
  readonly offset?: string;
  readonly size?: string;
  readonly crc32c?: number;
  readonly slices?: readonly object[];
}

/** File names have five digits for it. */
const mostShards = 99_999;

/** TensorFlow's own limit. */
const mostAxes = 254;

/** The version of the format that we know; a file says from which version on it can be read. */
const knownVersion = 1;

/**
 * bytes: of the file NAME.index. Throws InputError, beginning with `where`, for damage, numbers that contradict each other, tensors that
 * lie over one another, and checkpoints of another byte order, a later version, or with tensors in slices.
 */
export function readBundleIndex(bytes: Uint8Array, where: string): BundleIndex {
  const entries: BundleEntry[] = [];
  let shards = 0;
  for (const { key, value } of readStringTable(bytes, where)) {
    if (shards === 0) {
      // The empty name, which comes before all others.
      if (key.length > 0) throw damaged(where, "a header", "none");
      shards = shardsFrom(decode<Header>("Header", value, where), where);
      continue;
    }
    const name = nameFrom(key, where);
    entries.push(entryFrom(name, decode<Entry>("Entry", value, where), shards, where));
  }
  if (shards === 0) throw damaged(where, "a header", "no entries");
  checkPlaces(entries, where);
  return { shards, entries };
}

function shardsFrom({ num_shards: shards = 0, endianness = 0, version = {} }: Header, where: string): number {
  const { min_consumer: needed = 0 } = version;
  if (needed > knownVersion) {
    throw new InputError(
      `${where}: expected a checkpoint for version ${knownVersion} of the format, got one for version ${needed}. Save it with an earlier TensorFlow.`,
    );
  }
  if (endianness !== 0) {
    throw new InputError(
      `${where}: expected little-endian numbers, got endianness ${endianness}. Save the checkpoint on another machine.`,
    );
  }
  if (shards < 1 || shards > mostShards) throw damaged(where, `1 to ${mostShards} files of numbers`, `${shards}`);
  return shards;
}

function nameFrom(key: Uint8Array, where: string): string {
  // Slices of a tensor have keys of their own, which begin so.
  if (key[0] === 0) throw inSlices(where, "a slice of a tensor");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(key);
  } catch {
    throw damaged(where, "names that are UTF-8 text", "another");
  }
}

function entryFrom(name: string, entry: Entry, shards: number, where: string): BundleEntry {
  const { dtype: type = 0, shape: { dim = [], unknown_rank: isUnranked = false } = {}, shard_id: shard = 0 } = entry;
  if ((entry.slices ?? []).length > 0) throw inSlices(where, `"${quote(name)}" in slices`);
  const known = tensorTypes.get(type);
  if (known === undefined) throw damaged(where, `a type of TensorFlow for "${quote(name)}"`, `${type}`);
  const shape = dim.map(({ size = "0" }) => Number(size));
  const [offset, size] = [Number(entry.offset ?? 0), Number(entry.size ?? 0)];
  const count = sizeOf(shape);
  if (isUnranked || shape.length > mostAxes || !shape.every(isSize) || !isSize(count)) {
    const got = isUnranked ? "none" : shape.length > mostAxes ? `${shape.length} axes` : show(shape);
    throw damaged(where, `a shape for "${quote(name)}"`, got);
  }
  if (shard < 0 || shard >= shards)
    throw damaged(where, `"${quote(name)}" in a file from 0 to ${shards - 1}`, `${shard}`);
  if (!isSize(offset) || !isSize(size) || !isSize(offset + size)) {
    throw damaged(where, `a place for "${quote(name)}"`, `${size} bytes from byte ${offset} on`);
  }
  const needed = known.dtype === undefined ? size : count * bytesOf(known.dtype);
  if (size !== needed) throw damaged(where, `${needed} bytes for "${quote(name)}" of shape ${show(shape)}`, `${size}`);
  return { name, type, shape, shard, offset, size, sum: entry.crc32c ?? 0 };
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Tensors that share bytes could be far more than the files hold. */
function checkPlaces(entries: readonly BundleEntry[], where: string): void {
  const sorted = entries.filter(({ size }) => size > 0).sort((a, b) => a.shard - b.shard || a.offset - b.offset);
  for (let i = 1; i < sorted.length; i++) {
    const [before, { name, shard, offset }] = [sorted[i - 1], sorted[i]];
    if (before.shard !== shard || before.offset + before.size <= offset) continue;
    throw damaged(where, `"${quote(name)}" behind "${quote(before.name)}"`, `byte ${offset}`);
  }
}

function inSlices(where: string, got: string): InputError {
  return new InputError(
    `${where}: expected whole tensors, got ${got} (a partitioned variable). Save the checkpoint without partitions.`,
  );
}
