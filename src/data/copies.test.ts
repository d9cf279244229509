import sharp, { type Sharp } from "sharp";
import { expect, test } from "vitest";
import { renderedAt } from "../../test/support/drawn.ts";
import { put, temporaryFolder } from "../../test/support/pictures.ts";
import type { Image } from "../image/image.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { CopyFinder } from "./copies.ts";

async function through(image: Image, change: (picture: Sharp) => Sharp): Promise<Image> {
  const { width, height, data } = image;
  const bytes = await change(sharp(data, { raw: { width, height, channels: 3 } })).toBuffer();
  return platform.decodeImage(put(temporaryFolder(), "a", bytes));
}

async function found(first: Image, second: Image): Promise<[number, number]> {
  const finder = new CopyFinder();
  finder.addTrained("train/a.jpg", first);
  finder.compare("val", "val/b.jpg", second);
  return [finder.copies().length, finder.nearCopies().length];
}

test("the same pixels are a copy, whatever the file", async () => {
  const image = await renderedAt(0);
  expect(await found(image, await through(image, (picture) => picture.png()))).toEqual([1, 0]);
  const finder = new CopyFinder();
  finder.addTrained("train/a.jpg", image);
  for (const name of ["b", "c"]) finder.compare("val", `val/${name}.jpg`, image);
  expect(finder.copies()).toEqual([
    {
      file: "val/b.jpg",
      message:
        "val/b.jpg: expected pictures in val that train has not, got a copy of train/a.jpg, and 1 more like it. Scores on what was learned from say nothing: keep each picture in one split.",
    },
  ]);
});

test.each<[string, (picture: Sharp) => Sharp]>([
  ["saved anew", (picture) => picture.jpeg({ quality: 60 })],
  ["made smaller", (picture) => picture.resize(100, 100).jpeg()],
  ["made larger", (picture) => picture.resize(300, 300).png()],
])("a picture that was %s is nearly the same", async (_, change) => {
  for (const index of [0, 1, 2, 3]) {
    const image = await renderedAt(index);
    expect(await found(image, await through(image, change))).toEqual([0, 1]);
  }
});

test("other pictures of one world are not the same", async () => {
  const images = await Promise.all(Array.from({ length: 40 }, (_, index) => renderedAt(index)));
  const finder = new CopyFinder();
  for (const image of images.slice(0, 20)) finder.addTrained("train", image);
  for (const image of images.slice(20)) finder.compare("val", "val", image);
  expect([finder.copies(), finder.nearCopies()]).toEqual([[], []]);
});

test("flat pictures are not compared", async () => {
  const flat = { width: 32, height: 32, data: new Uint8Array(32 * 32 * 3).fill(9) };
  expect(await found(flat, flat)).toEqual([0, 0]);
});
