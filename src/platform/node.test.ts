import { chmodSync, existsSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { greyPng, jpeg, pattern, png, put, raw, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "./node.ts";

const [width, height] = [16, 12];

/** A photograph whose left half is red and right half blue. */
function redAndBlue(): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) data[3 * i + (i % width < width / 2 ? 0 : 2)] = 255;
  return data;
}

async function message(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error("nothing was thrown"),
    (thrown: Error) => thrown,
  );
  expect(error).toMatchObject({ name: "InputError" });
  expect(error.message).not.toContain("\n");
  return error.message;
}

test.each(["png", "jpeg", "webp", "tiff", "gif", "avif"] as const)("a %s photograph becomes RGB", async (format) => {
  const bytes = await raw(redAndBlue(), width, height, 3).toFormat(format, { lossless: true, quality: 100 }).toBuffer();
  const image = await platform.decodeImage(put(temporaryFolder(), `a.${format}`, bytes));
  const [red, blue] = [image.data.subarray(0, 3), image.data.subarray(-3)];
  expect([image.width, image.height, image.data.length]).toEqual([width, height, width * height * 3]);
  expect([red[0] > 200, red[2] < 55, blue[0] < 55, blue[2] > 200]).toEqual([true, true, true, true]);
});

test("the content decides the format, not the extension", async () => {
  const path = put(temporaryFolder(), "misnamed.jpg", await raw(redAndBlue(), width, height, 3).png().toBuffer());
  expect([...(await platform.decodeImage(path)).data]).toEqual([...redAndBlue()]);
});

test("a 16-bit photograph is scaled to 8 bits", async () => {
  const values = [0, 257 * 100, 65_535];
  const bytes = png({ width: 1, height: 1, depth: 16, colorType: 2, values });
  const image = await platform.decodeImage(put(temporaryFolder(), "deep.png", bytes));
  expect([...image.data]).toEqual([0, 100, 255]);
});

test("a CMYK photograph becomes RGB", async () => {
  const bytes = await raw(redAndBlue(), width, height, 3).toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
  const { data } = await platform.decodeImage(put(temporaryFolder(), "print.jpg", bytes));
  expect([data.length, data[0] > 180, data[2] < 90]).toEqual([width * height * 3, true, true]);
});

test("a grey photograph has three equal channels", async () => {
  const path = put(temporaryFolder(), "grey.png", greyPng(2, 1, [7, 200]));
  expect([...(await platform.decodeImage(path)).data]).toEqual([7, 7, 7, 200, 200, 200]);
});

test("transparent pixels of a photograph lie on white", async () => {
  const bytes = png({ width: 2, height: 1, depth: 8, colorType: 6, values: [10, 20, 30, 0, 10, 20, 30, 255] });
  const path = put(temporaryFolder(), "alpha.png", bytes);
  expect([...(await platform.decodeImage(path)).data]).toEqual([255, 255, 255, 10, 20, 30]);
});

test("an animation gives its first frame", async () => {
  const frames = new Uint8Array(width * 2 * height * 3);
  frames.set(redAndBlue()); // the second frame is black
  const strip = sharp(frames, { raw: { width, height: 2 * height, channels: 3, pageHeight: height } });
  const path = put(temporaryFolder(), "moving.gif", await strip.gif({ loop: 0, delay: [10, 10] }).toBuffer());
  const image = await platform.decodeImage(path);
  expect([image.width, image.height, image.data[0] > 200]).toEqual([width, height, true]);
});

test("a photograph is turned upright by its EXIF orientation", async () => {
  const bytes = await raw(redAndBlue(), width, height, 3).jpeg({ quality: 100 }).withMetadata({ orientation: 6 });
  const path = put(temporaryFolder(), "turned.jpg", await bytes.toBuffer());
  const image = await platform.decodeImage(path);
  // Orientation 6: the file's left side is the top of the scene.
  expect([image.width, image.height, image.data[0] > 200, image.data[(width * height - 1) * 3 + 2] > 200]).toEqual([
    height,
    width,
    true,
    true,
  ]);
});

test("the size from the header is the upright one", async () => {
  const bytes = await raw(redAndBlue(), width, height, 3).jpeg().withMetadata({ orientation: 8 }).toBuffer();
  expect(await platform.imageSize(put(temporaryFolder(), "turned.jpg", bytes))).toEqual({ width: 12, height: 16 });
});

test.each([
  ["empty", async () => Buffer.alloc(0), "got an empty file. Replace it"],
  ["text", async () => Buffer.from("not a picture at all"), "got a file of another kind. Convert it to JPEG or PNG"],
  [
    "not fetched",
    async () => Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
    "got a pointer of Git LFS. Fetch the file itself: git lfs pull.",
  ],
  ["a page", async () => Buffer.from("\n<!DOCTYPE html>\n"), "got a web page. Download the file itself."],
  ["a truncated JPEG", async () => (await jpeg(64, 64)).subarray(0, 1200), "got a truncated file"],
  ["a JPEG cut in its header", async () => (await jpeg()).subarray(0, 40), "got a truncated file"],
  ["a truncated PNG", async () => greyPng(64, 64, pattern(64, 64, 1)).subarray(0, 500), "got a truncated file"],
  ["a drawing", async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), "got a svg"],
  ["a pixel bomb", async () => bomb(), "expected at most 300 million pixels, got 60000x60000. Scale or split"],
])("a photograph that is %s gives one line", async (_, make, expected) => {
  const path = put(temporaryFolder(), "a.jpg", await make());
  const line = await message(platform.decodeImage(path));
  expect(line).toContain(expected);
  expect(line.startsWith(`${path}: expected `)).toBe(true);
});

function bomb(): Buffer {
  const bytes = greyPng(16, 16, new Uint8Array(256));
  bytes.writeUInt32BE(60_000, 16);
  bytes.writeUInt32BE(60_000, 20);
  return bytes;
}

test.each(["decodeImage", "imageSize", "decodeMask", "readFile"] as const)(
  "%s of a missing file and of a folder gives one line",
  async (name) => {
    const folder = temporaryFolder();
    expect(await message(platform[name](join(folder, "none.png")))).toMatch(
      /none\.png: expected .*, got nothing there/,
    );
    expect(await message(platform[name](folder))).toMatch(/: expected .*, got a folder\./);
  },
);

test("a mask keeps the indices of its palette", async () => {
  const palette = [
    [0, 0, 0],
    [128, 0, 0],
    [0, 128, 0],
  ] as const;
  const values = [0, 1, 2, 1];
  const bytes = png({ width: 2, height: 2, depth: 2, colorType: 3, values, palette });
  const mask = await platform.decodeMask(put(temporaryFolder(), "mask.png", bytes));
  expect([mask.channels, [...mask.data], mask.palette]).toEqual([1, values, palette]);
});

test.each([
  ["8-bit TIFF", 1, Uint8Array.of(0, 7, 200, 255), "b-w"],
  ["16-bit TIFF", 1, Uint16Array.of(0, 7, 300, 65_535), "grey16"],
  ["RGB TIFF", 3, pattern(2, 2, 3), "srgb"],
] as const)("a mask in an %s keeps its values", async (_, channels, values, space) => {
  const picture = raw(values, 2, 2, channels).toColourspace(space);
  const path = put(temporaryFolder(), "mask.tif", await picture.tiff({ compression: "lzw" }).toBuffer());
  expect((await platform.decodeMask(path)).data).toEqual(values);
});

test("a mask in a lossless WebP keeps its values", async () => {
  const values = pattern(4, 4, 3);
  const path = put(temporaryFolder(), "m.webp", await raw(values, 4, 4, 3).webp({ lossless: true }).toBuffer());
  expect([...(await platform.decodeMask(path)).data]).toEqual([...values]);
});

test.each([
  ["a JPEG", "jpeg", {}, "got a JPEG, whose compression changes the values. Save masks as PNG"],
  ["a lossy WebP", "webp", {}, "got a lossy WebP. Save masks as PNG"],
  ["a GIF", "gif", {}, "got a gif file. Save it as PNG"],
  ["a TIFF with JPEG inside", "tiff", { compression: "jpeg" }, "got a TIFF with lossy compression"],
] as const)("a mask that is %s is refused", async (_, format, options, expected) => {
  const bytes = await raw(pattern(16, 16, 3), 16, 16, 3)
    .toFormat(format, options)
    .toBuffer();
  expect(await message(platform.decodeMask(put(temporaryFolder(), "mask", bytes)))).toContain(expected);
});

test("a 1-bit TIFF mask is refused, since its values would be stretched", async () => {
  const picture = raw(Uint8Array.of(0, 255, 0, 255), 2, 2, 1).toColourspace("b-w");
  const path = put(temporaryFolder(), "mask.tif", await picture.tiff({ bitdepth: 1, compression: "none" }).toBuffer());
  expect(await message(platform.decodeMask(path))).toContain("1-bit TIFF");
});

test("an encoded PNG is read back exactly", async () => {
  const image = { width, height, data: redAndBlue() };
  const path = put(temporaryFolder(), "a.png", await platform.encodeImage(image, "png"));
  expect(new Uint8Array((await platform.decodeImage(path)).data)).toEqual(image.data);
});

test("writing makes folders and leaves nothing but the file", async () => {
  const folder = temporaryFolder();
  await platform.writeFile(join(folder, "a/b/c.txt"), "first");
  await platform.writeFile(join(folder, "a/b/c.txt"), [Buffer.from("sec"), Buffer.from("ond")]);
  expect([readdirSync(join(folder, "a/b")), readFileSync(join(folder, "a/b/c.txt"), "utf8")]).toEqual([
    ["c.txt"],
    "second",
  ]);
});

test("writing where a file is in the way gives one line", async () => {
  const folder = temporaryFolder();
  const file = put(folder, "file", "x");
  expect(await message(platform.writeFile(join(file, "below.txt"), "y"))).toMatch(
    /below\.txt: expected to write a file/,
  );
});

test("writing onto a folder gives one line and leaves nothing behind", async () => {
  const folder = temporaryFolder();
  put(folder, "target/inside", "x");
  expect(await message(platform.writeFile(join(folder, "target"), "y"))).toMatch(
    /got a folder|got a file of that name/,
  );
  expect(readdirSync(folder)).toEqual(["target"]);
});

test.skipIf(process.getuid?.() === 0)("writing into a folder without permission gives one line", async () => {
  const folder = temporaryFolder();
  chmodSync(folder, 0o500);
  expect(await message(platform.writeFile(join(folder, "a.txt"), "y"))).toContain("got no permission. Change");
});

test("appending adds to the end", async () => {
  const path = join(temporaryFolder(), "logs/a.txt");
  await platform.appendFile(path, "one\n");
  await platform.appendFile(path, "two\n");
  expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
});

test("renaming replaces, removing removes, and both exist no longer", async () => {
  const folder = temporaryFolder();
  const [a, b] = [put(folder, "a", "1"), put(folder, "b", "2")];
  await platform.rename(a, b);
  expect([readFileSync(b, "utf8"), existsSync(a)]).toEqual(["1", false]);
  await platform.remove(b);
  await platform.remove(b);
  expect(await platform.exists(b)).toBe("nothing");
});

test("a path says whether it is a file, a folder or nothing", async () => {
  const folder = temporaryFolder();
  const file = put(folder, "a", "");
  const found = await Promise.all([folder, file, join(file, "b"), join(folder, "c")].map((x) => platform.exists(x)));
  expect(found).toEqual(["folder", "file", "nothing", "nothing"]);
});

test("listing is sorted, and of no folder gives one line", async () => {
  const folder = temporaryFolder();
  for (const name of ["b", "a", "B"]) put(folder, name, "");
  expect(await platform.list(folder)).toEqual(["B", "a", "b"]);
  expect(await message(platform.list(join(folder, "none")))).toContain("expected a readable folder, got nothing there");
});

test("a photograph replaced by another of the same name is read anew", async () => {
  const path = put(temporaryFolder(), "a.png", greyPng(1, 1, [1]));
  await platform.decodeImage(path);
  truncateSync(path, 0);
  await platform.writeFile(path, greyPng(1, 1, [9]));
  expect((await platform.decodeImage(path)).data[0]).toBe(9);
});

test.each([
  [
    "text",
    undefined,
    16 * 2 ** 20 + 1,
    "expected a readable file of at most 16 MiB, got 16.1 MiB. Name the right file",
  ],
  ["text", undefined, 2 ** 30, "expected a readable file of at most 16 MiB, got 1 GiB. Name the right file"],
  ["text with a limit of its own", 2 ** 20, 3 * 2 ** 20, "of at most 1 MiB, got 3 MiB. Name the right file"],
  ["a file", 2 ** 20, 2 ** 40, "of at most 1 MiB, got 1024 GiB. Name the right file"],
  ["a file", undefined, 2 ** 42, "got 4096 GiB. Use a smaller file, or more memory."],
])("%s with the limit %s is not read where it has %d bytes", async (kind, most, size, expected) => {
  const path = put(temporaryFolder(), "a.json", "");
  truncateSync(path, size); // takes no room on the disk
  const read = kind.startsWith("text") ? platform.readText : platform.readFile;
  expect(await message(read(path, most))).toContain(expected);
});

test("a text as large as may be is read", async () => {
  const path = put(temporaryFolder(), "a.json", "");
  truncateSync(path, 16 * 2 ** 20);
  expect((await platform.readText(path)).length).toBe(16 * 2 ** 20);
});

test("text is UTF-8, without a byte order mark", async () => {
  expect(await platform.readText(put(temporaryFolder(), "a.txt", "\ufeffgrün"))).toBe("grün");
});

test("a file beyond 2 GiB is read whole", async () => {
  const size = 2 ** 31 + 5;
  const path = put(temporaryFolder(), "large.pth", new Uint8Array([1, 2, 3]));
  truncateSync(path, size); // takes no room on the disk
  const bytes = await platform.readFile(path);
  expect([bytes.length, ...bytes.subarray(0, 4), bytes[size - 1]]).toEqual([size, 1, 2, 3, 0, 0]);
});
