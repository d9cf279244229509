import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { classesJson, plainFolder, skyAndRoad } from "../../test/support/folders.ts";
import { greyPng, jpeg, pattern, png, put, raw, temporaryFolder } from "../../test/support/pictures.ts";
import type { Split } from "../data/dataset.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { captionFormats } from "./captions/formats.ts";
import { parseClassList } from "./classes-file.ts";
import { findLayout, layouts, openDataset, splitsOf } from "./index.ts";
import { vocColor } from "./voc-color.ts";

const open = (root: string, split: Split = "train") => openDataset(platform, root, split);

async function message(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error("nothing was thrown"),
    (thrown: Error) => thrown,
  );
  expect(error.name).toMatch(/InputError|UsageError/);
  expect(error.message).not.toContain("\n");
  return error.message;
}

test("a plain folder gives its samples in order, with labels", async () => {
  const root = await plainFolder({ train: ["b", "a", "C"] });
  const dataset = await open(root);
  const { image, labels, ...sample } = await dataset.read(1);
  expect([dataset.ids, dataset.kinds, dataset.valueMap, dataset.name]).toEqual([
    ["C", "a", "b"],
    ["mask"],
    { "0": 0, "1": 1, "255": "ignore" },
    `folder ${root}`,
  ]);
  expect([sample, image.width, image.height]).toEqual([{ id: "a", source: `${root}/images/train/a.jpg` }, 16, 12]);
  expect([labels.mask?.data[0], labels.mask?.data[1], labels.mask?.data.at(-1)]).toEqual([255, 0, 1]);
});

test("a test split may come without masks", async () => {
  const root = await plainFolder();
  put(root, "images/test/z.jpg", await jpeg());
  const dataset = await open(root, "test");
  expect([dataset.kinds, (await dataset.read(0)).labels, await splitsOf(platform, root)]).toEqual([
    [],
    {},
    ["train", "val", "test"],
  ]);
});

test("hidden files and files of other kinds are passed over", async () => {
  const root = await plainFolder();
  put(root, "images/train/.DS_Store", "x");
  put(root, "images/train/Thumbs.db", "x");
  put(root, "images/train/notes.txt", "x");
  expect((await open(root)).ids).toEqual(["a", "b"]);
});

test("colour-coded masks are read by the colours of their classes", async () => {
  const root = await plainFolder();
  const classes = [
    { name: "sky", color: "#0000ff" },
    { name: "road", color: "#804080" },
  ];
  put(root, "classes.json", JSON.stringify({ colorCoded: true, ignoreColors: ["#000000"], classes }));
  const rgb = Uint8Array.from({ length: 16 * 12 * 3 }, (_, i) => (i < 3 ? 0 : [128, 64, 128][i % 3]));
  put(root, "masks/train/a.png", await raw(rgb, 16, 12, 3).png().toBuffer());
  const { labels } = await (await open(root)).read(0);
  expect([labels.mask?.data[0], labels.mask?.data[1]]).toEqual([255, 1]);
});

test("VOC reads the lists, the palette indices and 255 as unlabelled", async () => {
  const root = temporaryFolder();
  const palette = Array.from({ length: 256 }, (_, i) => vocColor(i));
  put(root, "VOCdevkit/VOC2012/ImageSets/Segmentation/train.txt", "b\r\na\n");
  for (const name of ["a", "b", "unused"]) {
    put(root, `VOCdevkit/VOC2012/JPEGImages/${name}.jpg`, await jpeg(2, 1));
    const mask = png({ width: 2, height: 1, depth: 8, colorType: 3, values: [15, 255], palette });
    put(root, `VOCdevkit/VOC2012/SegmentationClass/${name}.png`, mask);
  }
  const dataset = await open(root);
  expect([dataset.ids, [...((await dataset.read(0)).labels.mask?.data ?? [])]]).toEqual([
    ["a", "b"],
    [15, 255],
  ]);
  expect([dataset.classes[15].name, dataset.classes[15].color, dataset.classes.length]).toEqual([
    "person",
    [192, 128, 128],
    21,
  ]);
});

test("Cityscapes maps its 34 ids to 19 classes and the rest to unlabelled", async () => {
  const root = temporaryFolder();
  put(
    root,
    "leftImg8bit/train/aachen/aachen_0_leftImg8bit.png",
    await raw(pattern(34, 1, 3), 34, 1, 3)
      .png()
      .toBuffer(),
  );
  const ids = Array.from({ length: 34 }, (_, i) => i);
  put(root, "gtFine/train/aachen/aachen_0_gtFine_labelIds.png", greyPng(34, 1, ids));
  put(root, "gtFine/train/aachen/aachen_0_gtFine_color.png", greyPng(34, 1, ids));
  const dataset = await open(root);
  const labels = [...((await dataset.read(0)).labels.mask?.data ?? [])];
  expect([dataset.ids, labels.filter((label) => label !== 255)]).toEqual([
    ["aachen_0"],
    Array.from({ length: 19 }, (_, i) => i),
  ]);
  expect([labels[7], labels[33], labels[9], dataset.classes.length]).toEqual([0, 18, 255, 19]);
});

test("ADE20K maps 0 to unlabelled and k to k − 1", async () => {
  const root = temporaryFolder();
  put(root, "images/training/x.jpg", await jpeg(3, 1));
  put(root, "annotations/training/x.png", greyPng(3, 1, [0, 1, 150]));
  const dataset = await open(root);
  expect([...((await dataset.read(0)).labels.mask?.data ?? [])]).toEqual([255, 0, 149]);
  expect([dataset.classes.length, dataset.classes[0].name, dataset.classes[149].name]).toEqual([150, "wall", "flag"]);
  expect(new Set(dataset.classes.map(({ name }) => name)).size).toBe(150);
});

test("the drawn data set is opened by its name", async () => {
  const dataset = await open("scenes:size=64,train=2,val=1,test=1");
  expect([dataset.ids.length, await splitsOf(platform, "scenes:size=64,train=2,val=1,test=1")]).toEqual([
    2,
    ["train", "val", "test"],
  ]);
});

test("each layout is found by its content or by its name, and its drawing names its folders", async () => {
  for (const layout of layouts.filter(({ recognizes }) => recognizes === undefined)) {
    const root = temporaryFolder();
    for (const sign of layout.signs) put(root, `${sign}/placeholder`, "");
    const named = layout.onlyByName ? layout.name : undefined;
    expect((await findLayout(platform, root, { ...(named !== undefined && { layout: named }) })).layout.name).toBe(
      layout.name,
    );
    for (const sign of layout.signs) expect(layout.drawing).toContain(sign);
  }
});

test.each<[string, (root: string) => unknown, RegExp]>([
  [
    "no mask at all",
    (root) => {
      for (const name of ["a", "b"]) rmSync(`${root}/masks/train/${name}.png`);
    },
    /masks\/train: expected a mask for each image that has labels, got none for the 2 of .*images\/train\. Add masks\.$/,
  ],
  [
    "a mask without image",
    (root) => rmSync(`${root}/images/train/a.jpg`),
    /masks\/train\/a\.png: expected an image named "a", got none\. Add/,
  ],
  [
    "two images of one name",
    async (root) => put(root, "images/train/a.png", await jpeg()),
    /a\.png: expected one image named "a", got another in .*a\.jpg\. Remove or rename/,
  ],
  [
    "no classes.json",
    (root) => rmSync(`${root}/classes.json`),
    /classes\.json: expected the list of classes, got no such file\. Write one: \{/,
  ],
  [
    "a broken classes.json",
    (root) => put(root, "classes.json", "{"),
    /classes\.json: expected a JSON object, got broken JSON/,
  ],
  [
    "no masks folder",
    (root) => rmSync(`${root}/masks`, { recursive: true }),
    /masks\/train: expected a folder of masks, got no such folder\. Add/,
  ],
  [
    "no split",
    (root) => rmSync(`${root}/images/train`, { recursive: true }),
    /images\/train: expected a folder of images, got no such folder\. There is val: move/,
  ],
  [
    "an empty split",
    (root) => {
      for (const name of ["a", "b"]) {
        rmSync(`${root}/images/train/${name}.jpg`);
        rmSync(`${root}/masks/train/${name}.png`);
      }
    },
    /expected images in the split train \(folder layout\), got none/,
  ],
  [
    "no images folder",
    (root) => rmSync(`${root}/images`, { recursive: true }),
    /expected one of the layouts .*folder \(needs images\/\), got a folder with classes\.json, masks\./,
  ],
  [
    "several problems",
    (root) => {
      for (const name of ["y", "z"]) put(root, `masks/train/${name}.png`, skyAndRoad());
    },
    /y\.png: expected an image named "y", got none\. .* So is 1 other: z\.png\.$/,
  ],
])("a plain folder with %s is refused in one line", async (_, spoil, expected) => {
  const root = await plainFolder();
  await spoil(root);
  expect(await message(open(root))).toMatch(expected);
});

test("an image without mask is refused in a split to score on", async () => {
  const root = await plainFolder();
  rmSync(join(root, "masks/val/c.png"));
  expect(await message(open(root, "val"))).toMatch(
    /images\/val\/c\.jpg: expected its mask .*masks\/val\/c\.png, got none\. Add the mask or remove the image\.$/,
  );
});

test("files that do not pair up may be left out, and are listed", async () => {
  const root = await plainFolder();
  rmSync(join(root, "images/train/a.jpg"));
  const dataset = await openDataset(platform, root, "train", { onBadFile: "skip" });
  expect([dataset.ids, dataset.leftOut?.length]).toEqual([["b"], 1]);
});

test.each<[string, (root: string) => unknown, RegExp]>([
  [
    "a mask of another size",
    (root) => put(root, "masks/train/a.png", skyAndRoad(8, 8)),
    /masks\/train\/a\.png: expected 16x12 pixels like its image .*images\/train\/a\.jpg, got 8x8\. Resize the mask by nearest/,
  ],
  [
    "a mask that lies on its side",
    (root) => put(root, "masks/train/a.png", skyAndRoad(12, 16)),
    /got 12x16\. Turn the mask: photographs are turned upright by their EXIF/,
  ],
  [
    "a mask value out of range",
    (root) => put(root, "masks/train/a.png", greyPng(16, 12, new Uint8Array(192).fill(9))),
    /masks\/train\/a\.png: expected class values 0 to 1, 255, got 9 at column 0, row 0 \(100 % of the pixels\)\. Write the class as \{"name": "road", "value": 9\} in classes\.json/,
  ],
  [
    "an empty mask file",
    (root) => put(root, "masks/train/a.png", ""),
    /masks\/train\/a\.png: expected a mask image \(PNG\), got an empty file/,
  ],
  [
    "a truncated mask",
    (root) => put(root, "masks/train/a.png", skyAndRoad().subarray(0, 50)),
    /masks\/train\/a\.png: expected an intact PNG, got a truncated file/,
  ],
  [
    "an empty image",
    (root) => put(root, "images/train/a.jpg", ""),
    /images\/train\/a\.jpg: expected an intact photograph .*, got an empty file/,
  ],
  [
    "text for an image",
    (root) => put(root, "images/train/a.jpg", "text"),
    /images\/train\/a\.jpg: .*got a file of another kind/,
  ],
])("%s is refused in one line when it is read", async (_, spoil, expected) => {
  const root = await plainFolder();
  spoil(root);
  const dataset = await open(root);
  expect(await message(dataset.read(0))).toMatch(expected);
});

test("a JPEG mask is found and refused for what it is", async () => {
  const root = await plainFolder({ train: ["b"] });
  put(root, "images/train/a.jpg", await jpeg());
  put(root, "masks/train/a.jpg", await jpeg());
  expect(await message((await open(root)).read(0))).toContain("got a JPEG, whose compression changes the values");
});

test.each<[string, string, RegExp]>([
  ["nothing there", "none", /none: expected a data set folder, got nothing there\. Check the path/],
  ["a file", "classes.json", /classes\.json: expected a data set folder, got a file/],
])("a path with %s is refused in one line", async (_, name, expected) => {
  const root = temporaryFolder();
  put(root, "classes.json", classesJson);
  expect(await message(open(join(root, name)))).toMatch(expected);
});

test("an unknown layout is refused with the nearest name", async () => {
  const root = await plainFolder();
  const opened = openDataset(platform, root, "train", { layout: "citiscapes" });
  expect(await message(opened)).toContain('got "citiscapes". Did you mean cityscapes?');
});

test("a VOC list that names missing files and one name twice is refused", async () => {
  const root = temporaryFolder();
  put(root, "ImageSets/Segmentation/train.txt", "a\na\nb\n");
  put(root, "JPEGImages/a.jpg", await jpeg(2, 1));
  put(root, "SegmentationClass/a.png", greyPng(2, 1, [0, 1]));
  expect(await message(open(root))).toMatch(
    /train\.txt: expected each name once, got "a" twice\..* 1 more fault: `tessera inspect/,
  );
});

test("the page on data draws every layout as its reader does", () => {
  const page = readFileSync(new URL("../../docs/data.md", import.meta.url), "utf8");
  for (const { name } of [...layouts, ...captionFormats]) expect(page).toContain(`**${name}** — `);
  for (const { drawing } of [...layouts, ...captionFormats]) expect(page).toContain(drawing);
});

test("the page on data shows a classes.json that is valid", () => {
  const page = readFileSync(new URL("../../docs/data.md", import.meta.url), "utf8");
  const example = /```json\n([^`]*)```/.exec(page)?.[1] ?? "";
  expect(parseClassList(example, "docs/data.md").classes.map(({ name }) => name)).toEqual(["sky", "car"]);
});
