/**
 * The safetensors format (https://huggingface.co/docs/safetensors): eight bytes with the length of a JSON header, the
 * header (name → type, shape, place), then the numbers of all tensors, little-endian, without gaps.
 */
import { bytesOf, type Dtype, view } from "../array/dtype.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import { type Shape, show, sizeOf } from "../array/shape.ts";
import { InputError, isObject } from "../errors.ts";
import { type ByteSource, pieceBytes, readInto } from "../platform/byte-source.ts";
import { widenBrain } from "./half-precision.ts";

export interface Safetensors {
  readonly tensors: Named<NdArray>;
  /** Free text by key, from the header's `__metadata__`. */
  readonly metadata: Named<string>;
}

/** The format's names for our element types. */
const codes: Record<Dtype, string> = {
  float64: "F64",
  int64: "I64",
  float32: "F32",
  int32: "I32",
  float16: "F16",
  int16: "I16",
  uint16: "U16",
  int8: "I8",
  uint8: "U8",
  bool: "BOOL",
};

const dtypes = new Map(Object.entries(codes).map(([dtype, code]) => [code, dtype as Dtype]));

/** The reference reader refuses larger headers, too. */
const largestHeader = 100_000_000;

interface Entry {
  readonly name: string;
  readonly code: string;
  readonly shape: Shape;
  readonly start: number;
  readonly end: number;
}

/**
 * The tensors in the bytes of a safetensors file, each in a buffer of its own. BF16 becomes float32 (exact).
 *
 * Throws InputError that starts with `where` (the file's name) when the bytes are truncated, damaged or not of this
 * format, or when a tensor has a type that we do not know.
 */
export function readSafetensors(bytes: Uint8Array, where = "safetensors"): Safetensors {
  const { metadata, entries, dataStart } = readTable(bytes, bytes.length, where);
  const tensors: [string, NdArray][] = entries.map((entry) => {
    // A copy: whoever gets a tensor may hand its buffer to another thread, and the copy is always aligned.
    const numbers = new Uint8Array(bytes.subarray(dataStart + entry.start, dataStart + entry.end));
    return [entry.name, arrayOf(entry, numbers)];
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

/** As `readSafetensors`, from a file that is read in parts: it takes the memory of its tensors, and little besides. */
export async function readSafetensorsFrom(source: ByteSource, where = "safetensors"): Promise<Safetensors> {
  const start = await source.read(0, 8);
  const length = start.length < 8 ? 0n : new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  // A length that cannot be is refused by the reader of the header; it is not read for that.
  const isPossible = length <= BigInt(Math.min(source.size - 8, largestHeader));
  const head = await source.read(0, isPossible ? 8 + Number(length) : Math.min(source.size, 10));
  const { metadata, entries, dataStart } = readTable(head, source.size, where);
  const read = async (into: Uint8Array, from: number) => {
    if (!(await readInto(source, dataStart + from, into))) {
      throw damaged(where, `${source.size} bytes`, "an earlier end");
    }
  };
  const tensors: [string, NdArray][] = [];
  for (const entry of entries) {
    tensors.push([entry.name, entry.code === "BF16" ? await widened(entry, read) : await asStored(entry, read)]);
  }
  return { tensors: Object.fromEntries(tensors), metadata };
}

type Read = (into: Uint8Array, from: number) => Promise<void>;

async function asStored(entry: Entry, read: Read): Promise<NdArray> {
  const numbers = new Uint8Array(entry.end - entry.start);
  await read(numbers, entry.start);
  return arrayOf(entry, numbers);
}

/** Piece by piece, so that no tensor is there twice. */
async function widened({ shape, start, end }: Entry, read: Read): Promise<NdArray> {
  const data = new Float32Array((end - start) / 2);
  const most = new Uint16Array(Math.min(data.length, pieceBytes / 2));
  for (let at = 0; at < data.length; at += most.length) {
    const piece = most.subarray(0, data.length - at);
    await read(new Uint8Array(piece.buffer, 0, piece.byteLength), start + 2 * at);
    data.set(widenBrain(piece), at);
  }
  return { dtype: "float32", shape, data };
}

/** What the header says, checked against the size of the file. bytes: its beginning, header included. */
function readTable(bytes: Uint8Array, size: number, where: string) {
  const { header, dataStart } = readHeader(bytes, size, where);
  const metadata = metadataOf(header, where);
  const entries = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, value]) => entryOf(name, value, where));
  checkPlaces(entries, size - dataStart, where);
  return { metadata, entries, dataStart };
}

/**
 * The bytes of a safetensors file. Equal tensors and metadata give equal bytes, whatever the order of their keys:
 * tensors are written widest type first (so that every one is aligned), then by name.
 */
export function writeSafetensors(tensors: Named<NdArray>, metadata: Named<string> = {}): Uint8Array {
  const entries = Object.entries(tensors).sort(
    ([nameA, a], [nameB, b]) => bytesOf(b.dtype) - bytesOf(a.dtype) || compare(nameA, nameB),
  );
  const header: [string, unknown][] = [];
  const keys = Object.keys(metadata).sort(compare);
  if (keys.length > 0) header.push(["__metadata__", Object.fromEntries(keys.map((key) => [key, metadata[key]]))]);
  let offset = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    if (name === "__metadata__")
      throw new InputError(`safetensors: "__metadata__" is reserved and cannot name a tensor. Rename it.`);
    if (data.length !== sizeOf(shape)) {
      throw new Error(`safetensors: ${name} has ${data.length} numbers, but shape ${show(shape)}.`);
    }
    const end = offset + data.byteLength;
    header.push([name, { dtype: codes[dtype], shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerLength = Math.ceil(text.length / 8) * 8; // padded with spaces, so that the numbers start aligned
  const bytes = new Uint8Array(8 + headerLength + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(text, 8);
  bytes.fill(0x20, 8 + text.length, 8 + headerLength);
  let position = 8 + headerLength;
  for (const [, { data }] of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}

/** By code units, so that the order does not depend on the machine's language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function readHeader(
  bytes: Uint8Array,
  size: number,
  where: string,
): { header: Record<string, unknown>; dataStart: number } {
  if (size < 10) throw damaged(where, "at least 10 bytes", `${size} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  const largest = Math.min(size - 8, largestHeader);
  if (length > BigInt(largest)) throw damaged(where, `a header of at most ${largest} bytes`, `${length} bytes`);
  const dataStart = 8 + Number(length);
  let text = "";
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, dataStart));
    header = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  if (!isObject(header)) throw damaged(where, "a JSON object as header", "something else");
  const twice = repeatedName(text);
  if (twice !== undefined) throw damaged(where, "every name in the header once", `"${twice}" twice`);
  return { header, dataStart };
}

/** A name that stands twice in one object of a JSON text, of which the parser keeps the last; the text is valid. */
function repeatedName(text: string): string | undefined {
  const names: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "{") names.push(new Set());
    else if (text[i] === "}") names.pop();
    else if (text[i] === '"') {
      const start = i++;
      while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
      let after = i + 1;
      while (" \t\r\n".includes(text[after])) after++;
      if (text[after] !== ":") continue;
      const name: string = JSON.parse(text.slice(start, i + 1)); // "a" and "\u0061" are one name
      if (names.at(-1)?.has(name)) return name;
      names.at(-1)?.add(name);
    }
  }
  return undefined;
}

/** Optional: text by key. */
function metadataOf({ __metadata__: given = {} }: Record<string, unknown>, where: string): Named<string> {
  if (!isObject(given)) {
    throw damaged(where, "an object of text in __metadata__", Array.isArray(given) ? "a list" : JSON.stringify(given));
  }
  for (const text of Object.values(given)) {
    if (typeof text !== "string") throw damaged(where, "text in __metadata__", typeof text);
  }
  return given as Named<string>;
}

function entryOf(name: string, value: unknown, where: string): Entry {
  if (!isObject(value)) throw damaged(where, `an object for tensor "${name}"`, typeof value);
  const { dtype, shape, data_offsets: place } = value;
  const wrong = (field: string) =>
    damaged(where, `dtype, shape and data_offsets for tensor "${name}"`, `another ${field}`);
  if (typeof dtype !== "string") throw wrong("dtype");
  if (!isSizes(shape)) throw wrong("shape");
  if (!isSizes(place) || place.length !== 2) throw wrong("data_offsets");
  const known = dtypes.get(dtype);
  if (known === undefined && dtype !== "BF16") {
    throw new InputError(
      `${where}: tensor "${name}" must have one of the types ${[...dtypes.keys(), "BF16"].join(", ")}, got ${dtype}. Convert the file first.`,
    );
  }
  const needed = sizeOf(shape) * (known === undefined ? 2 : bytesOf(known));
  if (place[1] - place[0] !== needed) {
    throw damaged(where, `${needed} bytes for tensor "${name}" of shape ${show(shape)}`, `${place[1] - place[0]}`);
  }
  return { name, code: dtype, shape, start: place[0], end: place[1] };
}

/** The format asks for tensors one after another that fill the file: anything else is a truncated or mixed-up file. */
function checkPlaces(entries: readonly Entry[], available: number, where: string): void {
  let position = 0;
  for (const { name, start, end } of [...entries].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start !== position) throw damaged(where, `tensor "${name}" to start at byte ${position}`, `${start}`);
    position = end;
  }
  if (position !== available) throw damaged(where, `${position} bytes of numbers`, `${available}`);
}

function arrayOf({ code, shape }: Entry, bytes: Uint8Array): NdArray {
  const count = sizeOf(shape);
  const dtype = dtypes.get(code);
  if (dtype !== undefined) return { dtype, shape, data: view(dtype, bytes.buffer, bytes.byteOffset, count) };
  return { dtype: "float32", shape, data: widenBrain(new Uint16Array(bytes.buffer, bytes.byteOffset, count)) };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function damaged(where: string, expected: string, got: string): InputError {
  return new InputError(
    `${where}: expected ${expected}, got ${got}. The file is damaged or not safetensors; write or fetch it again.`,
  );
}
