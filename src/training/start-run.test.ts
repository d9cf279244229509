import { expect, test } from "vitest";
import type { PanopticModel, SemanticModel } from "../methods/model.ts";
import { windowOf } from "./start-run.ts";

const model = { kind: "semantic", stride: 16 } as SemanticModel;
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
  expect(windowOf(model, crop, sizes, shortSide)).toEqual(expected);
});

test("sides may be a multiple and a remainder, and a model may have the only ones", () => {
  const odd: SemanticModel = { ...model, remainder: 1 };
  expect(windowOf(odd, { cropHeight: 641, cropWidth: 640 }, [], 0)).toEqual([641, 641]);
  expect(windowOf({ ...odd, window: [65, 129] }, crop, images(100, 80), 0)).toEqual([65, 129]);
  const panoptic = { kind: "panoptic", size: [33, 49] } as unknown as PanopticModel;
  expect(windowOf(panoptic, crop, images(100, 80), 0)).toEqual([33, 49]);
});
