/** Pictures that hold something else than red, green and blue of 8 bits. */
import sharp from "sharp";
import { expect, test } from "vitest";
import { png, put, temporaryFolder } from "../../test/support/pictures.ts";
import { type TiffPage, tiff } from "../../test/support/tiff.ts";
import { nodePlatform as platform } from "./node.ts";

const side = 16;

/** A page whose bands have one value each. */
function bands(
  list: readonly number[],
  more: Partial<TiffPage> = {},
  Numbers: { from(list: number[]): TiffPage["values"] } = Uint8Array,
): TiffPage {
  const values = Numbers.from(Array.from({ length: side * side * list.length }, (_, i) => list[i % list.length]));
  return { width: side, height: side, values, bands: list.length, ...more };
}

function decode(bytes: Uint8Array, name = "a.tif") {
  return platform.decodeImage(put(temporaryFolder(), name, bytes));
}

async function said(bytes: Uint8Array, name = "a.tif"): Promise<string> {
  const { remarks = [] } = await decode(bytes, name);
  return remarks.map(({ expected, got, remedy }) => `${expected}, got ${got}. ${remedy}`).join("\n");
}

test.each<[string, Partial<TiffPage>]>([
  ["that is not said to be anything", { extra: [0] }],
  ["without a word about it", {}],
])("a fourth band %s is left out, not blended, and that is said", async (_, more) => {
  const bytes = tiff(bands([75, 96, 137, 200], more));
  const { data } = await decode(bytes);
  expect([data.length, ...data.slice(0, 3)]).toEqual([side * side * 3, 75, 96, 137]);
  expect(await said(bytes)).toContain("got 4, of which the last is not said to be alpha: it is left out");
});

test.each([1, 2])("a fourth band that is alpha (%i) lies on white", async (kind) => {
  const bytes = tiff(bands([75, 96, 137, 0], { extra: [kind] }));
  expect([(await decode(bytes)).data[0], await said(bytes)]).toEqual([255, ""]);
});

test("a second band that is no alpha is left out", async () => {
  const bytes = tiff(bands([75, 200], { extra: [0] }));
  expect([(await decode(bytes)).data[0], await said(bytes)]).toEqual([
    75,
    expect.stringMatching(/first band as grey read.* such as: gdal_translate -b 2 IN OUT$/),
  ]);
});

test.each<[string, TiffPage, string]>([
  [
    "five bands",
    bands([1, 2, 3, 4, 5], { extra: [0, 0] }),
    "got 5 bands. Models see three bands: write those that are meant",
  ],
  ["eight bands", bands([1, 2, 3, 4, 5, 6, 7, 8], { photometric: 1, extra: [0, 0, 0, 0, 0, 0, 0] }), "got 8 bands. "],
  [
    "12 bits in 16",
    bands([1000, 2000, 4000], {}, Uint16Array),
    "got none above 4000 of 65535, which 8 bits show as black. Scale them, such as: gdal_translate -ot Byte -scale 0 4095 0 255 IN OUT",
  ],
  ["8 bits in 16", bands([100], {}, Uint16Array), "-scale 0 127 0 255"],
  [
    "floats",
    bands([0.5], {}, Float32Array),
    "expected a photograph of 8 or 16 bits a value, got 32-bit float values. Save 8 bits of the range that is meant",
  ],
  ["signed numbers", bands([-5], {}, Int16Array), "got signed 16-bit values"],
  ["32-bit numbers", bands([70_000], {}, Uint32Array), "got 32-bit values"],
])("%s are refused by name", async (_, page, message) => {
  await expect(decode(tiff(page))).rejects.toThrow(message);
});

test("12 bits in a PNG of 16 are refused, all black is not, and a dark picture is remarked", async () => {
  const grey = (value: number) =>
    png({ width: 16, height: 16, depth: 16, colorType: 0, values: new Array(256).fill(value) });
  await expect(decode(grey(4095), "a.png")).rejects.toThrow("got none above 4095 of 65535");
  expect(await said(grey(0), "a.png")).toBe("");
  expect(await said(grey(10_000), "a.png")).toContain("got none above a quarter of 65535: it is dark");
  expect(await said(grey(20_000), "a.png")).toBe("");
});

test.each([
  ["32 bits", bands([1], {}, Uint32Array)],
  ["floats", bands([1], {}, Float32Array)],
])("masks of %s, as programs of maps write them, get the line that makes 16 bits of them", async (_, page) => {
  const mask = put(temporaryFolder(), "m.tif", tiff(page));
  await expect(platform.decodeMask(mask)).rejects.toThrow(
    "values. Save whole numbers from 0 to 65535, such as: gdal_translate -ot UInt16 IN OUT",
  );
});

test("of several pages the first is read, and that is said; masks of several pages are refused", async () => {
  const bytes = tiff(bands([1, 2, 3]), bands([4, 5, 6]), bands([7, 8, 9]));
  expect([...(await decode(bytes)).data.slice(0, 3)]).toEqual([1, 2, 3]);
  expect(await said(bytes)).toBe(
    "expected one picture, got several (3), of which the first is read. Save the others as files of their own, if they are meant.",
  );
  const mask = put(temporaryFolder(), "m.tif", tiff(bands([1]), bands([2])));
  await expect(platform.decodeMask(mask)).rejects.toThrow("got a TIFF of 2 pages. Save it as PNG.");
});

test.each([
  [1, 16, 12, ""],
  [2, 16, 12, "mirrored by its EXIF"],
  [3, 16, 12, "turned by 180 degrees by its EXIF"],
  [4, 16, 12, "mirrored upside down by its EXIF"],
  [6, 16, 12, ""],
  [6, 16, 16, "turned or mirrored by its EXIF"],
])(
  "EXIF orientation %i of %i x %i pixels is remarked where the size does not tell",
  async (orientation, width, height, expected) => {
    const picture = sharp(new Uint8Array(width * height * 3).fill(90), { raw: { width, height, channels: 3 } });
    const text = await said(await picture.jpeg().withMetadata({ orientation }).toBuffer(), "a.jpg");
    if (expected === "") expect(text).toBe("");
    else expect(text).toContain(expected);
  },
);
