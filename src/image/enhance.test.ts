import { expect, test } from "vitest";
import { pattern } from "../../test/support/pictures.ts";
import { enhanceBrightness, enhanceColor, enhanceContrast, enhanceSharpness } from "./enhance.ts";
import type { Image } from "./image.ts";

const all = { enhanceColor, enhanceContrast, enhanceBrightness, enhanceSharpness };

test.each([
  [0, [124, 124, 124]], // 0.299 · 200 + 0.587 · 100 + 0.114 · 50 = 124.2
  [0.5, [162, 112, 87]],
  [1.9, [255, 78, 0]], // 268.4, 78.4, −16.6
])("colour by %d moves each channel from grey", (factor, pixel) => {
  const image: Image = { width: 1, height: 1, data: Uint8Array.of(200, 100, 50) };
  expect([...enhanceColor(image, factor).data]).toEqual(pixel);
});

test("contrast moves each value from the mean of the greys, rounded", () => {
  const image: Image = { width: 2, height: 1, data: Uint8Array.of(100, 100, 100, 201, 201, 201) };
  const values = (factor: number) => [...enhanceContrast(image, factor).data].filter((_, i) => i % 3 === 0);
  expect([values(0), values(0.5), values(1.5)]).toEqual([
    [151, 151], // 150.5
    [125, 176],
    [74, 226], // 151 − 76.5 = 74.5
  ]);
});

test("brightness multiplies", () => {
  const image: Image = { width: 1, height: 1, data: Uint8Array.of(201, 100, 3) };
  expect([[...enhanceBrightness(image, 0.5).data], [...enhanceBrightness(image, 1.9).data]]).toEqual([
    [100, 50, 1],
    [255, 190, 5],
  ]);
});

test.each([
  [0, 50], // 5 · 130 / 13
  [1, 130],
  [1.5, 170],
  [2, 210],
])("sharpness by %d makes %i of a lone 130, and leaves the margin", (factor, value) => {
  const data = new Uint8Array(3 * 3 * 3);
  data.set([130, 130, 130], 4 * 3);
  const expected = Uint8Array.from(data);
  expected.set([value, value, value], 4 * 3);
  expect(enhanceSharpness({ width: 3, height: 3, data }, factor).data).toEqual(expected);
});

test.each(Object.entries(all))("%s by 1 changes nothing, nor does it change what it is given", (_, enhance) => {
  const image: Image = { width: 5, height: 4, data: pattern(5, 4, 3) };
  enhance(image, 0.1);
  expect(enhance(image, 1).data).toEqual(pattern(5, 4, 3));
});

test.each([
  [1, 1],
  [2, 5],
  [5, 2],
])("sharpness leaves %ix%i, which has a margin only", (width, height) => {
  const image: Image = { width, height, data: pattern(width, height, 3) };
  expect(enhanceSharpness(image, 0).data).toEqual(image.data);
});
