import { describe, expect, test } from "vitest";
import { float32, type Named, type NdArray, toNumbers, zeros } from "../../array/ndarray.ts";
import { sizeOf } from "../../array/shape.ts";
import { publishedNames } from "../../backbones/published.ts";
import { resNet, resNet18Units } from "../../backbones/resnet.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { norms } from "./layers.ts";
import { recipes } from "./recipe.ts";
import { encoderFile, resNetStart } from "./resnet-start.ts";

/** Zeros, but for norms: scale 2, variance 0.01. */
function weightsOf(options: Parameters<typeof resNet>[2]): Named<NdArray> {
  const model = new Model({ training: true });
  resNet(model.scope, input("x", [1, 3, 64, 64], "float32"), options);
  const value = (name: string) => (/running_var$/.test(name) ? 0.01 : /norm\d?\.weight$/.test(name) ? 2 : 0);
  return Object.fromEntries(
    [...model.parameters.values()].map(({ name, tensor: { shape } }) => [
      name,
      value(name) === 0 ? zeros("float32", shape) : float32(shape, new Array<number>(sizeOf(shape)).fill(value(name))),
    ]),
  );
}

const published = { kind: "safetensors", where: "resnet50.safetensors" } as const;
const recipe = recipes["maxdeeplab-s"];
const file = { ...published, tensors: publishedNames("resnet50", weightsOf({})) } as never;

describe("a ResNet-50", () => {
  const { weights, stage } = encoderFile(file, recipe);
  const start = resNetStart({ weights, source: "resnet50.safetensors" }, recipe);

  test("stands in stages 2 and 3 and in the first block of 4, but where the stem is another", () => {
    const kernels = Object.keys(start.weights).filter((name) => name.endsWith("conv.weight"));
    const places = new Set(kernels.map((name) => name.split(".").slice(1, 3).join(".")));
    expect([...places]).toEqual([
      ...["stage2.block1", "stage2.block2", "stage2.block3"],
      ...["stage3.block1", "stage3.block2", "stage3.block3", "stage3.block4"],
      "stage4.block1",
    ]);
    expect(kernels).not.toContain("backbone.stage2.block1.conv1.conv.weight"); // 64 channels there, 128 here
    expect(start.anew).toContain("backbone.stage2.block1.conv1.norm.weight");
    expect(start.anew).toContain("backbone.stage5.block1.attention.heightAxis.qkv.weight");
    expect(start.anew!.some((name) => name in start.weights)).toBe(false);
    expect([stage, start.notes]).toEqual([
      "encoder",
      ["resnet50.safetensors: 25 convolutions of the pixel path begin with these weights; all else starts anew"],
    ]);
  });

  test("has norms that give the same with our ε", () => {
    const kind = (name: string) => toNumbers(start.weights[`backbone.stage3.block2.conv3.norm.${name}`])[0];
    const scale = kind("weight") / Math.sqrt(kind("running_var") + norms.epsilon);
    expect(scale).toBeCloseTo(2 / Math.sqrt(0.01 + 1e-5), 4);
  });
});

test.each([
  ["a network of other blocks", { ...weightsOf({ units: resNet18Units, unit: "basic" }) }, recipe],
  ["a recipe of other widths", weightsOf({}), recipes["maxdeeplab-small"]],
])("%s is refused in one line", (_, weights, wanted) => {
  const prefixed = Object.fromEntries(Object.entries(weights).map(([name, array]) => [`encoder.${name}`, array]));
  expect(() => resNetStart({ weights: prefixed, source: "a.pth" }, wanted)).toThrow(
    /^a\.pth: expected a ResNet whose bottlenecks are as wide .* Give a ResNet-50 or -101/,
  );
});

test("an ONNX model is refused", () => {
  expect(() => encoderFile({ kind: "onnx" } as never, recipe)).toThrow("got an ONNX model. Give its weights");
});
