/** Images without labels, in every layout that may have some. */
import { mkdirSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { plainFolder, skyAndRoad } from "../../test/support/folders.ts";
import { greyPng, jpeg, put, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { openDataset, splitsOf } from "./index.ts";
import { inspectDataset } from "./inspect.ts";
import { openTrainingData } from "./training-data.ts";

const open = (root: string) => openDataset(platform, root, "unlabelled");

test("a plain folder's unlabelled images are those without masks, wherever they lie", async () => {
  const root = await plainFolder({ train: ["a", "b", "d"], unlabelled: ["u", "c"] });
  rmSync(`${root}/masks/train/b.png`);
  const { ids, kinds, classes, source } = await open(root);
  expect([ids, kinds, classes.length]).toEqual([["b", "c", "u"], [], 2]);
  expect([source(0), source(1)]).toEqual([`${root}/images/train/b.jpg`, `${root}/images/unlabelled/c.jpg`]);
  const train = await openDataset(platform, root, "train");
  expect([train.ids, train.leftOut, train.kinds]).toEqual([["a", "d"], [], ["mask"]]);
});

test("an unlabelled sample is an image alone", async () => {
  const sample = await (await open(await plainFolder({ unlabelled: ["u"] }))).read(0);
  expect([sample.id, Object.keys(sample).sort()]).toEqual(["u", ["id", "image", "labels", "source"]]);
});

test("the split is listed only where there are such images", async () => {
  const root = await plainFolder();
  put(root, "images/unlabelled/.DS_Store", "x");
  expect(await splitsOf(platform, root)).toEqual(["train", "val"]);
  rmSync(`${root}/masks/train/b.png`);
  expect(await splitsOf(platform, root)).toEqual(["train", "val", "unlabelled"]);
  rmSync(`${root}/images/train/b.jpg`);
  await expect(open(root)).rejects.toThrow("expected images in the split unlabelled (folder layout), got none.");
});

test.each([
  ["images/unlabelled", ["images/unlabelled/u.jpg"], ["u"]],
  ["images/train", ["images/train/t.jpg"], ["t"]],
  ["both", ["images/unlabelled/u.jpg", "images/train/t.jpg"], ["t", "u"]],
])("a folder of images alone, in %s, needs no classes.json", async (_, files, expected) => {
  const root = temporaryFolder();
  for (const file of files) put(root, file, await jpeg());
  const dataset = await open(root);
  expect([dataset.ids, dataset.classes, dataset.valueMap]).toEqual([expected, [], {}]);
  expect((await dataset.read(0)).image.width).toBe(16);
});

test("without a folder of masks all training images are unlabelled, and training is refused", async () => {
  const root = await plainFolder();
  rmSync(`${root}/masks/train`, { recursive: true });
  expect((await open(root)).ids).toEqual(["a", "b"]);
  await expect(openDataset(platform, root, "train")).rejects.toThrow("expected a folder of masks, got no such folder");
});

test("images/val without labels is no split to score on, and stops nothing", async () => {
  const root = await plainFolderWithoutVal();
  expect(await splitsOf(platform, root)).toEqual(["train"]);
  for (const learnsFrom of [
    { labels: ["mask"], images: false },
    { labels: [], images: true },
  ] as const) {
    const { dataset, validation } = await openTrainingData(platform, root, { learnsFrom });
    expect([dataset.ids, validation]).toEqual([["a", "b"], null]);
  }
  // To pretrain on, nothing needs labels.
  rmSync(`${root}/masks`, { recursive: true });
  const images = await openTrainingData(platform, root, { learnsFrom: { labels: [], images: true } });
  expect([images.dataset.ids, images.validation]).toEqual([["a", "b"], null]);
  // Who scores on it is told what is missing.
  await expect(openDataset(platform, root, "val")).rejects.toThrow("masks/val: expected a folder of masks");
  const { notes } = await inspectDataset(platform, await plainFolderWithoutVal());
  expect(notes.map(({ message }) => message)).toEqual([
    expect.stringMatching(/expected a split val, got only train\. Scoring needs it/),
  ]);
});

async function plainFolderWithoutVal(): Promise<string> {
  const root = await plainFolder();
  rmSync(`${root}/masks/val`, { recursive: true });
  return root;
}

test.each<[string, (root: string) => unknown, RegExp]>([
  [
    "in a folder called nearly so",
    (root) => put(root, "masks/val2/c.png", skyAndRoad()),
    /masks\/val2: expected only .* Did you mean val\?/,
  ],
  ["in an empty folder", (root) => mkdirSync(`${root}/masks/val`), /c\.jpg: expected its mask .*masks\/val\/c\.png/],
  [
    "by a list of other names",
    (root) => put(root, "tags.json", JSON.stringify({ val: { other: ["sky"] } })),
    /tags\.json: expected names of images in .*images\/val, got "other"/,
  ],
])("labels that val was to have %s are missed", async (_, spoil, expected) => {
  const root = await plainFolderWithoutVal();
  await spoil(root);
  const opened = openTrainingData(platform, root, { learnsFrom: { labels: [], images: true } });
  await expect(opened).rejects.toThrow(expected);
});

test.each<[string, (root: string) => unknown, RegExp]>([
  [
    "one name in both folders",
    (root) => rmSync(`${root}/masks/train/a.png`),
    /images\/train\/a\.jpg: expected one unlabelled image named "a", got another in .*images\/unlabelled\/a\.jpg\. Remove/,
  ],
  [
    "two unlabelled images of one name",
    async (root) => put(root, "images/unlabelled/a.png", await jpeg()),
    /a\.png: expected one image named "a", got another in .*images\/unlabelled\/a\.jpg/,
  ],
  [
    "two training images of one name and no mask",
    async (root) => {
      put(root, "images/train/z.jpg", await jpeg());
      put(root, "images/train/z.png", await jpeg());
    },
    /z\.png: expected one image named "z", got another in .*images\/train\/z\.jpg/,
  ],
  ["a broken classes.json", (root) => put(root, "classes.json", "{"), /classes\.json: expected a JSON object/],
])("unlabelled images with %s are refused in one line", async (_, spoil, expected) => {
  const root = await plainFolder({ unlabelled: ["a"] });
  await spoil(root);
  const refusal = open(root);
  await expect(refusal).rejects.toThrow(expected);
  await expect(refusal).rejects.not.toThrow("\n");
});

test("one name may be in both folders where the training image has a mask", async () => {
  expect((await open(await plainFolder({ unlabelled: ["a"] }))).ids).toEqual(["a"]);
});

test.each<[string, (root: string) => unknown, RegExp]>([
  [
    "a mask without image",
    (root) => put(root, "masks/train/z.png", skyAndRoad()),
    /masks\/train\/z\.png: expected an image named "z"/,
  ],
  [
    "two images of one name",
    async (root) => put(root, "images/train/a.png", await jpeg()),
    /images\/train\/a\.png: expected one image named "a"/,
  ],
])("beside images without mask, %s still stops training", async (_, spoil, expected) => {
  const root = await plainFolder();
  put(root, "images/train/u.jpg", await jpeg());
  await spoil(root);
  await expect(openDataset(platform, root, "train")).rejects.toThrow(expected);
});

test.each(["train", "val", "test", "trainval"])("VOC's unlabelled images are not named in %s.txt", async (list) => {
  const root = temporaryFolder();
  for (const name of ["a", "b", "c"]) put(root, `JPEGImages/${name}.jpg`, await jpeg(2, 1));
  put(root, "SegmentationClass/a.png", greyPng(2, 1, [0, 1]));
  put(root, "ImageSets/Segmentation/train.txt", "a\n");
  put(root, `ImageSets/Segmentation/${list}.txt`, "b\na\n");
  expect([(await open(root)).ids, (await splitsOf(platform, root)).at(-1)]).toEqual([["c"], "unlabelled"]);
});

test("a name in a VOC list without mask stays a problem", async () => {
  const root = temporaryFolder();
  for (const name of ["a", "b"]) put(root, `JPEGImages/${name}.jpg`, await jpeg(2, 1));
  put(root, "SegmentationClass/a.png", greyPng(2, 1, [0, 1]));
  put(root, "ImageSets/Segmentation/train.txt", "a\nb\n");
  await expect(openDataset(platform, root, "train")).rejects.toThrow(/b\.png: expected this mask, named in/);
  expect(await splitsOf(platform, root)).toEqual(["train"]);
});

test("Cityscapes' unlabelled images are those of train_extra", async () => {
  const root = temporaryFolder();
  put(root, "leftImg8bit/train/x/x_0_leftImg8bit.png", await jpeg(2, 1));
  put(root, "gtFine/train/x/x_0_gtFine_labelIds.png", greyPng(2, 1, [7, 8]));
  expect(await splitsOf(platform, root)).toEqual(["train"]);
  for (const city of ["n", "m"]) put(root, `leftImg8bit/train_extra/${city}/${city}_1_leftImg8bit.png`, await jpeg());
  const { ids, kinds } = await open(root);
  expect([ids, kinds, await splitsOf(platform, root)]).toEqual([["m_1", "n_1"], [], ["train", "unlabelled"]]);
});

test("ADE20K's unlabelled images have a folder of their own", async () => {
  const root = temporaryFolder();
  put(root, "images/training/x.jpg", await jpeg(3, 1));
  put(root, "annotations/training/x.png", greyPng(3, 1, [0, 1, 150]));
  expect(await splitsOf(platform, root)).toEqual(["train"]);
  await expect(open(root)).rejects.toThrow("expected images in the split unlabelled (ade20k layout), got none");
  put(root, "images/unlabelled/u.jpg", await jpeg());
  expect([(await open(root)).ids, await splitsOf(platform, root)]).toEqual([["u"], ["train", "unlabelled"]]);
});

test("images that are left out are counted by the kind of labels that they lack", async () => {
  const root = await plainFolder({ train: ["a", "b", "c"] });
  rmSync(`${root}/masks`, { recursive: true });
  put(root, "tags.json", JSON.stringify({ train: { a: ["sky"], b: ["road"], c: ["sky"] } }));
  put(root, "saliency/train/a.png", greyPng(16, 12, new Array(16 * 12).fill(255)));
  const opened = (learnsFrom: Parameters<typeof openTrainingData>[2]["learnsFrom"]) =>
    openTrainingData(platform, root, { learnsFrom });
  const needed = await opened({ labels: ["tags", "saliency"], images: false });
  expect([needed.dataset.ids, needed.left, needed.lacking]).toEqual([
    ["a"],
    [{ kind: "saliency", count: 2, of: 3 }],
    [],
  ]);
  const wished = await opened({ labels: ["tags"], more: ["saliency"], images: false });
  expect([wished.dataset.ids, wished.left, wished.lacking]).toEqual([
    ["a", "b", "c"],
    [],
    [{ kind: "saliency", count: 2, of: 3 }],
  ]);
});
