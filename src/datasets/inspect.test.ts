import { mkdirSync, renameSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { plainFolder, skyAndRoad } from "../../test/support/folders.ts";
import { greyPng, jpeg, png, put, temporaryFolder } from "../../test/support/pictures.ts";
import { classStatistics } from "../data/statistics.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { openDataset } from "./index.ts";
import { countProblems, inspectDataset } from "./inspect.ts";
import { inspectText } from "./inspect-text.ts";

test("an intact folder is reported with counts, sizes and frequencies", async () => {
  const report = await inspectDataset(platform, await plainFolder());
  expect([report.layout, countProblems(report), report.splits.map(({ split }) => split)]).toEqual([
    ...["folder", 0, ["train", "val"]],
  ]);
  const [train] = report.splits;
  expect([train.samples, train.readable, train.width, train.ignoredPixels]).toEqual([
    ...[2, 2, { smallest: 16, median: 16, largest: 16 }, 2],
  ]);
  expect(train.classes).toEqual([
    { name: "sky", pixels: 190, images: 2, frequency: 190 / 382 },
    { name: "road", pixels: 192, images: 2, frequency: 192 / 382 },
  ]);
});

test("every problem is found, each with its file and its fix", async () => {
  const root = await plainFolder({ train: ["a", "b", "c", "d", "e", "f"], val: ["v"] });
  put(root, "images/train/a.jpg", "");
  put(root, "masks/train/b.png", skyAndRoad(8, 8));
  put(root, "masks/train/c.png", greyPng(16, 12, new Uint8Array(192).fill(9)));
  rmSync(`${root}/masks/train/d.png`);
  rmSync(`${root}/images/train/e.jpg`);
  put(root, "images/train/f.png", await jpeg());
  put(root, "images/train/readme.txt", "x");
  put(root, "masks/val/v.png", greyPng(16, 12, new Uint8Array(192).fill(255)));
  const report = await inspectDataset(platform, root);
  const [train, val] = report.splits;
  const files = train.problems.map(({ message }) => message.split(":")[0].slice(root.length + 1)).sort();
  expect(files).toEqual([
    ...["images/train/a.jpg", "images/train/f.png"],
    ...["masks/train/b.png", "masks/train/c.png", "masks/train/e.png"],
  ]);
  expect([train.samples, train.readable, train.notes.length, val.notes.length]).toEqual([4, 1, 2, 1]);
  for (const { message } of train.problems) expect(message).toMatch(/^[^\n]+: expected [^\n]+, got [^\n]+\. [^\n]+\.$/);
});

test.each<[string, (root: string) => unknown, string]>([
  ["a broken classes.json", (root) => put(root, "classes.json", "{"), "broken JSON"],
])("%s is one problem of the whole", async (_, spoil, expected) => {
  const root = await plainFolder();
  spoil(root);
  const report = await inspectDataset(platform, root);
  expect(report.problems.map(({ message }) => message)).toEqual([expect.stringContaining(expected)]);
});

test("no validation split is a note, since training goes without", async () => {
  const root = await plainFolder();
  for (const kind of ["images", "masks"]) rmSync(`${root}/${kind}/val`, { recursive: true });
  const report = await inspectDataset(platform, root);
  expect([countProblems(report), report.notes.map(({ message }) => message)]).toEqual([
    0,
    [
      `${root}: expected a split val, got only train. Scoring needs it: put images and their labels there, or take a part of train with --val-fraction 0.2.`,
    ],
  ]);
});

test("unlabelled images are read and counted, and those of the training split are noted", async () => {
  const root = await plainFolder({ unlabelled: ["u", "w"] });
  rmSync(`${root}/masks/train/a.png`);
  put(root, "images/unlabelled/w.jpg", "text");
  const report = await inspectDataset(platform, root);
  const [train, , unlabelled] = report.splits;
  expect(train.notes.map(({ message }) => message.slice(root.length + 1))).toEqual([
    "images/train: 1 of 2 images in images/train has no mask: unlabelled. Add masks to learn from labels.",
  ]);
  const { split, samples, readable, kinds, width, classes, problems } = unlabelled;
  expect([split, samples, readable, kinds, width?.median, classes, problems.length]).toEqual([
    ...["unlabelled", 3, 2, [], 16, [], 1],
  ]);
  expect(inspectText(report)).toContain(
    "\nunlabelled: 3 samples (no labels), 1 unreadable\n  width 16, height 12 pixels\n",
  );
});

test("a folder of images alone has no problem, but a note", async () => {
  const root = temporaryFolder();
  put(root, "images/unlabelled/u.jpg", await jpeg());
  const report = await inspectDataset(platform, root);
  expect([countProblems(report), report.notes.map(({ message }) => message)]).toEqual([
    ...[0, [expect.stringContaining("expected the splits train and val, got only unlabelled images. Training")]],
  ]);
});

test("a class that no mask shows is noted", async () => {
  const root = await plainFolder();
  put(root, "classes.json", JSON.stringify({ ignoreIndex: 255, classes: ["sky", "road", "unicorn"] }));
  const { notes } = await inspectDataset(platform, root);
  expect(notes.map(({ message }) => message)).toEqual([expect.stringContaining('expected pixels of "unicorn"')]);
});

test("an unknown folder is answered with the layouts, the nearest first, and near names", async () => {
  const root = temporaryFolder();
  mkdirSync(`${root}/JPEGImages`);
  mkdirSync(`${root}/SegmentationClas`);
  const report = await inspectDataset(platform, root);
  expect([report.layout, report.layouts[0].name, report.layouts[0].missing]).toEqual([
    ...[undefined, "voc", ["SegmentationClass/"]],
  ]);
  expect(report.notes.map(({ message }) => message)).toEqual([expect.stringContaining("like SegmentationClass, got")]);
});

test("a data set one folder further down is pointed out", async () => {
  const root = temporaryFolder();
  renameSync(await plainFolder(), `${root}/inner`);
  const { notes } = await inspectDataset(platform, root);
  expect(notes[0].message).toContain(`got the layout folder. Give ${root}/inner instead.`);
});

test("a path that is no folder is an error, not a report", async () => {
  await expect(inspectDataset(platform, "/nowhere/at/all")).rejects.toThrow("expected a data set folder, got nothing");
});

test("progress is told after each sample", async () => {
  const seen: string[] = [];
  await inspectDataset(platform, await plainFolder(), { onProgress: (...all) => seen.push(all.join(" ")) });
  expect(seen).toEqual(["1 2 train", "2 2 train", "1 1 val"]);
});

test("the text names the layout, the table of classes, and every problem", async () => {
  const root = await plainFolder();
  put(root, "images/train/a.jpg", "");
  const text = inspectText(await inspectDataset(platform, root));
  expect(text).toContain(`${root}: folder\n2 classes, masks coded by values, unlabelled: 255`);
  expect(text).toMatch(/^sky +#[0-9a-f]{6} +49\.7 % +1 +49\.7 % +1$/m);
  expect(text).toMatch(/a\.jpg: expected an intact photograph .*got an empty file/);
  expect(text.endsWith("1 problem.")).toBe(true);
});

test("the text of an unknown folder draws the layouts", async () => {
  const text = inspectText(await inspectDataset(platform, temporaryFolder()));
  expect(text).toContain("no known layout");
  expect(text).toContain("images/train/NAME.jpg");
});

test("the drawn data set can be inspected", async () => {
  const report = await inspectDataset(platform, "scenes:size=64,train=2,val=1,test=1");
  expect([report.layout, report.splits.map(({ samples }) => samples), countProblems(report)]).toEqual([
    ...["scenes", [2, 1, 1], 0],
  ]);
});

test("drawn images without labels can be inspected", async () => {
  const { splits } = await inspectDataset(platform, "scenes:size=64,train=1,val=1,test=1,unlabelled=2");
  expect(splits.map(({ split, samples, kinds }) => [split, samples, kinds.length])).toEqual([
    ...[
      ["train", 1, 5],
      ["val", 1, 5],
      ["test", 1, 5],
      ["unlabelled", 2, 0],
    ],
  ]);
});

test.each([
  [{ images: "photos" }, "images: expected a folder as data set, got scenes:size=64. Leave out --images photos."],
  [{ layout: "voc" }, "layout: expected a folder as data set, got scenes:size=64. Leave out --layout voc."],
])("the drawn data set has no %j", async (options, message) => {
  await expect(inspectDataset(platform, "scenes:size=64", options)).rejects.toThrow(message);
  await expect(openDataset(platform, "scenes:size=64", "train", options)).rejects.toThrow(message);
});

test("the text counts one class as one, and names labels of which none can be read", async () => {
  const root = await plainFolder();
  put(root, "classes.json", JSON.stringify({ classes: ["sky"] }));
  const text = inspectText(await inspectDataset(platform, root));
  expect(text).toContain("\n1 class, masks");
  expect(text).toContain("train: 2 samples (masks), 2 unreadable");
});

test("class frequencies are shares of the labelled pixels", async () => {
  const dataset = await openDataset(platform, await plainFolder(), "train");
  const { frequencies, ignoredPixels } = await classStatistics(dataset);
  expect([frequencies, ignoredPixels]).toEqual([[190 / 382, 192 / 382], 2]);
});

test("statistics stop at a bad file, or leave it out and list it", async () => {
  const root = await plainFolder();
  put(root, "masks/train/a.png", png({ width: 16, height: 12, depth: 1, colorType: 0, values: new Uint8Array(192) }));
  put(root, "images/train/b.jpg", "text");
  const dataset = await openDataset(platform, root, "train");
  await expect(classStatistics(dataset)).rejects.toThrow("b.jpg: expected");
  const { skipped, frequencies } = await classStatistics(dataset, { onBadImage: "skip" });
  expect([skipped.length, frequencies]).toEqual([1, [1, 0]]);
});

test("Cityscapes with masks of another form alone is told once, with what to do", async () => {
  const root = temporaryFolder();
  const colored = png({ width: 2, height: 1, depth: 8, colorType: 2, values: [255, 0, 0, 0, 255, 0] });
  for (const name of ["a", "b"]) {
    put(root, `leftImg8bit/train/x/${name}_leftImg8bit.png`, colored);
    put(root, `gtFine/train/x/${name}_gtFine_labelTrainIds.png`, greyPng(2, 1, [0, 1]));
  }
  const { splits } = await inspectDataset(platform, root);
  expect(splits[0].problems[0].message).toBe(
    `${root}/gtFine/train/x: expected masks NAME_gtFine_labelIds.png, got only such as a_gtFine_labelTrainIds.png. Rename them so, and say in classes.json beside gtFine what their values or colours mean.`,
  );
});
