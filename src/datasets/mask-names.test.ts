import { renameSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { plainFolder } from "../../test/support/folders.ts";
import { greyPng, jpeg, put, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { openDataset } from "./index.ts";
import { countProblems, inspectDataset } from "./inspect.ts";
import { masksByImage } from "./mask-names.ts";

function read(images: readonly string[], masks: readonly string[]): [string[], number] {
  const files = (names: readonly string[]) => new Map(names.map((name) => [name, `m/${name}.png`]));
  const { byId, notes } = masksByImage(files(images), files(masks), "m");
  return [[...byId.keys()], notes.length];
}

test.each<[string, string[], string[], string[]]>([
  ["an ending", ["a", "b", "c"], ["a_mask", "b_mask", "c_mask"], ["a", "b", "c"]],
  ["the photograph's own ending", ["a", "b"], ["a.jpg", "b.jpg"], ["a", "b"]],
  ["a beginning", ["01", "02"], ["mask_01", "mask_02"], ["01", "02"]],
  ["another ending", ["a_sat", "b_sat"], ["a_mask", "b_mask"], ["a_sat", "b_sat"]],
  ["another beginning", ["img_001", "img_002"], ["mask_001", "mask_002"], ["img_001", "img_002"]],
  ["an ending of a single mask", ["a", "b"], ["a_gt"], ["a"]],
  ["letters of another case", ["IMG_A", "IMG_B"], ["img_a", "img_b"], ["IMG_A", "IMG_B"]],
  ["beginnings within one another", ["1", "11", "111"], ["1_m", "11_m", "111_m"], ["1", "11", "111"]],
])("masks with %s are those of the photographs", (_, images, masks, expected) => {
  expect(read(images, masks)).toEqual([expected, 1]);
});

test.each<[string, string[], string[]]>([
  ["the same names", ["a", "b"], ["a", "b"]],
  ["some of the same names", ["a", "b"], ["a", "b_mask"]],
  ["other names", ["a", "b"], ["x", "y"]],
])("masks with %s keep theirs", (_, images, masks) => {
  expect(read(images, masks)).toEqual([masks, 0]);
});

test("a folder of masks with an ending has no problem, and a note", async () => {
  const root = await plainFolder();
  for (const [split, names] of [
    ["train", ["a", "b"]],
    ["val", ["c"]],
  ] as const) {
    for (const name of names)
      renameSync(`${root}/masks/${split}/${name}.png`, `${root}/masks/${split}/${name}_mask.png`);
  }
  const report = await inspectDataset(platform, root);
  expect(countProblems(report)).toBe(0);
  expect(report.splits[0].notes.map(({ message }) => message)).toEqual([
    `${root}/masks/train: expected masks called as their photographs, got names such as a_mask.png. They are read as the masks of photographs such as a.jpg.`,
  ]);
  expect((await openDataset(platform, root, "train")).ids).toEqual(["a", "b"]);
});

test("VOC's masks may have an ending, too", async () => {
  const root = temporaryFolder();
  put(root, "ImageSets/Segmentation/train.txt", "a\n");
  put(root, "JPEGImages/a.jpg", await jpeg(2, 1));
  put(root, "SegmentationClass/a_label.png", greyPng(2, 1, [0, 1]));
  expect((await openDataset(platform, root, "train")).ids).toEqual(["a"]);
});

test("masks beside their photographs are read where there is no folder of them", async () => {
  const root = await plainFolder();
  for (const [split, names] of [
    ["train", ["a", "b"]],
    ["val", ["c"]],
  ] as const) {
    for (const name of names) {
      renameSync(`${root}/masks/${split}/${name}.png`, `${root}/images/${split}/${name}_mask.png`);
    }
  }
  rmSync(`${root}/masks`, { recursive: true });
  const dataset = await openDataset(platform, root, "train");
  expect([dataset.ids, dataset.kinds, dataset.notes]).toEqual([
    ["a", "b"],
    ["mask"],
    [
      `${root}/images/train: expected masks in a folder masks, got some beside their photographs, such as a_mask.png. They are read from here.`,
    ],
  ]);
  const report = await inspectDataset(platform, root);
  expect([countProblems(report), report.splits.map(({ split, samples }) => [split, samples])]).toEqual([
    0,
    [
      ["train", 2],
      ["val", 1],
    ],
  ]);
});

test.each([[["a_cat", "a_dog", "b_cat"]], [["cat/a", "dog/a", "dog/b"]]])(
  "masks %j, of which each class has its own, are told as such",
  async (names) => {
    const root = temporaryFolder();
    for (const name of ["a", "b"]) put(root, `images/${name}.jpg`, await jpeg(2, 1));
    for (const name of names) put(root, `masks/${name}.png`, greyPng(2, 1, [0, 255]));
    put(root, "classes.json", '["background", "cat", "dog"]');
    const [{ problems }] = (await inspectDataset(platform, root)).splits;
    expect(problems[0].message).toBe(
      `${root}/masks/${names[0]}.png: expected one mask for "a", got another, ${root}/masks/${names[1]}.png. Paint them into one a.png, with a value for each class.`,
    );
    expect(problems.length).toBe(2);
  },
);
