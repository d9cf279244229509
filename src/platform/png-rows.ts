/** The rows of a PNG, one after the other: inflated piece by piece, unfiltered, in the order of the file. */
import { pipeline } from "node:stream/promises";
import { createInflate } from "node:zlib";
import { codeOf } from "../errors.ts";
import type { ByteSource } from "./byte-source.ts";
import { damagedPng, type PngHeader, type PngParts, readPieces } from "./png-chunks.ts";

/** The seven passes of Adam7 interlacing: first column and row, and the steps between columns and rows. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly width: number;
  readonly height: number;
}

/** Pixels of one row: those at columns x, x + stepX, x + 2·stepX … */
export interface RowPlace {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly width: number;
}

/** More than the pixels is forgiven, as other readers do, up to this many bytes. */
const mostExtra = 65_536;

/**
 * Gives each row to `take`, as it is stored: bytes of `depth` bits a value, valid during the call only. Memory: two rows
 * and a few pieces. Throws InputError, beginning with `where`, when the pixels are damaged, too few or too many.
 */
export async function eachPngRow(
  source: ByteSource,
  { header, data }: PngParts,
  where: string,
  take: (row: Uint8Array, place: RowPlace) => void,
): Promise<void> {
  const rows = rowsOf(header, where, take);
  try {
    await pipeline(readPieces(source, data), createInflate({ chunkSize: 1 << 20 }), async (inflated) => {
      for await (const piece of inflated as AsyncIterable<Uint8Array>) rows.add(piece);
    });
  } catch (error) {
    const code = codeOf(error);
    if (code === "Z_BUF_ERROR") throw damagedPng(where, "compressed data that ends too early");
    throw code.startsWith("Z_") ? damagedPng(where, "damaged compressed data") : error;
  }
  if (!rows.isComplete()) throw damagedPng(where, "fewer pixels than its header says");
}

/** The first `count` values of a row, of `depth` bits each, into `values`. */
export function unpack(row: Uint8Array, depth: number, count: number, values: Uint16Array): void {
  if (depth === 8) {
    for (let i = 0; i < count; i++) values[i] = row[i];
  } else if (depth === 16) {
    for (let i = 0; i < count; i++) values[i] = (row[2 * i] << 8) | row[2 * i + 1];
  } else {
    const mask = (1 << depth) - 1;
    for (let i = 0, bit = 0; i < count; i++, bit += depth) {
      values[i] = (row[bit >> 3] >> (8 - depth - (bit & 7))) & mask;
    }
  }
}

function passesOf({ width, height, interlaced }: PngHeader): Pass[] {
  if (!interlaced) return [{ x: 0, y: 0, stepX: 1, stepY: 1, width, height }];
  const passes = adam7.map(([x, y, stepX, stepY]) => ({
    ...{ x, y, stepX, stepY },
    width: Math.ceil((width - x) / stepX),
    height: Math.ceil((height - y) / stepY),
  }));
  return passes.filter((pass) => pass.width > 0 && pass.height > 0); // an empty pass has no filter bytes either
}

/** Cuts inflated bytes into rows. Each is a filter byte and its values. */
function rowsOf(header: PngHeader, where: string, take: (row: Uint8Array, place: RowPlace) => void) {
  const bitsPerPixel = header.depth * header.channels;
  const back = Math.max(1, bitsPerPixel >> 3);
  const longest = 1 + Math.ceil((header.width * bitsPerPixel) / 8);
  let [current, above] = [new Uint8Array(longest), new Uint8Array(longest)];
  const passes = passesOf(header);
  let pass = 0;
  let row = 0;
  let length = 1 + Math.ceil((passes[0].width * bitsPerPixel) / 8);
  let filled = 0;
  let extra = 0;

  function endRow(): void {
    const { x, y, stepX, stepY, width, height } = passes[pass];
    unfilter(current.subarray(0, length), above, back, where);
    take(current.subarray(1, length), { x, y: y + row * stepY, stepX, width });
    [current, above] = [above, current];
    filled = 0;
    row++;
    if (row < height) return;
    row = 0;
    pass++;
    above.fill(0); // above the first row of a pass are zeros
    if (pass < passes.length) length = 1 + Math.ceil((passes[pass].width * bitsPerPixel) / 8);
  }

  return {
    add(piece: Uint8Array): void {
      let at = 0;
      while (at < piece.length && pass < passes.length) {
        const count = Math.min(length - filled, piece.length - at);
        current.set(piece.subarray(at, at + count), filled);
        filled += count;
        at += count;
        if (filled === length) endRow();
      }
      extra += piece.length - at;
      if (extra > mostExtra) throw damagedPng(where, "more pixels than its header says");
    },
    isComplete: () => pass === passes.length,
  };
}

/**
 * Undoes the filter of a row in place (section 9); `above` is the row before it. Both begin with the filter byte; `back`
 * is the distance to the byte that a filter calls "left".
 */
function unfilter(row: Uint8Array, above: Uint8Array, back: number, where: string): void {
  const filter = row[0];
  const end = row.length;
  if (filter === 1) {
    for (let i = 1 + back; i < end; i++) row[i] += row[i - back];
  } else if (filter === 2) {
    for (let i = 1; i < end; i++) row[i] += above[i];
  } else if (filter === 3) {
    for (let i = 1; i <= back && i < end; i++) row[i] += above[i] >> 1;
    for (let i = 1 + back; i < end; i++) row[i] += (row[i - back] + above[i]) >> 1;
  } else if (filter === 4) {
    for (let i = 1; i <= back && i < end; i++) row[i] += above[i]; // of left and corner there is none
    for (let i = 1 + back; i < end; i++) row[i] += paeth(row[i - back], above[i], above[i - back]);
  } else if (filter !== 0) {
    throw damagedPng(where, `row filter ${filter}`);
  }
}

/** Whichever of the three neighbours is nearest to left + above − corner. */
function paeth(left: number, above: number, corner: number): number {
  const estimate = left + above - corner;
  const toLeft = Math.abs(estimate - left);
  const toAbove = Math.abs(estimate - above);
  const toCorner = Math.abs(estimate - corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
