import { expect, test } from "vitest";
import { plainFolder } from "../../test/support/folders.ts";
import { greyPng, jpeg, put, temporaryFolder } from "../../test/support/pictures.ts";
import { openDataset } from "../datasets/index.ts";
import { inspectDataset } from "../datasets/inspect.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { lookThrough } from "./look-through.ts";

/** What training sees of a folder before it begins. */
async function seenIn(root: string, labels: { of: number; seed: number } | null = null) {
  const [dataset, validation] = [await openDataset(platform, root, "train"), await openDataset(platform, root, "val")];
  return lookThrough({ platform, dataset, validation, labels, onBadImage: "fail", onProgress() {} });
}

function mask(...values: number[]): Buffer {
  return greyPng(
    16,
    12,
    Array.from({ length: 192 }, (_, at) => values[at % values.length]),
  );
}

test("sizes and shares of classes are those of train", async () => {
  const { sizes, frequencies, skipped } = await seenIn(await plainFolder());
  expect([sizes, skipped]).toEqual([Array.from({ length: 2 }, () => ({ width: 16, height: 12 })), []]);
  expect(frequencies.map((share) => Math.round(100 * share))).toEqual([50, 50]);
});

test("a class without pixels is told in the words of inspect, by the file that names it", async () => {
  const root = await plainFolder();
  put(root, "classes.json", '{"ignoreIndex": 255, "classes": ["sky", "road", "sea"]}');
  put(root, "masks/val/c.png", mask(0, 2));
  const { notes } = await seenIn(root);
  const inspected = (await inspectDataset(platform, root)).notes.map(({ message }) => message);
  const expected = `${root}/classes.json: expected pixels of "sea" in the masks of train, got none, but 96 in val. `;
  expect(notes).toContainEqual(expect.stringContaining(expected));
  expect(inspected).toEqual(expect.arrayContaining(notes.filter((note) => note.includes("expected pixels"))));
});

test("a class of another program's list is told by that list", async () => {
  const root = temporaryFolder();
  for (const split of ["train", "val"]) {
    put(root, `images/${split}/${split}.jpg`, await jpeg());
    put(root, `masks/${split}/${split}.png`, mask(0, 1));
  }
  put(root, "labels.txt", "sky\nroad\nsea\n");
  const line = `${root}/labels.txt: expected pixels of "sea" in the masks of train and val, got none. Check what its pixels hold, or remove the class.`;
  expect((await seenIn(root)).notes).toContain(line);
  expect((await inspectDataset(platform, root)).notes.map(({ message }) => message)).toContain(line);
});

test("a single class is refused, but noted where few labels are used", async () => {
  const root = await plainFolder();
  for (const name of ["a", "b"]) put(root, `masks/train/${name}.png`, mask(0, 255));
  const line = `${root}/classes.json: expected pixels of two classes or more in the masks of train, got "sky" alone`;
  await expect(seenIn(root)).rejects.toThrow(line);
  expect((await seenIn(root, { of: 9, seed: 0 })).notes).toContainEqual(expect.stringContaining(line));
});

test("masks without a labelled pixel are refused by the folder's name", async () => {
  const root = await plainFolder();
  for (const name of ["a", "b"]) put(root, `masks/train/${name}.png`, mask(255));
  await expect(seenIn(root)).rejects.toThrow(`${root}: expected labelled pixels in the masks, got none.`);
});
