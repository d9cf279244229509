import { expect, test } from "vitest";
import { windowOf } from "./start-run.ts";

const method = { stride: 16 };
const crop = { cropHeight: 176, cropWidth: 240 };
const images = (width: number, height: number) => [{ width, height }];

test.each([
  ["images as large as the crop", images(240, 176), 0, [176, 240]],
  ["images a few rows higher are seen whole", images(240, 180), 180, [192, 240]],
  ["much larger images are cut", images(960, 720), 720, [176, 240]],
  ["images that are reduced first count by their reduced size", images(960, 720), 180, [192, 240]],
  ["smaller images are padded to the crop", images(100, 80), 80, [176, 240]],
  ["no images known", [], 0, [176, 240]],
])("the window of prediction: %s", (_, sizes, shortSide, expected) => {
  expect(windowOf(method, crop, sizes, shortSide)).toEqual(expected);
});
