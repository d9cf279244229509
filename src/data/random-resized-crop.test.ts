import { expect, test } from "vitest";
import { pattern } from "../../test/support/pictures.ts";
import { Random } from "../array/random.ts";
import type { Image } from "../image/image.ts";
import { drawRectangle, randomResizedCrop } from "./random-resized-crop.ts";

const published = { cropAreaMin: 0.08, cropAreaMax: 1, cropRatioMin: 3 / 4, cropRatioMax: 4 / 3 };

const draw = (width: number, height: number, count: number, settings = published) =>
  Array.from({ length: count }, (_, i) => drawRectangle(width, height, settings, new Random("crop", i)));

test.each([
  [500, 375],
  [64, 640],
  [640, 64],
  [1, 1],
  [3, 2],
])("in %ix%i pixels every rectangle lies inside", (width, height) => {
  for (const part of draw(width, height, 300)) {
    expect(part.left >= 0 && part.top >= 0 && part.width >= 1 && part.height >= 1).toBe(true);
    expect(part.left + part.width <= width && part.top + part.height <= height).toBe(true);
  }
});

test("areas and ratios cover their ranges, and a crop lies anywhere", () => {
  const parts = draw(1000, 1000, 2000);
  const areas = parts.map(({ width, height }) => (width * height) / 1e6);
  const ratios = parts.map(({ width, height }) => width / height);
  expect([Math.min(...areas) > 0.079, Math.min(...areas) < 0.1, Math.max(...areas) > 0.9]).toEqual([true, true, true]);
  expect([Math.min(...ratios) < 0.76, Math.max(...ratios) > 1.31, Math.min(...ratios) > 0.74]).toEqual([
    ...[true, true, true],
  ]);
  // Log-uniform: as many wide as high.
  expect(Math.abs(ratios.filter((ratio) => ratio > 1).length / 2000 - 0.5)).toBeLessThan(0.05);
  const free = parts.filter(({ width }) => width < 500).map(({ left, width }) => left / (1000 - width));
  expect([Math.min(...free) < 0.02, Math.max(...free) > 0.98]).toEqual([true, true]);
});

test.each([
  ["a wide picture", 400, 100, { left: 133, top: 0, width: 133, height: 100 }], // 100 · 4/3
  ["a high picture", 100, 400, { left: 0, top: 133, width: 100, height: 133 }], // 100 / (3/4)
])("where no shape fits, the middle of %s is taken", (_, width, height, expected) => {
  expect(draw(width, height, 5, { ...published, cropAreaMin: 1 })).toEqual(new Array(5).fill(expected));
});

test("a picture within the limits is taken whole where no shape fits", () => {
  const settings = { cropAreaMin: 1, cropAreaMax: 1, cropRatioMin: 0.5, cropRatioMax: 2 };
  const parts = draw(100, 120, 20, settings);
  const whole = parts.filter(({ width, height }) => width === 100 && height === 120);
  expect(whole.length).toBeGreaterThan(15); // now and then a shape fits by rounding
});

test("the part becomes the asked size", () => {
  const image: Image = { width: 30, height: 20, data: pattern(30, 20, 3) };
  const { width, height, data } = randomResizedCrop(
    image,
    { ...published, cropHeight: 8, cropWidth: 12 },
    new Random(1),
  );
  expect([width, height, data.length]).toEqual([12, 8, 288]);
});

test("the whole picture at its own size is a copy", () => {
  const image: Image = { width: 30, height: 20, data: pattern(30, 20, 3) };
  const whole = { cropAreaMin: 1, cropAreaMax: 1, cropRatioMin: 1.5, cropRatioMax: 1.5, cropHeight: 20, cropWidth: 30 };
  expect(randomResizedCrop(image, whole, new Random(1))).toEqual(image);
});
