/**
 * Builders for the tests of `src/weights`: pickles, .npy arrays, zip archives and files of torch.save, piece by piece,
 * so that each can also be made wrong in one place.
 */
import { crc32, deflateRawSync } from "node:zlib";
import { type Shape, stridesOf } from "../../src/array/shape.ts";
import { InputError } from "../../src/errors.ts";

/** Text is Latin-1 (opcodes, names), a number one byte. */
export type Piece = string | number | Uint8Array | readonly Piece[];

/** All pieces, one after another. */
export function bytes(...pieces: readonly Piece[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(pieces.map(encode)));
}

function encode(piece: Piece): Uint8Array {
  if (typeof piece === "string") return Buffer.from(piece, "latin1");
  if (typeof piece === "number") return Uint8Array.of(piece);
  return piece instanceof Uint8Array ? piece : Buffer.concat(piece.map(encode));
}

/** Little-endian integers. */
export const u16 = (value: number) => littleEndian(2, value);
export const u32 = (value: number) => littleEndian(4, value);
export const u64 = (value: number | bigint) => littleEndian(8, value);

function littleEndian(width: number, value: number | bigint): Uint8Array {
  return Uint8Array.from({ length: width }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n));
}

/** `content` with other bytes at one place. */
export function patched(content: Uint8Array, at: number, ...pieces: readonly Piece[]): Uint8Array {
  const copy = content.slice();
  copy.set(bytes(...pieces), at);
  return copy;
}

/** The InputError that reading gives, as its message; undefined when it reads. Any other error is a failure. */
export async function complaint(read: () => unknown): Promise<string | undefined> {
  try {
    await read();
    return undefined;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (/[\r\n]/.test(error.message)) throw new Error(`a message of several lines: ${error.message}`);
    return error.message;
  }
}

// Values of pickles, in opcodes of protocol 2

export function text(value: string): Piece {
  const utf8 = new TextEncoder().encode(value);
  return ["X", u32(utf8.length), utf8];
}

export function integer(value: number): Piece {
  if (value >= 0 && value < 256) return ["K", value];
  return Math.abs(value) < 2 ** 31 ? ["J", littleEndian(4, value)] : [0x8a, 8, u64(value)];
}

export const tuple = (...items: readonly Piece[]): Piece => ["(", items, "t"];
export const list = (...items: readonly Piece[]): Piece => ["](", items, "e"];
export const global = (module: string, name: string): Piece => `c${module}\n${name}\n`;
export const call = (target: Piece, ...args: readonly Piece[]): Piece => [target, tuple(...args), "R"];

export function dictionary(entries: Readonly<Record<string, Piece>>): Piece {
  return ["}(", Object.entries(entries).map(([key, value]) => [text(key), value]), "u"];
}

/** A whole pickle: protocol, values, STOP. */
export const pickle = (...pieces: readonly Piece[]): Uint8Array => bytes(0x80, 2, pieces, ".");

// Files of torch.save

export interface TensorContent {
  readonly type?: string;
  readonly key?: string;
  /** Elements of the storage. */
  readonly count: number;
  readonly offset?: number;
  readonly shape: Shape;
  readonly strides?: readonly number[];
}

export function storage({ type = "FloatStorage", key = "0", count }: TensorContent, view: Piece = []): Piece {
  return [tuple(text("storage"), global("torch", type), text(key), text("cpu"), integer(count), view), "Q"];
}

export function tensor(content: TensorContent): Piece {
  const { offset = 0, shape, strides = stridesOf(shape) } = content;
  return call(
    global("torch._utils", "_rebuild_tensor_v2"),
    storage(content),
    integer(offset),
    tuple(...shape.map(integer)),
    tuple(...strides.map(integer)),
    0x89, // requires no gradient
    call(global("collections", "OrderedDict")), // hooks
  );
}

/** `nn.Parameter` around a tensor. */
export const parameter = (data: Piece): Piece => call(global("torch._utils", "_rebuild_parameter"), data, "\x88", "N");

/** The bytes of float32 numbers. */
export const floats = (...values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);

export type Storages = Readonly<Record<string, Uint8Array>>;

/** The zip container around a pickled object. */
export function torchZip(
  object: Piece,
  storages: Storages = {},
  notes: Readonly<Record<string, string>> = {},
): Uint8Array {
  return zip([
    { name: "archive/data.pkl", data: pickle(object) },
    ...Object.entries(storages).map(([key, data]) => ({ name: `archive/data/${key}`, data })),
    ...Object.entries({ version: "3\n", ...notes }).map(([name, note]) => ({
      name: `archive/${name}`,
      data: bytes(note),
    })),
  ]);
}

/** Pickled: 0x1950a86a20f9469cfc6c. */
export const legacyMagic = pickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19");

/** The form before PyTorch 1.6. `storages`: float32 numbers, or whole pieces in place of count and numbers. */
export function torchLegacy(
  object: Piece,
  storages: Storages = {},
  {
    head = [legacyMagic, pickle("M", u16(1001)), pickle(dictionary({ little_endian: 0x88 }))],
    keys = list(...Object.keys(storages).map(text)),
    width = 4,
  }: { head?: Piece; keys?: Piece; width?: number } = {},
): Uint8Array {
  const numbers = Object.values(storages).map((data) => [u64(data.length / width), data]);
  return bytes(head, pickle(object), pickle(keys), numbers);
}

// .npy

/** A .npy array; `header` in place of the dictionary that the other fields make. */
export function npy({
  descr = "<f4",
  order = "False",
  shape = "(2,)",
  header = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`,
  version = 1,
  data = floats(1, 2),
}: {
  descr?: string;
  order?: string;
  shape?: string;
  header?: string;
  version?: number;
  data?: Uint8Array;
} = {}): Uint8Array {
  const length = version === 1 ? u16(header.length + 1) : u32(header.length + 1);
  return bytes("\x93NUMPY", version, 0, length, header, "\n", data);
}

// Zip archives

/** What a header says of its file. */
interface ZipFields {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly header: number;
  readonly extra: Piece;
}

export interface ZipContent {
  readonly name: string;
  readonly data: Uint8Array;
  readonly deflate?: boolean;
  /** Other values than the true ones in the file's own header, or in the directory. */
  readonly local?: Partial<ZipFields>;
  readonly central?: Partial<ZipFields>;
}

/** `wide`: with a zip64 end record, as PyTorch writes it. `end`: in place of the end record. */
export function zip(
  contents: readonly ZipContent[],
  { comment = "", wide = false, end }: { comment?: string; wide?: boolean; end?: Piece } = {},
): Uint8Array {
  const files: Piece[] = [];
  const entries: Piece[] = [];
  for (const { name, data, deflate = false, local = {}, central = {} } of contents) {
    const body = deflate ? deflateRawSync(data) : data;
    const method = deflate ? 8 : 0;
    const sizes = { crc: crc32(data), packed: body.length, size: data.length };
    const fields = { name, flags: 0x0800, method, ...sizes, header: bytes(files).length, extra: [] };
    files.push(localHeader({ ...fields, ...local }), body);
    entries.push(centralHeader({ ...fields, ...central }));
  }
  const [start, length] = [bytes(files).length, bytes(entries).length];
  const count = contents.length;
  const wideEnd = [
    "PK\x06\x06",
    u64(44),
    u16(45),
    u16(45),
    u32(0),
    u32(0),
    u64(count),
    u64(count),
    u64(length),
    u64(start),
  ];
  const locator = ["PK\x06\x07", u32(0), u64(start + length), u32(1)];
  const plainEnd = ["PK\x05\x06", u16(0), u16(0), u16(count), u16(count), u32(length), u32(start)];
  return bytes(files, entries, wide ? [wideEnd, locator] : [], end ?? [plainEnd, u16(comment.length), comment]);
}

function localHeader({ name, flags, method, crc, packed, size, extra }: ZipFields): Piece {
  const [nameBytes, extraBytes] = [new TextEncoder().encode(name), bytes(extra)];
  const numbers = [u16(20), u16(flags), u16(method), u32(0), u32(crc), u32(packed), u32(size)];
  return ["PK\x03\x04", numbers, u16(nameBytes.length), u16(extraBytes.length), nameBytes, extraBytes];
}

function centralHeader({ name, flags, method, crc, packed, size, header, extra }: ZipFields): Piece {
  const [nameBytes, extraBytes] = [new TextEncoder().encode(name), bytes(extra)];
  const numbers = [u16(20), u16(20), u16(flags), u16(method), u32(0), u32(crc), u32(packed), u32(size)];
  const lengths = [u16(nameBytes.length), u16(extraBytes.length), u16(0)];
  return ["PK\x01\x02", numbers, lengths, u16(0), u16(0), u32(0), u32(header), nameBytes, extraBytes];
}
