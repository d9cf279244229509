import { expect, test } from "vitest";
import { sizeOf } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { resNet, resNetClassifier, vit, vitClassifier } from "./index.ts";

const image = input("image", [2, 3, 64, 96]);

function parameters(model: Model): number {
  return model.trained.reduce((total, { tensor }) => total + sizeOf(tensor.shape), 0);
}

test("ResNet-50 with 1000 classes has 25,557,032 parameters (torchvision)", () => {
  const model = new Model({ training: true });
  expect(resNetClassifier(model.scope, image, { classes: 1000 }).shape).toEqual([2, 1000]);
  expect(parameters(model)).toBe(25_557_032);
});

test("ViT-S/16 at 224 pixels with 1000 classes has 22,050,664 parameters (timm)", () => {
  const model = new Model({ training: true });
  const x = input("x", [1, 3, 224, 224]);
  expect(vitClassifier(model.scope, x, { classes: 1000 }).shape).toEqual([1, 1000]);
  expect(parameters(model)).toBe(22_050_664);
});

test.each([
  [32, ["2,64,32,48", "2,256,16,24", "2,512,8,12", "2,1024,4,6", "2,2048,2,3"]],
  [16, ["2,64,32,48", "2,256,16,24", "2,512,8,12", "2,1024,4,6", "2,2048,4,6"]],
  [8, ["2,64,32,48", "2,256,16,24", "2,512,8,12", "2,1024,8,12", "2,2048,8,12"]],
] as const)("a residual network of output stride %d keeps the stages' sizes", (outputStride, shapes) => {
  expect(resNet(new Model().scope, image, { outputStride }).map(({ map }) => String(map.shape))).toEqual(shapes);
});

test("a vision transformer gives the class token and one token per patch", () => {
  expect(vit(new Model().scope, image, { depth: 1 }).shape).toEqual([2, 1 + 4 * 6, 384]);
});

test("a vision transformer refuses images that patches do not cover", () => {
  const build = () => vit(new Model().scope, input("odd", [1, 3, 65, 64]));
  expect(build).toThrow("image sides must be multiples of 16, got 65 × 64");
  expect(build).toThrow(InputError);
});
