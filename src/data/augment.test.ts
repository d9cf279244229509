import { expect, test } from "vitest";
import { pattern } from "../../test/support/pictures.ts";
import { Random } from "../array/random.ts";
import type { Image, LabelMap } from "../image/image.ts";
import { type AugmentRecipe, augment } from "./augment.ts";
import { distortColors } from "./photometric.ts";
import type { Sample } from "./sample.ts";

const plain: AugmentRecipe = {
  ...{ cropHeight: 20, cropWidth: 24, scaleMin: 1, scaleMax: 1, cropMaxShare: 1, flipProbability: 0, photometric: 0 },
};
const everything: AugmentRecipe = {
  ...{ ...plain, scaleMin: 0.5, scaleMax: 2, cropMaxShare: 0.75, flipProbability: 0.5, photometric: 1 },
};

/** Red is the column, green the row, and so is the label: what belongs together can be seen. */
function coordinates(width: number, height: number): Sample {
  const data = new Uint8Array(width * height * 3);
  const labels = new Uint8Array(width * height);
  for (let i = 0; i < labels.length; i++) {
    data.set([i % width, Math.floor(i / width), 0], 3 * i);
    labels[i] = i % width;
  }
  return {
    id: "x",
    source: "x.jpg",
    image: { width, height, data },
    labels: { mask: { width, height, data: labels } },
  };
}

test("the same sample, recipe and random numbers give the same bytes", () => {
  const sample = coordinates(50, 40);
  expect(augment(sample, everything, new Random(1, 2))).toEqual(augment(sample, everything, new Random(1, 2)));
});

test("other random numbers give other bytes", () => {
  const sample = coordinates(50, 40);
  expect(augment(sample, everything, new Random(1, 2))).not.toEqual(augment(sample, everything, new Random(1, 3)));
});

test("the sample itself is not changed", () => {
  const sample = coordinates(50, 40);
  const before = structuredClone(sample);
  for (let i = 0; i < 10; i++) augment(sample, everything, new Random(i));
  expect(sample).toEqual(before);
});

test.each([
  [50, 40],
  [10, 8],
  [100, 5],
  [24, 20],
  [1, 1],
])("a sample of %ix%i fills the crop exactly", (w, h) => {
  for (let i = 0; i < 10; i++) {
    const { image, labels } = augment(coordinates(w, h), everything, new Random(i));
    expect([image.width, image.height, image.data.length]).toEqual([24, 20, 24 * 20 * 3]);
    expect([labels.width, labels.height, labels.data.length]).toEqual([24, 20, 24 * 20]);
  }
});

test("image and labels stay together through scale, crop and flip", () => {
  const recipe = { ...plain, scaleMin: 0.5, scaleMax: 2, flipProbability: 0.5 };
  for (let i = 0; i < 20; i++) {
    const { image, labels } = augment(coordinates(50, 40), recipe, new Random(i));
    const apart = [...labels.data].map((label, at) => Math.abs(label - image.data[3 * at]));
    expect(Math.max(...apart)).toBeLessThanOrEqual(1); // nearest against bilinear
  }
});

test("without any change a crop is an exact piece", () => {
  const { image, labels } = augment(coordinates(50, 40), plain, new Random(5));
  const [left, top] = image.data;
  expect([image.data[3 * (24 * 20 - 1)], image.data[3 * (24 * 20 - 1) + 1]]).toEqual([left + 23, top + 19]);
  expect(labels.data[0]).toBe(left);
});

test("flipping always mirrors every row", () => {
  const { image } = augment(coordinates(24, 20), { ...plain, flipProbability: 1 }, new Random(1));
  expect([image.data[0], image.data[3 * 23]]).toEqual([23, 0]);
});

test("what a small image leaves empty is the mean colour, unlabelled, at the right and bottom", () => {
  const { image, labels } = augment(coordinates(10, 8), plain, new Random(1));
  expect([[...image.data.slice(-3)], labels.data.at(-1), labels.data[9], labels.data[10]]).toEqual([
    [124, 116, 104],
    255,
    9,
    255,
  ]);
});

test("a sample without labels gets unlabelled pixels", () => {
  const sample = { ...coordinates(50, 40), labels: {} };
  expect(augment(sample, everything, new Random(1)).labels.data.every((label) => label === 255)).toBe(true);
});

test("crops that one class fills are mostly drawn again", () => {
  const [width, height] = [200, 40];
  const data = new Uint8Array(width * height); // class 0, but for a strip of class 1
  for (let i = 0; i < data.length; i++) if (i % width >= 188) data[i] = 1;
  const mask: LabelMap = { width, height, data };
  const sample = { ...coordinates(width, height), labels: { mask } };
  const alone = (cropMaxShare: number) => {
    let count = 0;
    for (let i = 0; i < 200; i++) {
      const seen = augment(sample, { ...plain, cropMaxShare }, new Random(i)).labels.data;
      if (seen.every((label) => label === 0)) count++;
    }
    return count / 200;
  };
  expect([alone(1) > 0.8, alone(0.99) < 0.55]).toEqual([true, true]);
});

test("photometric distortion of strength 0 changes nothing", () => {
  const image: Image = { width: 8, height: 8, data: pattern(8, 8, 3) };
  distortColors(image, 0, new Random(1));
  expect(image.data).toEqual(pattern(8, 8, 3));
});

test("over many draws, brightness stays in its range on a dark grey", () => {
  const means: number[] = [];
  for (let i = 0; i < 300; i++) {
    const image: Image = { width: 1, height: 1, data: Uint8Array.of(60, 60, 60) };
    distortColors(image, 1, new Random(i));
    means.push(image.data[0]);
    expect(image.data[0] === image.data[1] && image.data[1] === image.data[2]).toBe(true); // grey has no hue
  }
  // (60 ± 32) times 0.5 … 1.5
  expect([Math.min(...means) >= 14, Math.max(...means) <= 138, Math.max(...means) - Math.min(...means) > 60]).toEqual([
    ...[true, true, true],
  ]);
});

test("hue is turned without changing value or saturation", () => {
  for (let i = 0; i < 300; i++) {
    const image: Image = { width: 1, height: 1, data: Uint8Array.of(200, 100, 50) };
    distortColors(image, 0.2, new Random("hue", i));
    const [high, low] = [Math.max(...image.data), Math.min(...image.data)];
    // strength 0.2: brightness ±6.4, contrast and saturation ±10 %, hue ±7.2°: red stays highest, blue lowest
    expect([image.data[0], image.data[2]]).toEqual([high, low]);
    expect(Math.abs(high - 200) < 30 && Math.abs(low - 50) < 30).toBe(true);
  }
});
