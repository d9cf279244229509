/** What the largest photographs take: the result, three bytes a pixel, and little besides. */
import { execFileSync } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { Readable } from "node:stream";
import { constants, crc32, createDeflate } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder } from "../support/cli.ts";

const [width, height] = [12_000, 9000];

let folder: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
});

afterAll(() => remove());

/** A file of one colour, 16-bit RGB with alpha; the rows of an interlaced one are as many bytes and its passes' filters. */
async function writeDeepPng(path: string, interlaced: boolean, orientation: number): Promise<void> {
  const passes = interlaced
    ? [[8, 8], [8, 8], [4, 8], [4, 4], [2, 4], [2, 2], [1, 2]] // biome-ignore format: the seven passes of Adam7
    : [[1, 1]];
  const file = openSync(path, "w");
  const chunk = (type: string, body: Uint8Array) => {
    const [length, sum, name] = [Buffer.alloc(4), Buffer.alloc(4), Buffer.from(type, "latin1")];
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc32(body, crc32(name)));
    for (const part of [length, name, body, sum]) writeSync(file, part);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([16, 6, 0, 0, interlaced ? 1 : 0], 8);
  writeSync(file, Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]));
  chunk("IHDR", header);
  // EXIF of a single tag, the orientation.
  const exif = "4d4d002a00000008000101120003000000010001000000000000";
  const turned = Buffer.from(exif, "hex");
  turned[19] = orientation;
  chunk("eXIf", turned);
  const rows = Readable.from(
    (function* () {
      for (const [stepX, stepY] of passes) {
        const row = Buffer.alloc(1 + 8 * (width / stepX), 0x80);
        row[0] = 0;
        for (let y = 0; y < height / stepY; y++) yield row;
      }
    })(),
  );
  for await (const piece of rows.pipe(createDeflate({ level: constants.Z_BEST_SPEED, chunkSize: 1 << 20 }))) {
    chunk("IDAT", piece as Buffer);
  }
  chunk("IEND", Buffer.alloc(0));
  closeSync(file);
}

/** Reads a photograph in a process of its own: its size, its first pixel, and the most memory that the process had. */
function read(path: string): { size: readonly number[]; color: readonly number[]; megabytes: number } {
  const program = `
    import { nodePlatform } from ${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)};
    const { width, height, data } = await nodePlatform.decodeImage(${JSON.stringify(path)});
    const megabytes = process.resourceUsage().maxRSS / 1024;
    console.log(JSON.stringify({ size: [width, height], color: [...data.subarray(0, 3)], megabytes }));`;
  const out = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  return JSON.parse(out) as ReturnType<typeof read>;
}

// The result is 309 MiB; turning holds two of them.
test.each([
  ["", false, 1, 600],
  ["turned ", false, 6, 900],
  ["interlaced ", true, 1, 600],
  ["interlaced and turned ", true, 6, 900],
] as const)(
  "memory for a %sPNG of 108 million pixels in 16-bit RGB with alpha is little more than the result",
  async (...kind) => {
    const [, interlaced, orientation, limit] = kind;
    const path = `${folder}/deep.png`;
    await writeDeepPng(path, interlaced, orientation);
    const { size, color, megabytes } = read(path);
    expect(size).toEqual(orientation === 1 ? [width, height] : [height, width]);
    expect(color).toEqual([0xbf, 0xbf, 0xbf]); // half grey, half of the white behind it
    expect(megabytes).toBeLessThan(limit);
  },
);

test.each(["jpeg", "tiff", "webp"] as const)("a %s of 108 million pixels needs less than 1.2 GB", async (format) => {
  const path = `${folder}/large.${format}`;
  const channels = format === "jpeg" ? 3 : 4;
  const background = { r: 128, g: 128, b: 128, alpha: 1 };
  const picture = sharp({ create: { width, height, channels, background } });
  await picture.toFormat(format, { compression: "lzw", effort: 0 }).toFile(path);
  expect(read(path).megabytes).toBeLessThan(1200);
});
