import { expect, test } from "vitest";
import { sizeOf } from "../array/shape.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { type ResNet38Options, resNet38, resNet38Names } from "./resnet38.ts";

function built(options: ResNet38Options = {}, training = false): { model: Model; maps: string[] } {
  const model = new Model({ training });
  const maps = resNet38(model.scope, input("x", [2, 3, 45, 64]), options);
  return { model, maps: maps.map(({ stride, map }) => `${stride}: ${map.shape.slice(1).join(" × ")}`) };
}

test("has the channels and sizes of the published network, sides halved rounding up", () => {
  expect(built().maps).toEqual([
    "2: 128 × 23 × 32",
    "4: 256 × 12 × 16",
    "8: 512 × 6 × 8",
    "8: 1024 × 6 × 8",
    "8: 2048 × 6 × 8",
    "8: 4096 × 6 × 8",
  ]);
});

test("has as many parameters as L2G's network but for its head", () => {
  const parameters = [...built().model.parameters.values()];
  const weights = parameters.filter(({ name }) => !/running_/.test(name));
  const count = weights.reduce((total, { tensor }) => total + sizeOf(tensor.shape), 0);
  const head = 4096 * 21 + 512 * 64 + 1024 * 128 + 195 * 192;
  expect(Math.round((count + head) / 1e4) / 100).toBe(105.36);
  // PyTorch counts the batches of each norm, and the head has four weights.
  const norms = parameters.filter(({ name }) => name.endsWith("running_mean")).length;
  expect(parameters.length + norms + 4).toBe(232);
});

test("width and units can be chosen", () => {
  const { model, maps } = built({ width: 4, units: [1, 2, 1, 1, 2, 1] });
  expect(maps.at(-1)).toBe("8: 256 × 6 × 8");
  const names = [...model.parameters.keys()];
  expect(names.some((name) => name.startsWith("stage5.unit2."))).toBe(true);
  expect(names.some((name) => name.startsWith("stage1.unit2."))).toBe(false);
});

test("every weight has a published name, and the way back", () => {
  for (const own of built({ width: 2, units: [3, 3, 6, 3, 2, 1] }).model.parameters.keys()) {
    const theirs = resNet38Names.theirs(own);
    expect(theirs, own).toBeDefined();
    expect(resNet38Names.ours(theirs!)).toBe(own);
  }
  expect(resNet38Names.ours("b4_5.bn_branch2b1.running_var")).toBe("stage3.unit6.norm2.running_var");
});

test("drops whole channels in the bottlenecks while it trains, also beside frozen norms", () => {
  const drawn = [...built({ width: 2, norms: "frozen" }, true).model.noises.values()];
  expect(drawn.map(({ name, tensor }) => `${name} ${tensor.shape.join(" × ")}`)).toEqual([
    "stage5.unit1.channelDropout 2 × 16 × 1 × 1",
    "stage5.unit1.channelDropout#2 2 × 32 × 1 × 1",
    "stage6.unit1.channelDropout 2 × 32 × 1 × 1",
    "stage6.unit1.channelDropout#2 2 × 64 × 1 × 1",
  ]);
  expect(built({ width: 2, dropout: [0, 0] }, true).model.noises.size).toBe(0);
  expect(built({ width: 2 }).model.noises.size).toBe(0);
});
