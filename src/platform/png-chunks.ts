/**
 * Finds the parts of a PNG (PNG specification, third edition, section 5) without holding the file: its header, its small
 * tables, and where the compressed pixels lie. No size in the file is believed before it is checked.
 */
import { crc32 } from "node:zlib";
import { InputError, problem } from "../errors.ts";
import type { Color } from "../image/image.ts";
import type { ByteSource } from "./byte-source.ts";
import { maxPixels } from "./limits.ts";

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** Values per pixel. */
  readonly channels: 1 | 2 | 3 | 4;
  readonly indexed: boolean;
  readonly interlaced: boolean;
}

export interface PngParts {
  readonly header: PngHeader;
  /** Of an indexed picture only. */
  readonly palette?: readonly Color[];
  /** Body of the tRNS chunk: alpha by index, or the one colour that is transparent. */
  readonly transparency?: Uint8Array;
  /** By keyword; absent where there are none. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Where the pieces of the compressed pixels are. */
  readonly data: readonly (readonly [offset: number, length: number])[];
}

const signature = [137, 80, 78, 71, 13, 10, 26, 10];

/** By colour type: values per pixel, and the bit depths that the specification allows. */
const colorTypes: Readonly<Record<number, readonly [channels: 1 | 2 | 3 | 4, depths: readonly number[]]>> = {
  0: [1, [1, 2, 4, 8, 16]],
  2: [3, [8, 16]],
  3: [1, [1, 2, 4, 8]],
  4: [2, [8, 16]],
  6: [4, [8, 16]],
};

/** Bytes that are read at once. */
const pieceBytes = 1 << 20;

/** Bodies that are kept; a longer one of such a type is none. */
const longestTable = 768;

/** The same of texts: 254 names of classes fit many times. */
const longestText = 1 << 16;

export function isPng(bytes: Uint8Array): boolean {
  return signature.every((value, i) => bytes[i] === value);
}

export function damagedPng(where: string, got: string): InputError {
  return new InputError(problem(where, "expected an intact PNG", got, "Replace the file with an intact copy."));
}

/**
 * Reads all chunks once, checking their sums. Throws InputError, beginning with `where`, when the file is damaged, cut
 * short, or larger than 300 million pixels.
 */
export async function readPngParts(source: ByteSource, where: string): Promise<PngParts> {
  if (!isPng(await source.read(0, signature.length))) throw damagedPng(where, "a file that does not begin like a PNG");
  const data: (readonly [number, number])[] = [];
  let header: PngHeader | undefined;
  let palette: Color[] | undefined;
  let transparency: Uint8Array | undefined;
  const texts: Record<string, string> = {};
  for (let at = signature.length; ; ) {
    const { type, length, body } = await readChunk(source, at, where);
    if (header === undefined && type !== "IHDR") throw damagedPng(where, "no IHDR chunk at the start");
    if (type === "IHDR") header ??= readHeader(body, length, where);
    else if (type === "PLTE") palette = readPalette(body, length, where);
    else if (type === "tRNS") transparency = body;
    else if (type === "IDAT") data.push([at + 8, length]);
    else if (type === "tEXt") addText(texts, body, length);
    else if (type === "IEND") break;
    else if (/^[A-Z]/.test(type)) throw damagedPng(where, `a critical chunk ${type} that PNG does not define`);
    at += 12 + length;
  }
  if (header === undefined || data.length === 0) throw damagedPng(where, "a file without pixels");
  const hasTexts = Object.keys(texts).length > 0;
  const parts = { header, data, ...(transparency && { transparency }), ...(hasTexts && { texts }) };
  if (!header.indexed) return parts; // a PLTE chunk beside true colour is only a hint for old displays
  if (palette === undefined) throw damagedPng(where, "a palette image without a palette");
  return { ...parts, palette };
}

/** A chunk: length of the body, type, body, checksum of type and body. `body` is its beginning alone where it is long. */
async function readChunk(source: ByteSource, at: number, where: string) {
  if (at + 12 > source.size) throw damagedPng(where, "a truncated file");
  const head = await source.read(at, 8);
  const length = bigEndian(head, 0);
  const type = String.fromCharCode(...head.subarray(4, 8));
  const end = at + 8 + length;
  if (end + 4 > source.size) throw damagedPng(where, "a truncated file");
  let sum = crc32(head.subarray(4, 8));
  for await (const piece of readPieces(source, [[at + 8, length]])) sum = crc32(piece, sum);
  if (sum !== bigEndian(await source.read(end, 4), 0)) {
    throw damagedPng(where, `a damaged ${/^[A-Za-z]{4}$/.test(type) ? type : "unknown"} chunk (wrong checksum)`);
  }
  const kept = type === "tEXt" ? longestText : longestTable;
  return { type, length, body: await source.read(at + 8, Math.min(length, kept)) };
}

/** A keyword, a zero, and the text. */
function addText(texts: Record<string, string>, body: Uint8Array, length: number): void {
  const end = body.indexOf(0);
  if (length > longestText || end < 1 || Object.keys(texts).length >= 16) return;
  const [key, text] = [body.subarray(0, end), body.subarray(end + 1)].map((part) =>
    new TextDecoder("latin1").decode(part),
  );
  texts[key] = text;
}

/** The bytes of some ranges, at most a megabyte at once. */
export async function* readPieces(source: ByteSource, ranges: PngParts["data"]): AsyncGenerator<Uint8Array> {
  for (const [offset, length] of ranges) {
    for (let at = 0; at < length; at += pieceBytes) {
      yield await source.read(offset + at, Math.min(pieceBytes, length - at));
    }
  }
}

function bigEndian(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
}

function readHeader(body: Uint8Array, length: number, where: string): PngHeader {
  if (length !== 13) throw damagedPng(where, `a header of ${length} bytes`);
  const [width, height] = [bigEndian(body, 0), bigEndian(body, 4)];
  const [depth, colorType, compression, filter, interlace] = body.subarray(8);
  if (width === 0 || height === 0) throw damagedPng(where, `a size of ${width}x${height}`);
  if (width * height > maxPixels) {
    throw new InputError(
      problem(where, "expected at most 300 million pixels", `${width}x${height}`, "Scale or split the image."),
    );
  }
  const kind = colorTypes[colorType];
  if (kind === undefined || !kind[1].includes(depth)) {
    throw damagedPng(where, `colour type ${colorType} with ${depth} bits`);
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    throw damagedPng(where, "an unknown compression or interlacing");
  }
  return { width, height, depth, channels: kind[0], indexed: colorType === 3, interlaced: interlace === 1 };
}

function readPalette(body: Uint8Array, length: number, where: string): Color[] {
  if (length === 0 || length % 3 !== 0 || length > longestTable) {
    throw damagedPng(where, `a palette of ${length} bytes`);
  }
  return Array.from({ length: length / 3 }, (_, i) => [body[3 * i], body[3 * i + 1], body[3 * i + 2]] as const);
}
