/** What inspection says of labels that no split reads, and of splits without labels. */
import { mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { plainFolder, skyAndRoad } from "../../test/support/folders.ts";
import { greyPng, jpeg, put, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { openDataset, splitsOf } from "./index.ts";
import { countProblems, inspectDataset } from "./inspect.ts";

const grey = greyPng(16, 12, new Uint8Array(192));

async function notesOf(root: string): Promise<string[]> {
  const report = await inspectDataset(platform, root);
  expect(countProblems(report)).toBe(0);
  const all = [...report.notes, ...report.splits.flatMap(({ notes }) => notes)];
  return all.map(({ message }) => message.replaceAll(`${root}/`, ""));
}

/** photographs alone, of which those of train and val have captions. */
async function described(): Promise<string> {
  const root = temporaryFolder();
  for (const name of ["train/a", "train/b", "val/c"]) put(root, `images/${name}.jpg`, await jpeg());
  put(
    root,
    "captions.jsonl",
    ["train/a", "train/b", "val/c"].map((image) => `{"image":"${image}","caption":"x"}\n`).join(""),
  );
  return root;
}

test.each<[string, string]>([
  [
    "saliency/trainset/a.png",
    "saliency/trainset: expected only train, val, test, unlabelled here, got another name. It is not read. Did you mean train?",
  ],
  [
    "masks/2017/a.png",
    "masks/2017: expected only train, val, test, unlabelled here, got another name. It is not read.",
  ],
  [
    "valid.txt",
    "valid.txt: expected splits as folders, got a list. It is not read: move what it names to images/val and masks/val.",
  ],
  [
    "saliency/a.png",
    'saliency: expected only train, val, test, unlabelled here, got files: "a.png". Move them to saliency/train or the like.',
  ],
  [
    "images/val2/a.png",
    "images/val2: expected only train, val, test, unlabelled here, got another name. It is not read. Did you mean val?",
  ],
  ["saliency/train/z.png", 'saliency/train/z.png: expected an image named "z", got none. It is passed over.'],
  [
    "masks/unlabelled/u.png",
    'images/unlabelled: expected no labels, got some of "u". They are not read: move the images to images/train to learn from them.',
  ],
  ["images/train/notes.txt", 'images/train/notes.txt: expected an image named "notes", got none. It is passed over.'],
])("%s is noted", async (file, note) => {
  const root = await plainFolder();
  put(root, file, grey);
  expect(await notesOf(root)).toEqual([note]);
});

test("a list without splits is noted only for names that no split has", async () => {
  const root = await plainFolder();
  const tags = { a: ["sky", "road"], b: ["sky", "road"], c: ["sky", "road"] };
  put(root, "tags.json", JSON.stringify(tags));
  put(root, "captions.jsonl", ["a", "b", "c"].map((image) => `{"image":"${image}.jpg","caption":"x"}\n`).join(""));
  expect(await notesOf(root)).toEqual([]);
  put(root, "tags.json", JSON.stringify({ ...tags, y: ["sky"], z: ["sky"] }));
  expect(await notesOf(root)).toEqual([
    'tags.json: expected names of images in images, got "y" and 1 other. Correct them: they are passed over.',
  ]);
});

test("val images that lack a kind, and a val that lacks it altogether, are noted", async () => {
  const root = await described();
  put(root, "images/val/d.jpg", await jpeg());
  const part = "images/val/d.jpg: expected captions for every image of images/val, got none for 1 of 2. Add them.";
  expect(await notesOf(root)).toEqual([part]);
  put(root, "saliency/train/a.png", grey);
  const { notes } = await inspectDataset(platform, root);
  expect(notes.map(({ message }) => message)).toEqual([
    `${root}: expected saliency in val as in train, got none. Add them, unless nothing needs them there.`,
  ]);
});

test.each<[string, (root: string) => unknown, string]>([
  ["a file for a folder", (root) => put(root, "saliency", "x"), "saliency: expected a folder, got a file."],
  ["a file for a split", (root) => put(root, "saliency/train", "x"), "saliency/train: expected a folder, got a file."],
  ["a folder for a list", (root) => mkdirSync(`${root}/tags.json`), "tags.json: expected a file, got a folder."],
  ["a folder for things", (root) => mkdirSync(`${root}/things.json`), "things.json: expected a file, got a folder."],
  [
    "a link to nothing",
    (root) => symlinkSync("nowhere", `${root}/captions.jsonl`),
    "captions.jsonl: expected a file, got a link to nothing. Replace or remove it.",
  ],
])("%s stops reading and is a problem of its own file", async (_, spoil, message) => {
  const root = await plainFolder();
  spoil(root);
  await expect(openDataset(platform, root, "train")).rejects.toThrow(`${root}/${message}`);
  const { problems } = await inspectDataset(platform, root);
  expect(problems).toEqual([
    { file: `${root}/${message.split(":")[0]}`, message: expect.stringContaining(`${root}/${message}`) },
  ]);
});

test.each([
  ["a text file of no image", "images/train/README.txt", "x"],
  ["tags of val alone", "tags.json", '{"val": {"c": ["sky"]}}'],
  ["tags without splits, of val alone", "tags.json", '{"c": ["sky"]}'],
  ["captions of val alone", "captions.jsonl", '{"image":"val/c.jpg","caption":"x"}'],
])("beside %s, training images are unlabelled", async (_, file, text) => {
  const root = await plainFolder();
  rmSync(`${root}/masks/train`, { recursive: true });
  put(root, file, text);
  expect(await splitsOf(platform, root)).toEqual(["val", "unlabelled"]);
  expect((await openDataset(platform, root, "unlabelled")).ids).toEqual(["a", "b"]);
});

test.each([
  ['{"image":"train/z.jpg","caption":"x"}', 'captions.jsonl: expected names of images in images/train, got "z".'],
  ['{"image":"val/c.jpg","caption":"x"}', "captions.jsonl: expected labels of the images in images/train, got none."],
])("training on images that the captions %s leave out names that file", async (text, message) => {
  const root = await described();
  put(root, "captions.jsonl", text);
  const refusal = openDataset(platform, root, "train").catch((error: Error) =>
    error.message.replaceAll(`${root}/`, ""),
  );
  expect(await refusal).toContain(message);
});

test("a folder that is nearly named after its split is named where the split's labels are missed", async () => {
  const root = await plainFolder();
  renameSync(`${root}/masks/train`, `${root}/masks/trainset`);
  await expect(openDataset(platform, root, "train")).rejects.toThrow(/masks\/trainset: .* Did you mean train\?/);
});

test("images of a broken train are not counted as unlabelled", async () => {
  const root = await plainFolder({ unlabelled: ["u"] });
  put(root, "tags.json", "{");
  put(root, "masks/train/z.png", skyAndRoad());
  put(root, "images/train/d.jpg", await jpeg());
  expect((await openDataset(platform, root, "unlabelled")).ids).toEqual(["u"]);
});

test("masks of a split whose photographs lie with those of train are noted", async () => {
  const root = await plainFolder();
  for (const name of ["train/a", "train/b", "val/c"]) {
    renameSync(`${root}/images/${name}.jpg`, `${root}/images/${name.slice(-1)}.jpg`);
  }
  for (const split of ["train", "val"]) rmSync(`${root}/images/${split}`, { recursive: true });
  expect(await notesOf(root)).toContain(
    "masks/val: expected its photographs in images/val, got no such folder. It is not read: move its photographs there.",
  );
});
