/** Small picture files for tests, written by sharp or byte by byte, in folders that vanish after the test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import sharp from "sharp";
import { onTestFinished } from "vitest";

/** A fresh folder, removed when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tessera-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file, making its folders; returns its path. */
export function put(root: string, name: string, content: Uint8Array | string): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** width x height pixels that all differ from their neighbours; `channels` values each. */
export function pattern(width: number, height: number, channels: number): Uint8Array {
  return Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 7919) % 251);
}

/** A PNG photograph, another one for each seed. */
export function photographPng(width: number, height: number, seed: number): Buffer {
  const values = pattern(width, height, 3).map((value) => (value + seed * 91) % 251);
  return png({ width, height, depth: 8, colorType: 2, values });
}

/** A sharp picture of raw bytes. */
export function raw(data: Uint8Array | Uint16Array, width: number, height: number, channels: 1 | 2 | 3 | 4) {
  return sharp(data, { raw: { width, height, channels } });
}

/** A JPEG photograph of one size and no particular content. */
export async function jpeg(width = 16, height = 12): Promise<Buffer> {
  return raw(pattern(width, height, 3), width, height, 3)
    .jpeg()
    .toBuffer();
}

/** What a PNG is to hold: values row by row; palette and packing as the colour type and depth say. */
export interface PngContent {
  readonly width: number;
  readonly height: number;
  readonly depth: 1 | 2 | 4 | 8 | 16;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha. */
  readonly colorType: 0 | 2 | 3 | 4 | 6;
  readonly values: ArrayLike<number>;
  readonly palette?: readonly (readonly [number, number, number])[];
}

/** A PNG without filters or interlacing, written after the specification. */
export function png({ width, height, depth, colorType, values, palette }: PngContent): Buffer {
  const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[colorType];
  const rowBytes = Math.ceil((width * channels * depth) / 8);
  const rows = Buffer.alloc(height * (rowBytes + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width * channels; x++) {
      const value = values[y * width * channels + x];
      const at = y * (rowBytes + 1) + 1 + ((x * depth) >> 3);
      if (depth === 16) rows.writeUInt16BE(value, at);
      else rows[at] |= value << (8 - depth - ((x * depth) & 7));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colorType, 0, 0, 0], 8);
  return pngOf([
    ["IHDR", header],
    ...(palette === undefined ? [] : ([["PLTE", Buffer.from(palette.flat())]] as const)),
    ["IDAT", deflateSync(rows)],
    ["IEND", Buffer.alloc(0)],
  ]);
}

/** A PNG of the given chunks, whatever they say. */
export function pngOf(chunks: readonly (readonly [type: string, body: Uint8Array])[]): Buffer {
  const pieces: Uint8Array[] = [Buffer.from([137, 80, 78, 71, 13, 10, 26, 10])];
  for (const [type, body] of chunks) {
    const typed = Buffer.concat([Buffer.from(type, "latin1"), body]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc32(typed));
    pieces.push(length, typed, sum);
  }
  return Buffer.concat(pieces);
}

/** An 8-bit grey PNG: a mask of class values. */
export function greyPng(width: number, height: number, values: ArrayLike<number>): Buffer {
  return png({ width, height, depth: 8, colorType: 0, values });
}
