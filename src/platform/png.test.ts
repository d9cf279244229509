import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { pattern, png, pngOf, raw } from "../../test/support/pictures.ts";
import type { Color } from "../image/image.ts";
import { sourceOf } from "./byte-source.ts";
import { decodePng as decodeSource } from "./png-read.ts";
import { encodeIndexedPng } from "./png-write.ts";

const [width, height] = [11, 5];

const decodePng = (bytes: Uint8Array, where: string) => decodeSource(sourceOf(bytes), where);

for (const depth of [1, 2, 4, 8, 16] as const) {
  test(`grey values of ${depth} bits are read as stored`, async () => {
    const values = Array.from({ length: width * height }, (_, i) => (i * 977) % 2 ** depth);
    const read = await decodePng(png({ width, height, depth, colorType: 0, values }), "mask.png");
    expect({ ...read, data: [...read.data] }).toEqual({
      ...{ width, height, channels: 1, bits: depth === 16 ? 16 : 8, ...(depth < 8 && { depth }), data: values },
    });
  });
}

for (const depth of [1, 2, 4, 8] as const) {
  test(`palette indices of ${depth} bits are read as indices, not colours`, async () => {
    const palette = Array.from({ length: 2 ** depth }, (_, i): Color => [255 - i, i, 7]);
    const values = Array.from({ length: width * height }, (_, i) => (i * 31) % 2 ** depth);
    const read = await decodePng(png({ width, height, depth, colorType: 3, values, palette }), "mask.png");
    expect([[...read.data], read.palette]).toEqual([values, palette]);
  });
}

test.each([
  ["RGB", 3],
  ["grey and alpha", 2],
  ["RGB and alpha", 4],
] as const)("%s as libpng writes it, filtered and interlaced, is read exactly", async (_, channels) => {
  for (const [w, h] of [
    [1, 1],
    [3, 2],
    [8, 8],
    [37, 23],
  ]) {
    for (const progressive of [false, true]) {
      const data = pattern(w, h, channels);
      const picture = raw(data, w, h, channels).toColourspace(channels === 2 ? "b-w" : "srgb");
      const bytes = await picture.png({ progressive, adaptiveFiltering: true }).toBuffer();
      const read = await decodePng(bytes, "mask.png");
      expect([read.channels, Buffer.compare(Buffer.from(read.data as Uint8Array), data)]).toEqual([channels, 0]);
    }
  }
});

test("16-bit grey as libpng writes it, filtered and interlaced, is read exactly", async () => {
  const data = Uint16Array.from({ length: 37 * 23 }, (_, i) => (i * 7919) % 65_521);
  const picture = raw(data, 37, 23, 1).toColourspace("grey16");
  const read = await decodePng(await picture.png({ progressive: true, adaptiveFiltering: true }).toBuffer(), "m.png");
  expect(read.data).toEqual(data);
});

test("a written palette PNG is read back as the same indices and colours", async () => {
  const data = Uint8Array.from({ length: 300 * 200 }, (_, i) => (i * i) % 19);
  const palette = Array.from({ length: 19 }, (_, i): Color => [i, 2 * i, 255 - i]);
  const read = await decodePng(await encodeIndexedPng({ width: 300, height: 200, data, palette }), "out.png");
  expect([read.data, read.palette]).toEqual([data, palette]);
});

test("a written palette PNG shows its colours in other readers", async () => {
  const palette: Color[] = [
    [10, 20, 30],
    [200, 100, 50],
  ];
  const bytes = await encodeIndexedPng({ width: 2, height: 1, data: Uint8Array.of(1, 0), palette });
  const { default: sharp } = await import("sharp");
  expect([...(await sharp(bytes).removeAlpha().raw().toBuffer())]).toEqual([200, 100, 50, 10, 20, 30]);
});

test("an index without a colour is refused with its place", async () => {
  const image = {
    width: 2,
    height: 2,
    data: Uint8Array.of(0, 0, 3, 0),
    palette: [
      [0, 0, 0],
      [1, 1, 1],
    ] as const,
  };
  await expect(encodeIndexedPng(image)).rejects.toThrow(
    "encodeIndexedPng: expected indices below 2, got 3 at column 0, row 1. Give every index a colour.",
  );
});

const intact = png({ width, height, depth: 8, colorType: 0, values: pattern(width, height, 1) });
const header = (w: number, h: number, ...rest: number[]) => {
  const body = Buffer.alloc(13);
  body.writeUInt32BE(w, 0);
  body.writeUInt32BE(h, 4);
  body.set(rest, 8);
  return ["IHDR", body] as const;
};
const flipped = Buffer.from(intact);
flipped[45] ^= 1;
const data = ["IDAT", intact.subarray(41, intact.length - 16)] as const;
const end = ["IEND", Buffer.alloc(0)] as const;

test.each([
  ["cut in the middle", intact.subarray(0, 60), "a truncated file"],
  ["cut after the signature", intact.subarray(0, 8), "a truncated file"],
  ["cut before the end mark", intact.subarray(0, intact.length - 12), "a truncated file"],
  ["with a flipped bit", flipped, "a damaged IDAT chunk (wrong checksum)"],
  ["a bomb", pngOf([header(60_000, 60_000, 8, 0, 0, 0, 0), data, end]), "60000x60000. Scale or split"],
  ["of no size", pngOf([header(0, 5, 8, 0, 0, 0, 0), data, end]), "a size of 0x5"],
  ["with 3 bits", pngOf([header(11, 5, 3, 0, 0, 0, 0), data, end]), "colour type 0 with 3 bits"],
  ["taller than its pixels", pngOf([header(11, 50, 8, 0, 0, 0, 0), data, end]), "fewer pixels than its header says"],
  ["longer than its header", pngOf([header(1, 1, 8, 0, 0, 0, 0), ["IDAT", bigData()], end]), "more pixels than"],
  ["without pixels", pngOf([header(11, 5, 8, 0, 0, 0, 0), end]), "a file without pixels"],
  ["without a palette", pngOf([header(11, 5, 8, 3, 0, 0, 0), data, end]), "a palette image without a palette"],
  ["with rubbish inside", pngOf([header(11, 5, 8, 0, 0, 0, 0), ["IDAT", Buffer.from("rubbish")], end]), "damaged comp"],
  ["that is text", Buffer.from("hello"), "does not begin like a PNG"],
])("a PNG %s is refused in one line", async (_, bytes, message) => {
  const error = await decodePng(bytes, "masks/a.png").catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ name: "InputError", message: expect.stringContaining(message) });
  expect((error as Error).message).toMatch(/^masks\/a\.png: expected [^\n]+$/);
});

/** A deflate stream of 1 MB of zeros. */
function bigData(): Buffer {
  return deflateSync(Buffer.alloc(1 << 20));
}
