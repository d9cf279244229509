/**
 * LevelDB's sorted string table, in which TensorFlow lists the tensors of a checkpoint (doc/table_format.md of LevelDB): blocks of
 * entries, each followed by how it is compressed and its sum, and at the end a footer that says where the block of blocks is.
 */
import { InputError } from "../errors.ts";
import { crc32c, masked } from "./crc32.ts";

/** A key and its value, as views of the file or of its own bytes. */
export interface TableEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

interface Place {
  readonly offset: number;
  readonly size: number;
}

const magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
const footerBytes = 48;
/** One for how a block is compressed, four for its sum. */
const trailerBytes = 5;

/** Longer keys than this are no names. */
const longestKey = 2 ** 12;

/** Whether these bytes, or the end of them, are a table's. */
export function isStringTable(bytes: Uint8Array): boolean {
  return bytes.length >= footerBytes && magic.every((byte, i) => bytes[bytes.length - magic.length + i] === byte);
}

/**
 * bytes: a whole table → its entries one after another, keys ascending. Throws InputError, beginning with `where`, for damaged and
 * compressed tables, and such whose keys would take much more memory than they have bytes.
 */
export function* readStringTable(bytes: Uint8Array, where: string): Generator<TableEntry> {
  if (!isStringTable(bytes)) throw damaged(where, "the end that such a table has", `${bytes.length} bytes without it`);
  const footer = new Cursor(bytes.subarray(bytes.length - footerBytes, bytes.length - magic.length), where);
  const [about, index] = [placeFrom(footer), placeFrom(footer)];
  const end = bytes.length - footerBytes;
  const budget: Budget = { keyBytes: 16 * bytes.length + longestKey };
  // Says nothing that is needed, and yet damage in it is damage.
  blockAt(bytes, about, end, where);
  let last: Uint8Array | undefined;
  let next = 0;
  for (const { value } of entriesOf(blockAt(bytes, index, end, where), where, budget)) {
    const place = placeFrom(new Cursor(value, where));
    // One after another: no block is read twice, so the work is bounded by the file.
    if (place.offset < next) throw damaged(where, `a block from byte ${next} on`, `one at byte ${place.offset}`);
    next = place.offset + place.size + trailerBytes;
    for (const entry of entriesOf(blockAt(bytes, place, end, where), where, budget)) {
      if (last !== undefined && compare(last, entry.key) >= 0)
        throw damaged(where, "names in order, each once", "others");
      last = entry.key;
      yield entry;
    }
  }
}

/** What keys may still take: short entries may stand for long keys, and real ones share a small part of them. */
interface Budget {
  keyBytes: number;
}

function placeFrom(cursor: Cursor): Place {
  return { offset: cursor.varint(), size: cursor.varint() };
}

/** The bytes of a block, checked against its sum. */
function blockAt(bytes: Uint8Array, { offset, size }: Place, end: number, where: string): Uint8Array {
  if (offset + size + trailerBytes > end) {
    throw damaged(where, `blocks within ${end} bytes`, `one of ${size} at byte ${offset}`);
  }
  const compression = bytes[offset + size];
  const stored = new DataView(bytes.buffer, bytes.byteOffset + offset + size + 1, 4).getUint32(0, true);
  const sum = masked(crc32c(bytes.subarray(offset, offset + size + 1)));
  if (stored !== sum) throw damaged(where, `the sum ${stored} of the block at byte ${offset}`, `${sum}`);
  if (compression !== 0) {
    const kind = compression === 1 ? "Snappy" : `kind ${compression}`;
    throw new InputError(
      `${where}: expected blocks that are not compressed, as TensorFlow writes them, got ${kind}. Save the checkpoint again with TensorFlow.`,
    );
  }
  return bytes.subarray(offset, offset + size);
}

/** Entries, then the offsets of those whose keys stand in full, and their count; reading from the front needs none of those. */
function* entriesOf(block: Uint8Array, where: string, budget: Budget): Generator<TableEntry> {
  const count =
    block.length < 4 ? 0 : new DataView(block.buffer, block.byteOffset + block.length - 4, 4).getUint32(0, true);
  const end = block.length - 4 - 4 * count;
  if (count < 1 || end < 0) throw damaged(where, "a block with the places of its keys", `${count} places`);
  const cursor = new Cursor(block.subarray(0, end), where);
  let key: Uint8Array = new Uint8Array(0);
  while (!cursor.isDone) {
    const [shared, own, valueBytes] = [cursor.varint(), cursor.varint(), cursor.varint()];
    if (shared > key.length) throw damaged(where, `a name that shares at most ${key.length} bytes`, `${shared}`);
    const rest = cursor.take(own);
    const length = shared + own;
    budget.keyBytes -= length;
    if (length > longestKey || budget.keyBytes < 0) {
      throw damaged(where, "names of usual length", length > longestKey ? `one of ${length} bytes` : "far longer ones");
    }
    const next = new Uint8Array(length);
    next.set(key.subarray(0, shared));
    next.set(rest, shared);
    yield { key: next, value: cursor.take(valueBytes) };
    key = next;
  }
}

/** Reads numbers and pieces one after another. */
class Cursor {
  private at = 0;
  private readonly bytes: Uint8Array;
  private readonly where: string;

  constructor(bytes: Uint8Array, where: string) {
    this.bytes = bytes;
    this.where = where;
  }

  get isDone(): boolean {
    return this.at >= this.bytes.length;
  }

  /** Seven bits a byte, the lowest first; the top bit says that more follow. Nothing in a file is beyond 2⁵³. */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const [byte] = this.take(1);
      value += (byte & 127) * scale;
      if (value > Number.MAX_SAFE_INTEGER || scale > 2 ** 49) {
        throw damaged(this.where, "numbers below 2^53", "a larger one");
      }
      if (byte < 128) return value;
    }
  }

  take(count: number): Uint8Array {
    const piece = this.bytes.subarray(this.at, this.at + count);
    if (piece.length < count) throw damaged(this.where, `${count} bytes more in a block`, `${piece.length}`);
    this.at += count;
    return piece;
  }
}

/** By bytes. */
function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

export function damaged(where: string, expected: string, got: string): InputError {
  return new InputError(
    `${where}: expected ${expected}, got ${got}. The file is damaged or no TensorFlow checkpoint; fetch it again.`,
  );
}
