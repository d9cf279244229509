/** DeepLabs in the authors' layout whose weights are so simple that what they see can be worked out by hand. */
import { describe, expect, test } from "vitest";
import { filled, residualAspp, type Tensors, vggLargeFov } from "../../../test/support/deeplab-files.ts";
import { ndarray, toNumbers } from "../../array/ndarray.ts";
import { sizeOf } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { readWeights } from "../../weights/read-weights.ts";
import { writeTorch } from "../../weights/torch-write.ts";
import { multiScaleModel } from "../multi-scale.ts";
import { importDeepLab } from "./import.ts";

const fileOf = (tensors: Tensors, where = "deeplab.pth") => ({ kind: "torch", tensors, where }) as const;

/** Probabilities of class 1 for pictures of one colour each. */
async function probabilitiesOf(
  tensors: Tensors,
  colors: readonly (readonly [number, number, number])[],
): Promise<number[]> {
  const imported = importDeepLab([fileOf(tensors)])!;
  const task = { classes: imported.classes!, frequencies: [] };
  const bytes = colors.flatMap((color) => Array.from({ length: 32 * 32 * 3 }, (_, i) => color[i % 3]));
  const image = ndarray("uint8", [colors.length, 32, 32, 3], Uint8Array.from(bytes));
  const model = new Model();
  const y = multiScaleModel(imported.recipe, task).scores(model.scope, input("image", image.shape, "uint8"));
  const got = toNumbers((await evaluate({ y }, { image, ...imported.weights })).y);
  return colors.map((_, i) => {
    const of1 = got.slice((2 * i + 1) * 32 * 32, (2 * i + 2) * 32 * 32);
    expect(Math.max(...of1) - Math.min(...of1)).toBeLessThan(1e-4);
    return of1[0];
  });
}

describe.each([
  [
    "v1 on VGG-16",
    vggLargeFov,
    { encoder: "vgg16-deeplab", encoderStride: 32, decoder: "large-fov", decoderChannels: [1024] },
  ],
  ["v2 on ResNet-101", residualAspp, { encoder: "resnet101-caffe", encoderStride: 8, decoder: "aspp" }],
] as const)("DeepLab %s", (_, layout, settings) => {
  const tensors = layout();

  test("sees blue first, less its mean and at the scale of bytes", async () => {
    const { recipe, outputs, weights } = importDeepLab([fileOf(tensors)])!;
    expect(recipe).toMatchObject({ ...settings, multiScale: true, encoderNorms: "frozen" });
    expect(outputs).toBe(2);
    expect(Object.keys(weights).length).toBe(Object.keys(tensors).filter((name) => !/num_batches/.test(name)).length);
    const expected = (blue: number) => 1 / (1 + Math.exp(50 - Math.max(0, blue - 104.008)));
    const colors = [
      [9, 9, 155],
      [9, 9, 153],
      [255, 255, 100],
      [155, 9, 9],
    ] as const;
    const got = await probabilitiesOf(tensors, colors);
    got.forEach((value, i) => {
      expect(value).toBeCloseTo(expected(colors[i][2]), 3);
    });
  }, 60_000);

  test("with something beside, without its scores, or cut is refused", async () => {
    const more = { ...tensors, "base.layer9.weight": filled(1, 0) };
    expect(() => importDeepLab([fileOf(more)])).toThrow(
      /^deeplab\.pth: expected weights of a DeepLab on .* got layer9\.weight besides/,
    );
    const bytes = writeTorch(
      Object.fromEntries(Object.entries(tensors).filter(([, { shape }]) => sizeOf(shape) < 10_000)),
      "deeplab.pth",
      { key: null },
    );
    const whole = await readWeights(bytes, "deeplab.pth");
    expect(Object.keys(whole.tensors).every((name) => name in tensors)).toBe(true);
    await expect(readWeights(bytes.subarray(0, bytes.length - 100), "deeplab.pth")).rejects.toThrow(InputError);
  });
});

test("a head whose last layer is missing is damaged; trunks alone and other networks are none", () => {
  const tensors = vggLargeFov();
  const { "base.aspp.conv8.weight": _, ...headless } = tensors;
  expect(() => importDeepLab([fileOf(headless)])).toThrow(
    /expected aspp\.conv8\.weight beside aspp\.conv6\.weight, got none/,
  );
  const trunk = Object.fromEntries(Object.entries(tensors).filter(([name]) => !/aspp/.test(name)));
  expect(importDeepLab([fileOf(trunk)])).toBeNull();
  expect(importDeepLab([fileOf({ "conv1.weight": filled(1, 0) })])).toBeNull();
});
