import sharp, { type JpegOptions } from "sharp";
import { expect, test } from "vitest";
import { put, temporaryFolder } from "../../test/support/pictures.ts";
import { jpegDamage } from "./jpeg-check.ts";
import { nodePlatform as platform } from "./node.ts";

const [width, height] = [320, 240];

/** Grey value at a place; the same in all channels. */
type Drawing = (x: number, y: number) => number;

function encode(drawing: Drawing, channels: 1 | 3, options: JpegOptions): Promise<Buffer> {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const place = Math.floor(i / channels);
    return drawing(place % width, Math.floor(place / width));
  });
  const picture = sharp(data, { raw: { width, height, channels } });
  return picture
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .jpeg(options)
    .toBuffer();
}

const encodings: readonly (readonly [string, JpegOptions])[] = [
  ["baseline", { optimizeCoding: false }],
  ["baseline with tables of its own", {}],
  ["baseline in full colour", { chromaSubsampling: "4:4:4", quality: 95 }],
  ["progressive", { progressive: true }],
  ["progressive by mozjpeg", { mozjpeg: true }],
];

const textured: Drawing = (x, y) =>
  128 + 60 * Math.sin(x / 7) * Math.cos(y / 5) + (((x * 7919 + y * 104_729) % 97) - 48);

/** Pictures whose data are runs of equal bits, or nearly so. */
const plain: readonly (readonly [string, Drawing])[] = [
  ["black", () => 0],
  ["white", () => 255],
  ["grey", () => 128],
  ["a ramp to the right", (x) => (x * 255) / width],
  ["a ramp to the left", (x) => 255 - (x * 255) / width],
  ["a ramp down", (_, y) => (y * 255) / height],
  ["a slanting ramp", (x, y) => 255 - ((x + y) * 255) / (width + height)],
  ["equal blocks", (x) => 255 - (x & 7) * 30],
  ["black below", (x, y) => (y < height / 2 ? textured(x, y) : 0)],
];

test.each(plain)("a sound JPEG of %s is sound, however encoded", async (_, drawing) => {
  for (const [name, options] of encodings) {
    for (const channels of [1, 3] as const) {
      expect([name, channels, jpegDamage(await encode(drawing, channels, options))]).toEqual([
        name,
        channels,
        undefined,
      ]);
    }
  }
});

const filled = (bytes: Buffer, value: number, from: number, to: number) => Buffer.from(bytes).fill(value, from, to);
const end = Buffer.from([0xff, 0xd9]);

/** What happens to files; `at` is a place in their data. */
const damages: readonly (readonly [string, (bytes: Buffer, at: number) => Buffer])[] = [
  ["goes on as zeros", (bytes, at) => filled(bytes, 0, at, bytes.length)],
  ["goes on as 0xFF", (bytes, at) => filled(bytes, 0xff, at, bytes.length)],
  ["breaks off", (bytes, at) => bytes.subarray(0, at)],
  ["breaks off and ends well", (bytes, at) => Buffer.concat([bytes.subarray(0, at), end])],
  ["lacks its end", (bytes) => bytes.subarray(0, -2)],
];

/** In progressive files a hole may lie where zeros are bits of coefficients that are there. */
const holes: readonly (readonly [string, (bytes: Buffer, at: number) => Buffer])[] = [
  ["goes on as zeros up to its end", (bytes, at) => filled(bytes, 0, at, bytes.length - 2)],
  ["has a hole of zeros", (bytes, at) => filled(bytes, 0, at, at + 600)],
  ["has a hole of 0xFF", (bytes, at) => filled(bytes, 0xff, at, at + 600)],
];

const cases = encodings.flatMap(([encoding, options]) =>
  [...damages, ...(encoding.startsWith("baseline") ? holes : [])].map(
    ([damage, change]) => [encoding, damage, options, change] as const,
  ),
);

test.each(cases)("a %s JPEG that %s is refused", async (_, __, options, change) => {
  const bytes = await encode(textured, 3, options);
  for (const share of [0.3, 0.5, 0.9]) {
    const path = put(temporaryFolder(), "a.jpg", change(bytes, Math.floor(share * bytes.length)));
    await expect(platform.decodeImage(path)).rejects.toThrow(
      /^\S+: expected an intact photograph .*, got a (damaged|truncated) file.*\. Replace it with an intact copy/,
    );
  }
});

test("the damage of a large JPEG whose second half is zeros is found, though decoders have enough of them", async () => {
  const bytes = await encode(textured, 3, { quality: 100 });
  expect(jpegDamage(filled(bytes, 0, bytes.length >> 1, bytes.length))).toMatch(
    /^a damaged file \(\d+ zero bytes within its data\)$/,
  );
});

test("what stands behind the end of a JPEG does not matter", async () => {
  const bytes = await encode(textured, 3, {});
  expect(jpegDamage(Buffer.concat([bytes, Buffer.alloc(5000)]))).toBe(undefined);
});

test("fill bytes before a marker, as the standard allows them, are no damage", async () => {
  const bytes = await encode(textured, 3, {});
  expect(jpegDamage(Buffer.concat([bytes.subarray(0, -2), Buffer.from([0xff, 0xff]), end]))).toBe(undefined);
});

test.each(Array.from({ length: 8 }, (_, i) => i + 1))(
  "EXIF orientation %i is applied as sharp does",
  async (orientation) => {
    const bytes = await sharp(await encode(textured, 3, {}))
      .withMetadata({ orientation })
      .jpeg()
      .toBuffer();
    const { data, info } = await sharp(bytes).autoOrient().raw().toBuffer({ resolveWithObject: true });
    const image = await platform.decodeImage(put(temporaryFolder(), "a.jpg", bytes));
    expect([image.width, image.height]).toEqual([info.width, info.height]);
    expect(Buffer.from(image.data).equals(data)).toBe(true);
  },
);
