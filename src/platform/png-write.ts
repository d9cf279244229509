/** Writes palette PNGs (PNG specification, third edition): class maps that every tool reads back as indices. */
import { once } from "node:events";
import { crc32, createDeflate } from "node:zlib";
import { InputError, problem } from "../errors.ts";
import type { IndexedImage } from "./platform.ts";

/** Rows are given to the compressor in pieces of about this many bytes, so that nothing is held twice. */
const pieceBytes = 1 << 20;

/**
 * image: a map of palette indices → an 8-bit palette PNG. Rows are written unfiltered: class maps are flat regions,
 * which deflate handles better than differences. Throws InputError when an index has no colour or sizes disagree.
 */
export async function encodeIndexedPng({
  width,
  height,
  data,
  palette,
  texts = {},
}: IndexedImage): Promise<Uint8Array> {
  if (palette.length < 1 || palette.length > 256) {
    throw new InputError(
      problem("encodeIndexedPng", "expected 1 to 256 colours", String(palette.length), "Use fewer classes."),
    );
  }
  if (width < 1 || height < 1 || data.length !== width * height) {
    throw new InputError(
      problem("encodeIndexedPng", `expected ${width * height} indices for ${width}x${height}`, `${data.length}`, ""),
    );
  }
  if (palette.length < 256) {
    const wrong = data.findIndex((value) => value >= palette.length);
    if (wrong >= 0) {
      const place = `${data[wrong]} at column ${wrong % width}, row ${Math.floor(wrong / width)}`;
      throw new InputError(
        problem("encodeIndexedPng", `expected indices below ${palette.length}`, place, "Give every index a colour."),
      );
    }
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 3, 0, 0, 0], 8); // 8 bits, palette, deflate, adaptive filters, not interlaced
  const pixels = await compressRows(data, width, height);
  return Buffer.concat([
    Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10),
    ...chunk("IHDR", header),
    ...chunk("PLTE", Uint8Array.from(palette.flat())),
    ...Object.entries(texts).flatMap(([key, text]) => chunk("tEXt", Buffer.from(`${key}\0${text}`, "latin1"))),
    ...pixels.flatMap((piece) => chunk("IDAT", piece)),
    ...chunk("IEND", new Uint8Array(0)),
  ]);
}

async function compressRows(data: Uint8Array, width: number, height: number): Promise<Uint8Array[]> {
  const deflate = createDeflate({ level: 6, chunkSize: 1 << 18 });
  const compressed: Uint8Array[] = [];
  deflate.on("data", (piece: Uint8Array) => compressed.push(piece));
  const ended = once(deflate, "end");
  const rowsPerPiece = Math.max(1, Math.floor(pieceBytes / (width + 1)));
  for (let start = 0; start < height; start += rowsPerPiece) {
    const rows = Math.min(rowsPerPiece, height - start);
    const piece = new Uint8Array(rows * (width + 1)); // a filter byte of 0 ("none") before each row
    for (let row = 0; row < rows; row++) {
      const from = (start + row) * width;
      piece.set(data.subarray(from, from + width), row * (width + 1) + 1);
    }
    if (!deflate.write(piece)) await once(deflate, "drain");
  }
  deflate.end();
  await ended;
  return compressed;
}

/** A chunk: length of the body, type, body, checksum of type and body. */
function chunk(type: string, body: Uint8Array): Uint8Array[] {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length);
  head.write(type, 4, "latin1");
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(crc32(body, crc32(head.subarray(4))));
  return [head, body, tail];
}
