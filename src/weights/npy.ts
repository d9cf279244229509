/**
 * The .npy format (numpy/lib/format.py, versions 1.0 to 3.0): six bytes of magic, the version, the length of a header,
 * the header (a Python dictionary as text), then the numbers.
 */
import { bytesOf, type Dtype, view } from "../array/dtype.ts";
import type { NdArray } from "../array/ndarray.ts";
import { type Shape, show, sizeOf, stridesOf } from "../array/shape.ts";
import { gatherStrided } from "../array/strided.ts";
import { InputError, problem } from "../errors.ts";

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

/** NumPy's names for our element types: kind and bytes. */
const dtypes = new Map<string, Dtype>([
  ["f2", "float16"],
  ["f4", "float32"],
  ["f8", "float64"],
  ["i1", "int8"],
  ["i2", "int16"],
  ["i4", "int32"],
  ["i8", "int64"],
  ["u1", "uint8"],
  ["u2", "uint16"],
  ["b1", "bool"],
]);

/** NumPy refuses longer headers, too. */
const longestHeader = 10_000;
const largestRank = 8;

interface Header {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: Shape;
}

/**
 * The array in the bytes of a .npy file, row-major, in a buffer of its own.
 *
 * Throws InputError that starts with `where` (the file's name) when the bytes are truncated, damaged or not of this
 * format, or hold something other than numbers of a type that we have. Nothing in the file is run.
 */
export function readNpy(bytes: Uint8Array, where = "npy"): NdArray {
  const { text, dataStart } = readHeader(bytes, where);
  const { descr, fortranOrder, shape } = parseHeader(text, where);
  const { dtype, bigEndian } = typeOf(descr, where);
  const count = sizeOf(shape);
  // A product beyond 2⁵³ is not exact, but then no number of bytes in a file is equal to it.
  if (count * bytesOf(dtype) !== bytes.length - dataStart) {
    const expected = `${count * bytesOf(dtype)} bytes for ${dtype} of shape ${show(shape)}`;
    throw damaged(where, expected, `${bytes.length - dataStart}`);
  }
  const numbers = new Uint8Array(bytes.subarray(dataStart)); // a copy: aligned, and free to be handed on
  if (bigEndian) reverseEach(numbers, bytesOf(dtype));
  const data = view(dtype, numbers.buffer, 0, count);
  if (!fortranOrder || shape.length < 2) return { dtype, shape, data };
  const strides = stridesOf([...shape].reverse()).reverse();
  return { dtype, shape, data: gatherStrided(dtype, data, { offset: 0, shape, strides }) };
}

/** The bytes of a .npy file, version 1.0, that NumPy reads as the array. */
export function writeNpy({ dtype, shape, data }: NdArray): Uint8Array {
  const descr = [...dtypes].find(([, each]) => each === dtype)?.[0];
  if (descr === undefined)
    throw refused("npy", `one of the types ${[...dtypes.values()].join(", ")}`, dtype, "Cast it.");
  const order = bytesOf(dtype) === 1 ? "|" : "<";
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${order}${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // Numbers begin at a multiple of 64 bytes.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const bytes = new Uint8Array(10 + length + data.byteLength);
  bytes.set([...magic, 1, 0, length & 255, length >> 8]);
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - 1)}\n`), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + length);
  return bytes;
}

function readHeader(bytes: Uint8Array, where: string): { text: string; dataStart: number } {
  if (bytes.length < 10) throw damaged(where, "at least 10 bytes", `${bytes.length}`);
  if (magic.some((byte, i) => bytes[i] !== byte)) throw damaged(where, "\\x93NUMPY at the start", "something else");
  const [major, minor] = bytes.subarray(6, 8);
  if (major < 1 || major > 3 || minor !== 0) {
    throw refused(where, "version 1.0, 2.0 or 3.0 of the format", `${major}.${minor}`, "Save it with numpy.save.");
  }
  const lengthBytes = major === 1 ? 2 : 4;
  const start = 8 + lengthBytes;
  if (bytes.length < start) throw damaged(where, `at least ${start} bytes`, `${bytes.length}`);
  const fields = new DataView(bytes.buffer, bytes.byteOffset, start);
  const length = major === 1 ? fields.getUint16(8, true) : fields.getUint32(8, true);
  const largest = Math.min(longestHeader, bytes.length - start);
  if (length > largest) throw damaged(where, `a header of at most ${largest} bytes`, `${length}`);
  const dataStart = start + length;
  // Everything that we accept is ASCII. Latin-1 decodes any byte, and what is not ASCII fails to parse.
  return { text: new TextDecoder("latin1").decode(bytes.subarray(start, dataStart)), dataStart };
}

/** One entry of the dictionary: a known key with a string, a boolean, or a tuple of integers (Python 2 wrote 3L). */
const entry = /\s*(["'])(descr|fortran_order|shape)\1\s*:\s*(?:'([^'"]*)'|"([^'"]*)"|(True|False)|\(([\dL,\s]*)\))\s*/y;

/** Reads exactly the dictionary that NumPy writes, and nothing else that Python would accept. */
function parseHeader(text: string, where: string): Header {
  const fields = new Map<string, string>();
  const whole = text.trim();
  const wrong = () => damaged(where, "a header with descr, fortran_order and shape", shorten(whole));
  if (!whole.startsWith("{") || !whole.endsWith("}")) throw wrong();
  const body = whole.slice(1, -1);
  if (/["']descr["']\s*:\s*\[/.test(body)) {
    throw refused(where, "plain numbers", "records with named fields", "Save each field as an array of its own.");
  }
  for (let at = 0; at < body.length && body.slice(at).trim() !== ""; ) {
    entry.lastIndex = at;
    const match = entry.exec(body);
    if (match === null) throw wrong();
    const [, , key, single, double, flag, sizes] = match;
    const value = { descr: single ?? double, fortran_order: flag, shape: sizes }[key];
    if (value === undefined || fields.has(key)) throw wrong();
    fields.set(key, value);
    at = entry.lastIndex;
    if (at < body.length && body[at++] !== ",") throw wrong();
  }
  const [descr, order, sizes] = ["descr", "fortran_order", "shape"].map((key) => fields.get(key));
  if (descr === undefined || order === undefined || sizes === undefined) throw wrong();
  return { descr, fortranOrder: order === "True", shape: parseShape(sizes, where) };
}

/** `3, 4`, `3,` or nothing: the inside of a tuple. A number alone would not be a tuple. */
function parseShape(text: string, where: string): Shape {
  const parts = text.split(",").map((part) => part.trim());
  const isTuple = parts.length > 1 || parts[0] === "";
  if (parts[parts.length - 1] === "") parts.pop();
  const shape = parts.map((part) => (/^\d+L?$/.test(part) ? Number.parseInt(part, 10) : Number.NaN));
  if (!isTuple || !shape.every(Number.isSafeInteger)) {
    throw damaged(where, "a shape of whole numbers", shorten(`(${text})`));
  }
  if (shape.length > largestRank) {
    throw refused(where, `at most ${largestRank} axes`, `${shape.length}`, "Reshape the array before saving it.");
  }
  return shape;
}

/** The bytes of each number the other way round. */
function reverseEach(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}

function typeOf(descr: string, where: string): { dtype: Dtype; bigEndian: boolean } {
  const [order, code] = [descr.slice(0, 1), descr.slice(1)];
  const dtype = dtypes.get(code);
  if (dtype !== undefined && (order === "<" || order === ">" || (order === "|" && bytesOf(dtype) === 1))) {
    return { dtype, bigEndian: order === ">" };
  }
  const expected = `numbers of one of the types ${[...dtypes.keys()].join(", ")}`;
  if (code.startsWith("O")) {
    throw refused(where, expected, "Python objects, which could run code", "Do not use this file.");
  }
  throw refused(where, expected, shorten(descr), "Convert the array with astype before saving it.");
}

/** A quotation from the file for a message: one line, printable, not long. */
function shorten(text: string): string {
  return JSON.stringify(text.replace(/[^ -~]+/g, "?").slice(0, 60));
}

function damaged(where: string, expected: string, got: string): InputError {
  return refused(where, expected, got, "The file is damaged or not a NumPy array; write or fetch it again.");
}

function refused(where: string, expected: string, got: string, remedy: string): InputError {
  return new InputError(problem(where, `expected ${expected}`, got, remedy));
}
