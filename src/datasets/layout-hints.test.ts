/** Folders that lie otherwise than any layout has them: what is said of them works. */
import { execSync } from "node:child_process";
import { expect, test } from "vitest";
import { greyPng, jpeg, put, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
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

test("what is not understood beside photographs is named", async () => {
  const root = temporaryFolder();
  put(root, "images/a.jpg", await jpeg(2, 1));
  put(root, "tasks.json", "[]");
  expect((await inspectDataset(platform, root)).notes.map(({ message }) => message)).toEqual([
    `${root}: expected the splits train and val, got only unlabelled images, and tasks.json, which is not understood. Training and scoring with labels need images and masks there.`,
  ]);
});
