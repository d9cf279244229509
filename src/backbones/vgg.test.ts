import { describe, expect, test } from "vitest";
import { sizeOf } from "../array/shape.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { type FeatureMap, findEncoder } from "./index.ts";
import { type VggOptions, vgg16, vgg16Names, vggNames } from "./vgg.ts";

const x = input("x", [1, 3, 64, 96]);
const shown = ({ stride, map }: FeatureMap) => `${stride}: ${map.shape.slice(1).join(" × ")}`;

function built(options: VggOptions = {}): { model: Model; maps: string[]; pooled: string } {
  const model = new Model();
  const { maps, pooledFourth } = vgg16(model.scope, x, options);
  return { model, maps: maps.map(shown), pooled: shown(pooledFourth) };
}

test("has as many parameters as torchvision's vgg16 without its classifier", () => {
  const parameters = [...built().model.parameters.values()];
  expect(parameters.reduce((total, { tensor }) => total + sizeOf(tensor.shape), 0)).toBe(14_714_688);
});

describe("maps have their strides", () => {
  test.each<[string, VggOptions, string, string]>([
    ["as published", {}, "16: 512 × 4 × 6", "16: 512 × 4 × 6"],
    ["pooled with overlaps", { pooling: "overlapping" }, "16: 512 × 4 × 6", "16: 512 × 4 × 6"],
    ["up to 8", { outputStride: 8 }, "8: 512 × 8 × 12", "8: 512 × 8 × 12"],
    ["and width", { outputStride: 8, width: 2 }, "8: 16 × 8 × 12", "8: 16 × 8 × 12"],
  ])("%s", (_, options, last, pooled) => {
    const got = built(options);
    expect(got.maps).toHaveLength(5);
    expect([got.maps.at(-1), got.pooled]).toEqual([last, pooled]);
  });
});

test("as an encoder it gives one map a stride, the deepest of it", () => {
  const features = findEncoder("vgg16").features(new Model().scope, x, { outputStride: 8 });
  expect(features.map(shown)).toEqual(["2: 128 × 32 × 48", "4: 256 × 16 × 24", "8: 512 × 8 × 12"]);
});

test("weights are named as torchvision does", () => {
  for (const own of built({ width: 1 }).model.parameters.keys()) {
    expect(vgg16Names.ours(vgg16Names.theirs(own)!)).toBe(own);
  }
  expect(vgg16Names.theirs("stage2.conv1.weight")).toBe("features.5.weight");
  expect(vgg16Names.theirs("stage5.conv3.bias")).toBe("features.28.bias");
});

test("has other depths and widths, and names for them: VGG-19 has as many parameters as torchvision's", () => {
  const units = [2, 2, 4, 4, 4];
  const deep = built({ units }).model.parameters;
  expect([...deep.values()].reduce((total, { tensor }) => total + sizeOf(tensor.shape), 0)).toBe(20_024_384);
  const names = vggNames(units);
  for (const own of deep.keys()) expect(names.ours(names.theirs(own)!)).toBe(own);
  expect(names.theirs("stage5.conv4.weight")).toBe("features.34.weight");
  expect(built({ channels: [1, 2, 3, 4, 5], outputStride: 8 }).maps.at(-1)).toBe("8: 5 × 8 × 12");
});
