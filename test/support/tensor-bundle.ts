/** TensorFlow checkpoints written here, right ones and such as nobody should write. */
import { bytesOf, type Dtype } from "../../src/array/dtype.ts";
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { crc32c, masked } from "../../src/weights/crc32.ts";
import { tensorTypes } from "../../src/weights/tensor-bundle-index.ts";

export type Files = Record<string, Uint8Array>;

/** Seven bits a byte; negative numbers in ten bytes, as protocol buffers have them. */
export function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

const uint32 = (value: number) => [...new Uint8Array(Uint32Array.of(value).buffer)];
const text = (value: string) => [...new TextEncoder().encode(value)];

const number = (field: number, value: number | bigint) => [field << 3, ...varint(value)];
const message = (field: number, bytes: readonly number[]) => [(field << 3) | 2, ...varint(bytes.length), ...bytes];

/** num_shards, and what else may be asked of the header. */
export function header(shards = 1, more: readonly number[] = []): number[] {
  return [...number(1, shards), ...message(3, number(1, 1)), ...more];
}
export const bigEndian = number(2, 1);
export const laterVersion = message(3, number(2, 2));

export interface EntryFields {
  readonly type?: number;
  readonly shape?: readonly (number | bigint)[];
  readonly shard?: number | bigint;
  readonly offset?: number | bigint;
  readonly size?: number | bigint;
  readonly sum?: number;
  readonly slices?: number;
  readonly unranked?: boolean;
}

export function entry(fields: EntryFields): number[] {
  const { type = 1, shape = [], shard = 0, offset = 0, size = 4, sum = 0, slices = 0, unranked = false } = fields;
  const dims = shape.flatMap((each) => message(2, number(1, each)));
  return [
    ...number(1, type),
    ...message(2, unranked ? [...dims, ...number(3, 1)] : dims),
    ...number(3, shard),
    ...number(4, offset),
    ...number(5, size),
    ...[(6 << 3) | 5, ...uint32(sum)],
    ...Array.from({ length: slices }, () => message(7, [])).flat(),
  ];
}

export type Row = readonly [key: string | readonly number[], value: readonly number[]];

/** A block without its end; each second key shares what it can with the one before. */
export function block(rows: readonly Row[]): number[] {
  const bytes: number[] = [];
  const restarts: number[] = [];
  let before: readonly number[] = [];
  for (const [i, [name, value]] of rows.entries()) {
    const key = typeof name === "string" ? text(name) : name;
    let shared = 0;
    if (i % 2 === 0) restarts.push(bytes.length);
    else while (shared < key.length && key[shared] === before[shared]) shared++;
    bytes.push(
      ...varint(shared),
      ...varint(key.length - shared),
      ...varint(value.length),
      ...key.slice(shared),
      ...value,
    );
    before = key;
  }
  return withRestarts(bytes, restarts.length > 0 ? restarts : [0]);
}

export function withRestarts(bytes: readonly number[], restarts: readonly number[] = [0]): number[] {
  return [...bytes, ...restarts.flatMap(uint32), ...uint32(restarts.length)];
}

export interface TableOptions {
  /** Byte after each block. */
  readonly compression?: number;
  /** Places of blocks in place of the right ones. */
  readonly places?: (
    right: readonly (readonly [number, number])[],
  ) => readonly (readonly [number | bigint, number | bigint])[];
  /** In place of that of the index block. */
  readonly indexPlace?: readonly [number | bigint, number | bigint];
}

/** A whole table of blocks. */
export function table(blocks: readonly (readonly number[])[], options: TableOptions = {}): Uint8Array {
  const { compression = 0, places = (right) => right, indexPlace } = options;
  const bytes: number[] = [];
  const write = (content: readonly number[]): [number, number] => {
    const ended = Uint8Array.from([...content, compression]);
    const place: [number, number] = [bytes.length, content.length];
    for (const byte of ended) bytes.push(byte);
    bytes.push(...uint32(masked(crc32c(ended))));
    return place;
  };
  const right = blocks.map(write);
  const about = write(block([]));
  const rows = places(right).map((place, i): Row => [`${String.fromCharCode(97 + i)}`, place.flatMap(varint)]);
  const index = write(block(rows));
  const handles = [...about, ...(indexPlace ?? index)].flatMap(varint);
  const magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
  return Uint8Array.from([...bytes, ...handles, ...new Array<number>(40 - handles.length).fill(0), ...magic]);
}

/** One block of a header and these rows. */
export function index(rows: readonly Row[], options?: TableOptions, head: readonly number[] = header()): Uint8Array {
  return table([block([["", head], ...rows])], options);
}

const typeOf = new Map([...tensorTypes].map(([type, { name }]) => [name as Dtype, type]));

/** The files of a checkpoint with these tensors, dealt out to its shards in turn; names are sorted. */
export function bundle(prefix: string, tensors: Named<NdArray>, shards = 1, extra: readonly Row[] = []): Files {
  const parts = Array.from({ length: shards }, (): number[] => []);
  const rows = Object.keys(tensors)
    .sort()
    .map((name, i): Row => {
      const { dtype, shape, data } = tensors[name];
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length * bytesOf(dtype));
      const [shard, offset] = [i % shards, parts[i % shards].length];
      parts[shard].push(...bytes);
      const place = { shard, offset, size: bytes.length, sum: masked(crc32c(bytes)) };
      return [name, entry({ type: typeOf.get(dtype), shape, ...place })];
    });
  const all: Row[] = [["", header(shards)], ...extra, ...rows];
  const blocks = Array.from({ length: Math.ceil(all.length / 3) }, (_, i) => block(all.slice(3 * i, 3 * i + 3)));
  const digits = (value: number) => String(value).padStart(5, "0");
  return {
    [`${prefix}.index`]: table(blocks),
    ...Object.fromEntries(
      parts.map((part, i) => [`${prefix}.data-${digits(i)}-of-${digits(shards)}`, Uint8Array.from(part)]),
    ),
  };
}
