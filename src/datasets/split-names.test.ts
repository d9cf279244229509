/** Folders and lists that are called nearly as ours. */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { plainFolder } from "../../test/support/folders.ts";
import { greyPng, jpeg, put, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { openDataset, splitsOf } from "./index.ts";
import { countProblems, inspectDataset } from "./inspect.ts";
import { openTrainingData } from "./training-data.ts";

test.each([
  ["valid", "valid"],
  ["validation", "val"],
  ["Val", "VALID"],
  ["dev", "dev"],
])("images/%s with masks/%s is the split val", async (images, masks) => {
  const root = await plainFolder();
  renameSync(`${root}/images/val`, `${root}/images/${images}`);
  renameSync(`${root}/masks/val`, `${root}/masks/${masks}`);
  expect(await splitsOf(platform, root)).toEqual(["train", "val"]);
  expect((await openDataset(platform, root, "val")).ids).toEqual(["c"]);
  expect(countProblems(await inspectDataset(platform, root))).toBe(0);
});

test("of two folders for one split the one of its name is read, and the other told", async () => {
  const root = await plainFolder();
  put(root, "images/valid/x.jpg", await jpeg());
  const { notes } = await inspectDataset(platform, root);
  expect(notes.map(({ message }) => message)).toEqual([
    `${root}/images/valid: expected one folder for val, got val beside it. It is not read.`,
  ]);
});

test.each(["labels", "Mask", "annotations"])("masks in the folder %s are read, and that is said", async (name) => {
  const root = await plainFolder();
  renameSync(`${root}/masks`, `${root}/${name}`);
  const dataset = await openDataset(platform, root, "train");
  expect([dataset.ids, dataset.kinds, dataset.notes]).toEqual([
    ["a", "b"],
    ["mask"],
    [`${root}/${name}/train: expected masks in a folder masks, got another name. They are read from here.`],
  ]);
});

test("masks and overlays that predict wrote beside photographs are passed over, and that is said", async () => {
  const root = await plainFolder();
  for (const name of ["a.png", "a.overlay.png", "a.json"]) put(root, `images/train/${name}`, await jpeg());
  const { ids, notes } = await openDataset(platform, root, "train");
  expect([ids, notes]).toEqual([
    ["a", "b"],
    [
      `${root}/images/train: expected photographs alone, got 3 files that predict wrote, such as a.overlay.png. They are passed over.`,
    ],
  ]);
});

test("a folder of masks that predict wrote is read as masks, without what it wrote besides", async () => {
  const root = await plainFolder();
  for (const ending of ["overlay.png", "confidence.png", "json", "npy", "labelme.json"]) {
    put(root, `masks/train/a.${ending}`, ending.endsWith("png") ? greyPng(2, 1, [0, 1]) : "{}");
  }
  const report = await inspectDataset(platform, root);
  expect([report.layout, countProblems(report)]).toEqual(["folder", 0]);
  expect(report.splits[0].notes.map(({ message }) => message)).toEqual([
    `${root}/masks/train: expected masks alone, got 5 files that predict wrote, such as a.overlay.png. They are passed over.`,
  ]);
});

test("training says what lies beside and is not read", async () => {
  const root = await plainFolder();
  put(root, "images/holiday/x.jpg", await jpeg());
  const { notes } = await openTrainingData(platform, root, { learnsFrom: { labels: ["mask"], images: false } });
  expect(notes).toEqual([
    expect.stringMatching(
      /images\/holiday: expected only train, val, test, unlabelled here, got another name\. It is not read\.$/,
    ),
  ]);
});

test("masks in a folder inside that of annotations are read as their photographs'", async () => {
  const root = temporaryFolder();
  put(root, "images/a.jpg", await jpeg(2, 1));
  put(root, "annotations/trimaps/a.png", greyPng(2, 1, [0, 1]));
  put(root, "classes.json", '["pet", "border"]');
  const { labels } = await (await openDataset(platform, root, "train")).read(0);
  expect([...(labels.mask?.data ?? [])]).toEqual([0, 1]);
  expect(countProblems(await inspectDataset(platform, root))).toBe(0);
});

/** VOC's folders with two photographs and their masks, and no lists. */
async function voc(): Promise<string> {
  const root = temporaryFolder();
  for (const name of ["a", "b"]) {
    put(root, `JPEGImages/${name}.jpg`, await jpeg(2, 1));
    put(root, `SegmentationClass/${name}.png`, greyPng(2, 1, [0, 1]));
  }
  return root;
}

test.each<[string, Record<string, string>, Record<string, string[]>]>([
  ["default.txt alone", { default: "a\nb\n" }, { train: ["a", "b"] }],
  ["no lists", {}, { train: ["a", "b"] }],
  ["trainval.txt beside val.txt", { trainval: "a\nb\n", val: "b\n" }, { train: ["a"], val: ["b"] }],
  ["valid.txt", { train: "a\n", valid: "b\n" }, { train: ["a"], val: ["b"] }],
  ["flags behind the names", { train: "a 1\n", val: "b -1\n" }, { train: ["a"], val: ["b"] }],
  [
    "paths of photograph and mask",
    { train: "/JPEGImages/a.jpg /SegmentationClass/a.png\n", val: "JPEGImages/b.jpg\n" },
    { train: ["a"], val: ["b"] },
  ],
  ["endings", { train: "a.jpg\n", val: "b.jpg\n" }, { train: ["a"], val: ["b"] }],
])("VOC folders with %s have their splits", async (_, lists, expected) => {
  const root = await voc();
  for (const [name, text] of Object.entries(lists)) put(root, `ImageSets/Segmentation/${name}.txt`, text);
  const found: Record<string, readonly string[]> = {};
  for (const split of await splitsOf(platform, root)) found[split] = (await openDataset(platform, root, split)).ids;
  expect(found).toEqual(expected);
});

test.each(["ImageSets/Main", "ImageSets"])("VOC's lists in %s are read, and that is said", async (folder) => {
  const root = await voc();
  put(root, `${folder}/train.txt`, "a\n");
  put(root, `${folder}/val.txt`, "b\n");
  put(root, `${folder}/labels.txt`, "none\napple\n");
  const { splits } = await inspectDataset(platform, root);
  expect(splits.map(({ split, samples }) => [split, samples])).toEqual([
    ["train", 1],
    ["val", 1],
  ]);
  expect(splits[0].notes.map(({ message }) => message.replaceAll(root, "$"))).toEqual([
    `$/ImageSets/Segmentation: expected lists here, got some in $/${folder}. These are read.`,
  ]);
});

test("VOC lists that no split has are told, and so are masks that no list names", async () => {
  const root = await voc();
  put(root, "ImageSets/Segmentation/train.txt", "a\n");
  put(root, "ImageSets/Segmentation/part2.txt", "b\n");
  const { splits } = await inspectDataset(platform, root);
  const notes = splits.flatMap((split) => split.notes.map(({ message }) => message.replaceAll(`${root}/`, "")));
  expect(notes).toEqual([
    'ImageSets/Segmentation: expected lists named after splits, got "part2.txt". They are not read: rename them train.txt and val.txt, or add such lists.',
    'ImageSets/Segmentation: expected a list for every image that has a mask, got none with "b". They are read without: add them to a list to learn from them.',
  ]);
});

test("a folder of the split's name that is empty does not hide", async () => {
  const root = await plainFolder();
  rmSync(`${root}/images/val`, { recursive: true });
  mkdirSync(`${root}/images/val`);
  expect(countProblems(await inspectDataset(platform, root))).toBeGreaterThan(0);
});
