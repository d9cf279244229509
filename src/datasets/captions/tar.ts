/** Headers of tar archives: POSIX ustar with pax records, GNU long names, and what came before them (POSIX.1-2017, pax). */

import { InputError, problem } from "../../errors.ts";
import type { ByteSource } from "../../platform/byte-source.ts";

export interface TarEntry {
  readonly name: string;
  /** Of the content, in bytes of the archive. */
  readonly offset: number;
  readonly size: number;
  /** A file with content of its own; links, folders and devices are not. */
  readonly isFile: boolean;
}

const block = 512;

/** Headers and small texts lie close to one another, so that many come with one reading. */
const readAhead = 16 * block;

/** Records that describe the next entry; larger ones are made to exhaust memory. */
const mostRecords = 2 ** 20;

/**
 * The entries of an archive in order, without reading contents. Throws InputError, beginning with `where`, for a file that
 * is no tar, breaks off, or says sizes that it does not have.
 */
export async function* tarEntries(source: ByteSource, where: string): AsyncGenerator<TarEntry, void, undefined> {
  const broken = (got: string) => new InputError(problem(where, "expected a tar archive", got, remedy));
  const at = windowed(source);
  if (source.size === 0) throw broken("an empty file");
  let [name, size] = [undefined as string | undefined, undefined as number | undefined];
  for (let position = 0; position < source.size; ) {
    const header = await at(position, block);
    if (header.length < block) throw broken(`a file that breaks off at byte ${source.size}`);
    if (header.every((byte) => byte === 0)) return;
    if (!isSum(header)) throw broken(position === 0 ? "a file of another kind" : `no header at byte ${position}`);
    const type = String.fromCharCode(header[156]);
    const stored = numberOf(header.subarray(124, 136));
    const length = "xgLK".includes(type) ? stored : (size ?? stored);
    const offset = position + block;
    if (!Number.isSafeInteger(length) || length < 0 || length > source.size - offset) {
      throw broken(`${length} bytes at byte ${offset} of ${source.size}: it breaks off, or is damaged`);
    }
    position = offset + Math.ceil(length / block) * block;
    if (type === "x" || type === "L") {
      if (length > mostRecords) throw broken(`a name of ${length} bytes at byte ${offset}`);
      const content = await at(offset, length);
      if (type === "L") name = textOf(content);
      else ({ name = name, size } = paxOf(content));
      if (size !== undefined && !Number.isSafeInteger(size)) throw broken(`a broken size at byte ${offset}`);
      continue;
    }
    if (type === "g" || type === "K") continue; // of the whole archive, and where a link leads
    const isFile = type === "0" || type === "\0" || type === "7";
    yield { name: name ?? ownName(header), offset, size: length, isFile };
    [name, size] = [undefined, undefined];
  }
}

const remedy = "Fetch it again, or leave it out.";

/** Reads of a few bytes are served from a larger one. */
function windowed({ size, read }: ByteSource): (offset: number, length: number) => Promise<Uint8Array> {
  let [start, bytes] = [0, new Uint8Array(0) as Uint8Array];
  return async (offset, length) => {
    if (offset < start || offset + length > start + bytes.length) {
      bytes = await read(offset, Math.min(Math.max(length, readAhead), size - offset));
      start = offset;
    }
    return bytes.subarray(offset - start, offset - start + length);
  };
}

/** The sum of the header's bytes, its own field as spaces, is stored in it. */
function isSum(header: Uint8Array): boolean {
  let sum = 0;
  for (let i = 0; i < block; i++) sum += i >= 148 && i < 156 ? 32 : header[i];
  return sum === numberOf(header.subarray(148, 156));
}

/** Octal digits; or, where the first bit is set, the bits after it as one number. NaN where it is neither. */
function numberOf(field: Uint8Array): number {
  if (field[0] & 0x80) return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, field[0] & 0x7f);
  const text = textOf(field).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || "0", 8) : Number.NaN;
}

/** Up to the first zero. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function ownName(header: Uint8Array): string {
  const name = textOf(header.subarray(0, 100));
  const prefix = textOf(header.subarray(257, 262)) === "ustar" ? textOf(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Records `LENGTH key=value\n`; LENGTH counts the record's own bytes. */
function paxOf(bytes: Uint8Array): { name?: string; size?: number } {
  const found: { name?: string; size?: number } = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(32, at);
    const length = Number(textOf(bytes.subarray(at, Math.max(at, space))));
    if (space < 0 || !Number.isInteger(length) || length <= space + 1 - at) break;
    const record = new TextDecoder().decode(bytes.subarray(space + 1, at + length - 1));
    const equals = record.indexOf("=");
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === "path") found.name = value;
    if (key === "size") found.size = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    at += length;
  }
  return found;
}
