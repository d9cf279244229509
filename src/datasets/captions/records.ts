/** Where the records of a text file are, without keeping their text. */

import { InputError, problem } from "../../errors.ts";
import type { ByteSource } from "../../platform/byte-source.ts";

export interface TextRecord {
  readonly offset: number;
  /** Without the line break. */
  readonly bytes: Uint8Array;
}

const [lineFeed, carriageReturn, quote] = [10, 13, 34];

const chunkBytes = 2 ** 20;

/** Longer records are no captions: a quotation mark was not closed. */
const mostRecordBytes = 2 ** 24;

/**
 * The records of a file, one a line; empty ones are passed over. separator: the byte between fields, where fields in
 * quotation marks may hold line breaks (RFC 4180). Memory: the longest record and a mebibyte. Throws InputError, beginning
 * with `where`, for a record of more than 16 MiB.
 */
export async function* textRecords(
  source: ByteSource,
  where: string,
  separator?: number,
): AsyncGenerator<TextRecord, void, undefined> {
  let rest: Uint8Array = new Uint8Array(0);
  let start = 0;
  let [at, isQuoted, isFieldStart] = [0, false, true];
  for (let position = 0; position < source.size; ) {
    const chunk = await source.read(position, chunkBytes);
    if (chunk.length === 0) break;
    position += chunk.length;
    let bytes = joined(rest, chunk);
    let from = 0;
    if (start === 0 && at === 0 && hasMark(bytes)) at = 3;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      // A quotation mark opens a field at its start alone; two within it are one that is meant, and close and open it.
      if (separator !== undefined && byte === quote && (isQuoted || isFieldStart)) isQuoted = !isQuoted;
      else if (byte === lineFeed && !isQuoted) {
        const end = at > from && bytes[at - 1] === carriageReturn ? at - 1 : at;
        if (end > from) yield { offset: start + from, bytes: bytes.subarray(from, end) };
        from = at + 1;
      }
      // Behind a closing mark another may follow, which opens again.
      isFieldStart =
        byte === separator || byte === lineFeed || (byte === quote && separator !== undefined && !isQuoted);
    }
    bytes = bytes.subarray(from);
    if (bytes.length > mostRecordBytes) {
      const got = `more than 16 MiB at byte ${start + from}`;
      throw new InputError(problem(where, "expected records of some sentences", got, "Close its quotation mark."));
    }
    [rest, start, at] = [bytes.slice(), start + from, bytes.length];
  }
  const end = rest.at(-1) === carriageReturn ? rest.length - 1 : rest.length;
  if (end > 0) yield { offset: start, bytes: rest.subarray(0, end) };
}

/** Whether UTF-8's byte order mark comes first, which decoding drops. */
function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
