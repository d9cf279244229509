import { expect, test } from "vitest";
import { pattern } from "../../test/support/pictures.ts";
import { Random } from "../array/random.ts";
import type { Image } from "../image/image.ts";
import { augmentImage, type ImageAugmentation, publishedImageAugmentation } from "./augment-image.ts";

const published: ImageAugmentation = { ...publishedImageAugmentation, cropHeight: 24, cropWidth: 32 };
/** The whole picture, as it is. */
const plain: ImageAugmentation = {
  ...{ cropHeight: 30, cropWidth: 40, cropAreaMin: 1, cropAreaMax: 1, cropRatioMin: 4 / 3, cropRatioMax: 4 / 3 },
  ...{ flipProbability: 0, randAugmentOperations: 0, randAugmentMagnitude: 9, randAugmentDeviation: 0.5 },
  ...{ randAugmentProbability: 0.5, erasingProbability: 0 },
};
const image: Image = { width: 40, height: 30, data: pattern(40, 30, 3) };

test("the same image, settings and random numbers give the same bytes, others other bytes", () => {
  expect(augmentImage(image, published, new Random(1, 2))).toEqual(augmentImage(image, published, new Random(1, 2)));
  expect(augmentImage(image, published, new Random(1, 2))).not.toEqual(
    augmentImage(image, published, new Random(1, 3)),
  );
});

test.each([
  [40, 30],
  [7, 300],
  [500, 20],
  [1, 1],
])("a picture of %ix%i fills the size exactly and stays as it is", (width, height) => {
  const data = pattern(width, height, 3);
  for (let i = 0; i < 30; i++) {
    const result = augmentImage({ width, height, data }, published, new Random(i));
    expect([result.width, result.height, result.data.length]).toEqual([32, 24, 32 * 24 * 3]);
  }
  expect(data).toEqual(pattern(width, height, 3));
});

test("with everything off, the picture comes through, in bytes of its own", () => {
  const result = augmentImage(image, plain, new Random(1));
  expect([result, result.data === image.data]).toEqual([image, false]);
});

test("flipping always mirrors every row", () => {
  const { data } = augmentImage(image, { ...plain, flipProbability: 1 }, new Random(1));
  expect([...data.slice(0, 3)]).toEqual([...image.data.slice(39 * 3, 40 * 3)]);
});

test("erasing does not change what else is drawn", () => {
  const [without, erased] = [0, 1].map((erasingProbability) =>
    augmentImage(image, { ...published, erasingProbability }, new Random(5)),
  );
  const changed = without.data.filter((value, i) => value !== erased.data[i]).length / without.data.length;
  expect([changed > 0, changed < 0.4]).toEqual([true, true]);
});
