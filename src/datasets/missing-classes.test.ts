/** Masks whose classes nothing names, or names otherwise: the line that is offered works when it is written. */
import { execSync } from "node:child_process";
import { expect, test } from "vitest";
import { greyPng, jpeg, png, put, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { openDataset } from "./index.ts";
import { inspectDataset } from "./inspect.ts";

const colored = png({ width: 2, height: 1, depth: 8, colorType: 2, values: [255, 0, 0, 0, 255, 0] });

async function folderOf(mask: Buffer): Promise<string> {
  const root = temporaryFolder();
  put(root, "images/train/a.jpg", await jpeg(2, 1));
  put(root, "masks/train/a.png", mask);
  return root;
}

test.each([
  ["values", greyPng(2, 1, [3, 9]), { "3": 0, "9": 1 }],
  ["black and white", greyPng(2, 1, [255, 0]), { "0": 0, "255": 1 }],
  ["colours", colored, { "#00ff00": 0, "#ff0000": 1 }],
])("masks of %s give the list to write", async (_, mask, map) => {
  const root = await folderOf(mask);
  const told = await openDataset(platform, root, "train").then(
    () => "",
    (error: Error) => error.message,
  );
  const [, line] = /got no such file\. Write one: (.*)\.$/.exec(told) ?? [];
  put(root, "classes.json", line);
  expect((await openDataset(platform, root, "train")).valueMap).toEqual(map);
});

test.each([
  ["Classes.JSON", "got only Classes.JSON. If that is it, call it classes.json."],
  ["my_classes.txt", "got only my_classes.txt. If that is it, call it classes.txt."],
  ["labels.yaml", "got only labels.yaml. Write its names into classes.txt, in the order of their values."],
])("a list that is called %s is named", async (name, message) => {
  const root = await folderOf(greyPng(2, 1, [0, 1]));
  put(root, name, "background");
  await expect(openDataset(platform, root, "train")).rejects.toThrow(message);
});

test("a palette that shows other classes than its numbers is noted", async () => {
  const palette = [
    [0, 0, 0],
    [0, 255, 0],
    [255, 0, 0],
  ] as const;
  const root = await folderOf(png({ width: 2, height: 1, depth: 8, colorType: 3, values: [1, 2], palette }));
  const classes = ["#000000", "#ff0000", "#00ff00"].map((color, at) => ({
    name: ["none", "apple", "leaf"][at],
    color,
  }));
  put(root, "classes.json", JSON.stringify({ classes }));
  const notesOf = async () => (await inspectDataset(platform, root)).splits[0].notes.map(({ message }) => message);
  expect(await notesOf()).toEqual([
    `${root}/masks/train/a.png: expected the colours of the classes in its palette, got 1 with the colour of "leaf". It is read as "apple". Write "colorCoded": true at the top of ${root}/classes.json if the colours hold.`,
  ]);
  put(root, "classes.json", JSON.stringify({ colorCoded: true, classes }));
  expect(await notesOf()).toEqual([]);
  const { labels } = await (await openDataset(platform, root, "train")).read(0);
  expect([...(labels.mask?.data ?? [])]).toEqual([2, 1]);
});

test("masks that were resized are told by their many values, and each mask by its own name", async () => {
  const root = await folderOf(
    greyPng(
      40,
      1,
      Uint8Array.from({ length: 40 }, (_, at) => at),
    ),
  );
  put(root, "images/train/a.jpg", await jpeg(40, 1));
  put(root, "images/train/b.jpg", await jpeg(40, 2));
  put(root, "masks/train/b.png", "");
  put(root, "images/train/c.jpg", await jpeg(40, 2));
  put(root, "masks/train/c.png", "");
  put(root, "classes.json", '["a", "b"]');
  const problems = (await inspectDataset(platform, root)).splits[0].problems.map(({ message }) => message);
  expect(problems).toEqual([
    `${root}/masks/train/b.png: expected a mask image (PNG), got an empty file. Replace it with an intact copy or remove it. So is 1 other: c.png.`,
    expect.stringContaining(
      "So many come from resizing, or from compression that loses: save masks as PNG from the labels",
    ),
  ]);
});

test("folders of splits with folders of kinds inside are told how to lie, and the line works", async () => {
  const root = temporaryFolder();
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

test("what is not understood beside photographs is named", async () => {
  const root = temporaryFolder();
  put(root, "images/a.jpg", await jpeg(2, 1));
  put(root, "tasks.json", "[]");
  expect((await inspectDataset(platform, root)).notes.map(({ message }) => message)).toEqual([
    `${root}: expected the splits train and val, got only unlabelled images, and tasks.json, which is not understood. Training and scoring with labels need images and masks there.`,
  ]);
});

test("Roboflow's masks and list lie beside photographs, and are not told as strays", async () => {
  const root = temporaryFolder();
  put(root, "images/train/a.jpg", await jpeg(2, 1));
  put(root, "images/train/a_mask.png", greyPng(2, 1, [0, 1]));
  put(root, "images/train/_classes.csv", "Pixel Value, Class\n0, background\n1, apple\n");
  const { splits, classes } = await inspectDataset(platform, root);
  expect([classes.map(({ name }) => name), splits[0].notes.length]).toEqual([["background", "apple"], 1]);
});

test("Cityscapes with masks of another form alone is told once, with what to do", async () => {
  const root = temporaryFolder();
  for (const name of ["a", "b"]) {
    put(root, `leftImg8bit/train/x/${name}_leftImg8bit.png`, colored);
    put(root, `gtFine/train/x/${name}_gtFine_labelTrainIds.png`, greyPng(2, 1, [0, 1]));
  }
  const { splits } = await inspectDataset(platform, root);
  expect(splits[0].problems[0].message).toBe(
    `${root}/gtFine/train/x: expected masks NAME_gtFine_labelIds.png, got only such as a_gtFine_labelTrainIds.png. Rename them so, and say in classes.json beside gtFine what their values or colours mean.`,
  );
});
