import { crc32 } from "node:zlib";
import sharp from "sharp";
import { expect, test } from "vitest";
import { type PngContent, png, put, raw, temporaryFolder } from "../../test/support/pictures.ts";
import { sourceOf } from "./byte-source.ts";
import { nodePlatform as platform } from "./node.ts";
import { decodePngPhotograph } from "./png-photograph.ts";

const sizes = [
  [1, 1],
  [3, 2],
  [37, 23],
] as const;

/** Values with all of the range, and pixels that are all there or not there at all among others. */
function scattered(count: number, most: number): number[] {
  return Array.from({ length: count }, (_, i) =>
    i % 11 === 3 ? most : i % 13 === 5 ? 0 : (i * 40_503 + 31_977) % (most + 1),
  );
}

/** The same file with a chunk before its pixels. */
function withChunk(file: Buffer, type: string, body: readonly number[]): Buffer {
  const content = Buffer.concat([Buffer.from(type, "latin1"), Buffer.from(body)]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  sum.writeUInt32BE(crc32(content));
  const at = file.indexOf("IDAT") - 4;
  return Buffer.concat([file.subarray(0, at), length, content, sum, file.subarray(at)]);
}

async function expectAsLibvips(file: Buffer): Promise<void> {
  const expected = await platform.decodeImage(put(temporaryFolder(), "a.png", file));
  const read = await decodePngPhotograph(sourceOf(file), "a.png");
  expect([read.width, read.height]).toEqual([expected.width, expected.height]);
  expect(Buffer.compare(Buffer.from(read.data), Buffer.from(expected.data))).toBe(0);
}

test.each([
  ["grey", 1, "b-w", "grey16"],
  ["grey and alpha", 2, "b-w", "grey16"],
  ["RGB", 3, "srgb", "rgb16"],
  ["RGB and alpha", 4, "srgb", "rgb16"],
] as const)("an interlaced photograph of %s, in 8 and 16 bits, has the colours that libvips gives", async (...kind) => {
  const [, channels, space, deepSpace] = kind;
  for (const [width, height] of sizes) {
    const count = width * height * channels;
    const shallow = raw(Uint8Array.from(scattered(count, 255)), width, height, channels).toColourspace(space);
    const deep = raw(Uint16Array.from(scattered(count, 65_535)), width, height, channels).toColourspace(deepSpace);
    for (const picture of [shallow, deep]) {
      await expectAsLibvips(await picture.png({ progressive: true, adaptiveFiltering: true }).toBuffer());
    }
  }
});

test("an interlaced photograph with a palette has the colours that libvips gives", async () => {
  const picture = raw(Uint8Array.from(scattered(37 * 23 * 4, 255)), 37, 23, 4);
  await expectAsLibvips(await picture.png({ progressive: true, palette: true, colours: 40 }).toBuffer());
});

const palette = [
  [200, 100, 0],
  [1, 2, 3],
  [255, 255, 255],
  [9, 90, 200],
] as const;

test.each<[string, Omit<PngContent, "width" | "height" | "values">, readonly number[]]>([
  ["1-bit grey", { depth: 1, colorType: 0 }, [0, 1]],
  ["2-bit grey", { depth: 2, colorType: 0 }, [0, 2]],
  ["4-bit grey", { depth: 4, colorType: 0 }, [0, 11]],
  ["8-bit grey", { depth: 8, colorType: 0 }, [0, 255]],
  ["16-bit grey", { depth: 16, colorType: 0 }, [255, 255]],
  ["8-bit RGB", { depth: 8, colorType: 2 }, [0, 255, 0, 255, 0, 255]],
  ["2-bit palette", { depth: 2, colorType: 3, palette }, [0, 100, 255]],
])("a photograph of %s, without and with transparency, has the colours that libvips gives", async (_, kind, clear) => {
  const [width, height] = [37, 5];
  const channels = kind.colorType === 2 ? 3 : 1;
  const values = scattered(width * height * channels, 2 ** kind.depth - 1);
  values.fill(2 ** kind.depth - 1, 0, 9); // the transparent colour occurs
  const file = png({ width, height, ...kind, values });
  await expectAsLibvips(file);
  await expectAsLibvips(withChunk(file, "tRNS", clear));
});

test("a large interlaced photograph that breaks off is refused in one line", async () => {
  const [width, height] = [9000, 5000];
  const picture = sharp({ create: { width, height, channels: 3, background: "#123456" } });
  const file = await picture.png({ progressive: true, compressionLevel: 1 }).toBuffer();
  const path = put(temporaryFolder(), "a.png", file.subarray(0, file.length >> 1));
  await expect(platform.decodeImage(path)).rejects.toThrow(
    /^\S+a\.png: expected an intact [^\n]+, got a truncated file\. Replace [^\n]+$/,
  );
});

test("a large interlaced photograph is turned upright", async () => {
  const [width, height] = [9000, 5000];
  const picture = sharp({ create: { width, height, channels: 3, background: "#123456" } });
  const file = await picture
    .withMetadata({ orientation: 6 })
    .png({ progressive: true, compressionLevel: 1 })
    .toBuffer();
  const image = await platform.decodeImage(put(temporaryFolder(), "a.png", file));
  expect([image.width, image.height, ...image.data.subarray(0, 3)]).toEqual([height, width, 0x12, 0x34, 0x56]);
});
