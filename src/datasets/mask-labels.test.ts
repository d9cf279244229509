/** Masks that say their classes themselves, arrays, and what is said of values that no class has. */
import { expect, test } from "vitest";
import { plainFolder } from "../../test/support/folders.ts";
import { greyPng, raw as picture, put } from "../../test/support/pictures.ts";
import { classesText } from "../data/mask-mark.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { openDataset } from "./index.ts";

const size = { width: 16, height: 12 };

async function firstOf(root: string) {
  return (await (await openDataset(platform, root, "train")).read(0)).labels.mask?.data;
}

function npy(descr: string, shape: string, body: Uint8Array): Buffer {
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const header = `${dictionary.padEnd(117)}\n`;
  return Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]), Buffer.from(header), body]);
}

test("a mask that names its classes is read by them, whatever values the data set has", async () => {
  const root = await plainFolder();
  put(
    root,
    "classes.json",
    JSON.stringify({
      ignoreIndex: 255,
      classes: [
        { name: "road", value: 2 },
        { name: "sky", value: 0 },
      ],
    }),
  );
  const data = Uint8Array.from({ length: 192 }, (_, i) => (i === 0 ? 255 : i % 2));
  const palette = Array.from({ length: 256 }, () => [0, 0, 0] as const);
  const texts = classesText([{ name: "sky" }, { name: "road" }]);
  put(root, "masks/train/a.png", await platform.encodeIndexedPng({ ...size, data, palette, texts }));
  expect([...((await firstOf(root)) ?? [])].slice(0, 4)).toEqual([255, 0, 1, 0]);
  const others = classesText([{ name: "sky" }, { name: "Straße" }]);
  put(root, "masks/train/a.png", await platform.encodeIndexedPng({ ...size, data, palette, texts: others }));
  await expect(firstOf(root)).rejects.toThrow(
    'expected classes of the data set (road, sky), got "Straße", which the mask names itself. Add the class',
  );
});

test.each([
  ["bytes", "|u1", Uint8Array.from({ length: 192 }, (_, i) => (i === 0 ? 255 : 1))],
  [
    "64-bit numbers with -1 for nothing",
    "<i8",
    new Uint8Array(BigInt64Array.from({ length: 192 }, (_, i) => (i === 0 ? -1n : 1n)).buffer),
  ],
])("an array of %s is a mask", async (_, descr, body) => {
  const root = await plainFolder({ train: ["b"] });
  put(root, "images/train/a.png", await picture(new Uint8Array(576), 16, 12, 3).png().toBuffer());
  put(root, "masks/train/a.npy", npy(descr, "(12, 16)", body));
  expect([...((await firstOf(root)) ?? [])].slice(0, 3)).toEqual([255, 1, 1]);
});

test.each([
  ["scores", "<f4", "(2, 12, 16)", "float32 [2, 12, 16]"],
  ["a layer for each class", "|u1", "(1, 2, 12, 16)", "uint8 [1, 2, 12, 16]"],
])("an array of %s is no mask", async (_, descr, shape, got) => {
  const root = await plainFolder({ train: ["b"] });
  put(root, "images/train/a.png", await picture(new Uint8Array(576), 16, 12, 3).png().toBuffer());
  put(root, "masks/train/a.npy", npy(descr, shape, new Uint8Array(descr === "<f4" ? 1536 : 384)));
  await expect(firstOf(root)).rejects.toThrow(
    `expected whole numbers of the shape [height, width], got ${got}. Save class values`,
  );
});

const twoClasses = JSON.stringify({ classes: ["background", "object"] });

test("all values without a class are told at once, with their shares and the lines to write", async () => {
  const root = await plainFolder();
  put(root, "classes.json", twoClasses);
  put(
    root,
    "masks/train/a.png",
    greyPng(
      16,
      12,
      Array.from({ length: 192 }, (_, i) => (i < 96 ? 0 : 255)),
    ),
  );
  await expect(firstOf(root)).rejects.toThrow(
    'expected class values 0 to 1, got 255 at column 0, row 6 (50 % of the pixels). Write the class as {"name": "object", "value": 255} in classes.json, or "ignoreIndex": 255 where nobody labelled anything, or correct the mask.',
  );
  put(
    root,
    "masks/train/a.png",
    greyPng(
      16,
      12,
      Array.from({ length: 192 }, (_, i) => (i < 3 ? 9 : i < 48 ? 0 : 255)),
    ),
  );
  await expect(firstOf(root)).rejects.toThrow(
    "got 9 at column 0, row 0 (1.6 % of the pixels), 255 (75 %). Write the class as",
  );
});

test("colours of classes lead to the line that says so, and numbers away from it", async () => {
  const root = await plainFolder();
  const classes = [
    { name: "a", color: "#000000" },
    { name: "b", color: "#ff0000" },
  ];
  put(root, "classes.json", JSON.stringify({ classes }));
  const rgb = Uint8Array.from({ length: 576 }, (_, i) => (i % 3 === 0 && i > 300 ? 255 : 0));
  put(root, "masks/train/a.png", await picture(rgb, 16, 12, 3).png().toBuffer());
  await expect(firstOf(root)).rejects.toThrow(
    'These are colours of classes: write "colorCoded": true at the top of classes.json.',
  );
  put(root, "classes.json", JSON.stringify({ colorCoded: true, classes }));
  expect(new Set(await firstOf(root))).toEqual(new Set([0, 1]));
  put(
    root,
    "masks/train/a.png",
    greyPng(
      16,
      12,
      Array.from({ length: 192 }, (_, i) => i % 2),
    ),
  );
  await expect(firstOf(root)).rejects.toThrow('The masks hold numbers, not colours: leave "colorCoded" out');

  // Black between red and blue is a colour, though it could be the number 0.
  const painted = { colorCoded: true, classes: [classes[1], { name: "c", color: "#0000ff" }] };
  put(root, "classes.json", JSON.stringify(painted));
  put(root, "masks/train/a.png", await picture(rgb, 16, 12, 3).png().toBuffer());
  await expect(firstOf(root)).rejects.toThrow('or "ignoreColors": ["#000000"] where nobody labelled anything');
});
