import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sizeOf } from "../array/shape.ts";
import { InputError, UsageError } from "../errors.ts";
import { Model, type Scope } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { caffeNormalization, imagenetNormalization } from "../nn/image-input.ts";
import {
  encode,
  encoders,
  findEncoder,
  mobileNetV2Classifier,
  resNet,
  resNet18Units,
  resNet50Units,
  resNet101Units,
  resNetClassifier,
  vit,
  vitClassifier,
} from "./index.ts";
import { declaredBy } from "./published.ts";
import { vitSizes } from "./vit-encoders.ts";

const image = input("image", [2, 3, 64, 96]);
const square = input("square", [1, 3, 224, 224]);
const classes = 1000;

/** Weights that are trained: running averages are not counted. */
function parameters(build: (scope: Scope) => unknown): number {
  const model = new Model({ training: true });
  build(model.scope);
  return model.trained.reduce((total, { tensor }) => total + sizeOf(tensor.shape), 0);
}

describe("with a head for 1000 classes", () => {
  test.each<[name: string, library: string, count: number, build: (scope: Scope) => unknown]>([
    ["MobileNetV2", "torchvision", 3_504_872, (scope) => mobileNetV2Classifier(scope, image, { classes })],
    [
      "ResNet-18",
      "torchvision",
      11_689_512,
      (scope) => resNetClassifier(scope, image, { classes, units: resNet18Units, unit: "basic" }),
    ],
    [
      "ResNet-34",
      "torchvision",
      21_797_672,
      (scope) => resNetClassifier(scope, image, { classes, units: resNet50Units, unit: "basic" }),
    ],
    ["ResNet-50", "torchvision", 25_557_032, (scope) => resNetClassifier(scope, image, { classes })],
    [
      "ResNet-101",
      "torchvision",
      44_549_160,
      (scope) => resNetClassifier(scope, image, { classes, units: resNet101Units }),
    ],
    ["ResNet-50c", "timm", 25_576_264, (scope) => resNetClassifier(scope, image, { classes, stem: "deep" })],
    [
      "ViT-Ti/16 and DeiT-Ti",
      "timm",
      5_717_416,
      (scope) => vitClassifier(scope, square, { classes, ...vitSizes.tiny }),
    ],
    ["ViT-S/16 and DeiT-S", "timm", 22_050_664, (scope) => vitClassifier(scope, square, { classes })],
    ["ViT-B/16 and DeiT-B", "timm", 86_567_656, (scope) => vitClassifier(scope, square, { classes, ...vitSizes.base })],
  ])("%s (%s) has %d parameters", (_, __, count, build) => {
    expect(parameters(build)).toBe(count);
  });
});

// Heads, the last convolution of MobileNetV2 and mask tokens taken off the libraries' counts.
test.each([
  ["mobilenet-v2", 3_504_872 - (1280 * 1000 + 1000) - (320 * 1280 + 2 * 1280)],
  ["mobilenet-v2-tf", 2_223_872 - (320 * 1280 + 2 * 1280)],
  ["resnet18", 11_689_512 - (512 * 1000 + 1000)],
  ["resnet34", 21_797_672 - (512 * 1000 + 1000)],
  ["resnet50", 25_557_032 - (2048 * 1000 + 1000)],
  ["resnet101", 44_549_160 - (2048 * 1000 + 1000)],
  ["vit-tiny-16", 5_717_416 - (192 * 1000 + 1000)],
  ["deit-small-16", 22_050_664 - (384 * 1000 + 1000)],
  ["vit-base-16", 86_567_656 - (768 * 1000 + 1000)],
  ["dinov2-small-14", 22_056_576 - 384],
  ["dinov2-base-14", 86_580_480 - 768],
  ["dinov2-small-14-registers", 22_056_576 - 384 + 4 * 384],
  ["dinov2-base-14-registers", 86_580_480 - 768 + 4 * 768],
  // Of timm's counts the head, and instead of its one norm those of all stages.
  ["swin-tiny", 28_288_354 - (768 * 1000 + 1000) + 2 * (96 + 192 + 384)],
  ["swin-small", 49_606_258 - (768 * 1000 + 1000) + 2 * (96 + 192 + 384)],
  ["swin-base", 87_768_224 - (1024 * 1000 + 1000) + 2 * (128 + 256 + 512)],
  ["swin-large", 196_532_476 - (1536 * 1000 + 1000) + 2 * (192 + 384 + 768)],
])("the encoder %s has %d parameters", (name, count) => {
  const { multiple } = encoders[name];
  const x = input("x", [2, 3, 5 * multiple, 5 * multiple]);
  expect(parameters((scope) => encode(encoders[name], scope, x, {}))).toBe(count);
});

/** Maps as `stride: channels`, each held to the size that its stride says. */
function mapsOf(name: string, outputStride?: 32 | 16 | 8): string[] {
  const { multiple } = encoders[name];
  const x = input("x", [2, 3, 2 * multiple, 3 * multiple]);
  return encode(encoders[name], new Model().scope, x, { outputStride }).map(({ stride, map }) => {
    expect([map.shape[0], map.shape[2], map.shape[3]]).toEqual([2, (2 * multiple) / stride, (3 * multiple) / stride]);
    return `${stride}: ${map.shape[1]}`;
  });
}

describe("maps keep the last stages' kernels apart and their own stride:", () => {
  test.each([
    ["mobilenet-v2", ["2: 16", "4: 24", "8: 32", "16: 96", "32: 320"]],
    ["mobilenet-v2-tf", ["2: 16", "4: 24", "8: 32", "16: 96", "32: 320"]],
    ["resnet18", ["2: 64", "4: 64", "8: 128", "16: 256", "32: 512"]],
    ["resnet34", ["2: 64", "4: 64", "8: 128", "16: 256", "32: 512"]],
    ["resnet50", ["2: 64", "4: 256", "8: 512", "16: 1024", "32: 2048"]],
    ["resnet101", ["2: 64", "4: 256", "8: 512", "16: 1024", "32: 2048"]],
    ["resnet50-v1c", ["2: 64", "4: 256", "8: 512", "16: 1024", "32: 2048"]],
    ["resnet101-v1c", ["2: 64", "4: 256", "8: 512", "16: 1024", "32: 2048"]],
    ["resnet50-v2", ["2: 64", "4: 256", "8: 512", "16: 1024", "32: 2048"]],
  ])("%s", (name, usual) => {
    const deepest = usual[4].split(": ")[1];
    expect(mapsOf(name)).toEqual(usual);
    expect(mapsOf(name, 32)).toEqual(usual);
    expect(mapsOf(name, 16)).toEqual([...usual.slice(0, 3), `16: ${deepest}`]);
    expect(mapsOf(name, 8)).toEqual([...usual.slice(0, 2), `8: ${deepest}`]);
  });

  test("resnet50-v2-c4", () => {
    const usual = ["2: 64", "4: 256", "8: 512", "16: 1024"];
    expect(mapsOf("resnet50-v2-c4")).toEqual(usual);
    expect(mapsOf("resnet50-v2-c4", 16)).toEqual(usual);
    expect(mapsOf("resnet50-v2-c4", 8)).toEqual(["2: 64", "4: 256", "8: 1024"]);
  });

  test.each([
    ["swin-tiny", ["4: 96", "8: 192", "16: 384", "32: 768"]],
    ["swin-large-384", ["4: 192", "8: 384", "16: 768", "32: 1536"]],
    ["hrnet-w18", ["4: 18", "8: 36", "16: 72", "32: 144"]],
    ["hrnet-w48", ["4: 48", "8: 96", "16: 192", "32: 384"]],
  ])("%s", (name, maps) => {
    expect(mapsOf(name)).toEqual(maps);
  });

  test("of all stages where they are asked for", () => {
    const x = input("x", [1, 3, 64, 64]);
    const maps = encode(encoders["resnet101-v1c"], new Model().scope, x, { outputStride: 8, everyStage: true });
    expect(maps.map(({ stride, map }) => [stride, map.shape[1]])).toEqual([
      [2, 64],
      [4, 256],
      [8, 512],
      [8, 1024],
      [8, 2048],
    ]);
  });

  test.each([
    ["vit-tiny-16", "16: 192"],
    ["vit-small-16", "16: 384"],
    ["vit-base-16", "16: 768"],
    ["deit-tiny-16", "16: 192"],
    ["deit-small-16", "16: 384"],
    ["deit-base-16", "16: 768"],
    ["dinov2-small-14", "14: 384"],
    ["dinov2-base-14", "14: 768"],
    ["dinov2-small-14-registers", "14: 384"],
    ["dinov2-base-14-registers", "14: 768"],
  ])("%s", (name, map) => {
    expect(mapsOf(name)).toEqual([map]);
  });
});

test("an encoder keeps its weights' shapes whatever the picture's", () => {
  for (const [name, encoder] of Object.entries(encoders)) {
    const model = new Model();
    const { multiple } = encoder;
    encode(encoder, model.scope, input("x", [1, 3, multiple, 4 * multiple]), {});
    const shapes = [...model.parameters.values()].map(({ name, tensor }) => [name, tensor.shape]);
    expect(shapes, name).toEqual([...declaredBy(encoder, "batch")]);
  }
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

test("an encoder refuses pictures of other sides, output strides where it has one of its own, and a depth that it does not have", () => {
  const build = (name: string, side: number, outputStride?: 8, dropPath?: number) =>
    encode(encoders[name], new Model().scope, input("x", [1, 3, side, side]), { outputStride, dropPath });
  expect(() => build("mobilenet-v2", 64, undefined, 0.1)).toThrow("expected no drop path, since this encoder");
  expect(() => build("mobilenet-v2", 64, undefined, 0)).not.toThrow();
  expect(() => build("dinov2-small-14", 64)).toThrow("image sides must be multiples of 14, got 64 × 64");
  expect(() => build("dinov2-small-14", 70, 8)).toThrow("expected no output stride");
  expect(() => build("vit-tiny-16", 64, 8)).toThrow(InputError);
});

test("an encoder that is not there is told the nearest", () => {
  expect(() => findEncoder("dinov2-small")).toThrow("Did you mean dinov2-small-14?");
  expect(() => findEncoder("constructor")).toThrow(UsageError);
});

test("docs/encoders.md says what the encoders are", () => {
  const rows = Object.entries(encoders).map(([name, encoder]) => {
    const { multiple, normalization, published } = encoder;
    const x = input("x", [2, 3, 2 * multiple, 2 * multiple]);
    const maps = encode(encoder, new Model().scope, x, {});
    const count = parameters((scope) => encode(encoder, scope, x, {})).toLocaleString("en");
    const strides = maps.map(({ stride }) => stride).join(", ");
    const channels = maps.map(({ map }) => map.shape[1]).join(", ");
    const named = new Map([
      [imagenetNormalization, "ImageNet"],
      [caffeNormalization, "Caffe"],
    ]);
    const values = named.get(normalization) ?? "symmetric";
    const libraries = published.map(({ library }) => library).join(", ");
    return `| \`${name}\` | ${count} | ${strides} | ${channels} | ${values} | ${libraries} |`;
  });
  const page = readFileSync(new URL("../../docs/encoders.md", import.meta.url), "utf8");
  const table = page.split("\n").filter((line) => /^\| `[^`]+` \| [\d,]+ \|/.test(line));
  expect(table).toEqual(rows);
});
