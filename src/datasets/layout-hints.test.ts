/** Folders that lie otherwise than any layout has them: what is said of them works. */
import { execSync } from "node:child_process";
import { expect, test } from "vitest";
import { greyPng, jpeg, put, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { openDataset } from "./index.ts";
import { inspectDataset } from "./inspect.ts";

test("folders of splits with folders of kinds inside are told how to lie, and the line works", async () => {
  const root = `${temporaryFolder()}/Ann's photographs`;
  for (const split of ["train", "valid"]) {
    put(root, `${split}/images/a.jpg`, await jpeg(2, split === "train" ? 1 : 2));
    put(
      root,
      `${split}/masks/a.png`,
      greyPng(2, split === "train" ? 1 : 2, [0, 1, 0, 1].slice(0, split === "train" ? 2 : 4)),
    );
  }
  put(root, "classes.json", '["a", "b"]');
  const { notes } = await inspectDataset(platform, root);
  for (const { message } of notes) execSync(/ Move: (.*)$/.exec(message)?.[1] ?? "false");
  const report = await inspectDataset(platform, root);
  expect([report.layout, report.splits.map(({ split, readable }) => [split, readable])]).toEqual([
    "folder",
    [
      ["train", 1],
      ["val", 1],
    ],
  ]);
});

test.each([
  ["train_images", "train_masks"],
  ["images-train", "masks-train"],
  ["imgs", "gt"],
  ["img_dir", "ann_dir"],
])("folders %s and %s are told how to lie, and the line works", async (images, masks) => {
  const root = temporaryFolder();
  put(root, `${images}/a.jpg`, await jpeg(2, 1));
  put(root, `${masks}/a.png`, greyPng(2, 1, [0, 1]));
  put(root, "classes.json", '["a", "b"]');
  const { notes } = await inspectDataset(platform, root);
  for (const { message } of notes) execSync(/ Move: (.*)$/.exec(message)?.[1] ?? "false");
  const { layout, splits } = await inspectDataset(platform, root);
  expect([layout, splits.map(({ split, readable }) => [split, readable])]).toEqual(["folder", [["train", 1]]]);
});

test("masks that tell things apart are not to be renamed masks of classes", async () => {
  const root = temporaryFolder();
  put(root, "JPEGImages/a.jpg", await jpeg(2, 1));
  put(root, "SegmentationObject/a.png", greyPng(2, 1, [0, 1]));
  put(root, "SegmentationClassPNG/a.png", greyPng(2, 1, [0, 1]));
  put(root, "SegmentationClassVisualization/a.png", greyPng(2, 1, [0, 1]));
  expect((await inspectDataset(platform, root)).notes.map(({ message }) => message.replaceAll(root, "$"))).toEqual([
    "$/SegmentationClassPNG: expected a name like SegmentationClass, got SegmentationClassPNG. Rename it.",
    "$/SegmentationObject: expected SegmentationClass beside it, got none. Its numbers tell things apart: export masks of classes.",
  ]);
});

test.each(["tasks.json", "annotations/default.json"])(
  "%s beside photographs, which is not understood, is named",
  async (file) => {
    const root = temporaryFolder();
    put(root, "images/a.jpg", await jpeg(2, 1));
    put(root, file, "[]");
    expect((await inspectDataset(platform, root)).notes.map(({ message }) => message)).toEqual([
      `${root}: expected the splits train and val, got only unlabelled images, and ${file}, which is not understood. Training and scoring with labels need images and masks there.`,
    ]);
  },
);

test("a run, or a folder of a data set, where a data set is to stand is told as such", async () => {
  const root = temporaryFolder();
  put(root, "run/run.json", "{}");
  put(root, "photos/images/train/a.jpg", await jpeg(2, 1));
  put(root, "photos/masks/train/a.png", greyPng(2, 1, [0, 1]));
  await expect(openDataset(platform, `${root}/run`, "train")).rejects.toThrow(
    `${root}/run: expected a data set folder, got a run. Name a data set here`,
  );
  for (const path of ["images/train", "images", "masks"]) {
    await expect(openDataset(platform, `${root}/photos/${path}`, "train")).rejects.toThrow(
      `Name the whole data set: ${root}/photos`,
    );
  }
});
