import { expect, test } from "vitest";
import { movedWeights } from "../../test/support/weights.ts";
import { float32, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { hrNet, hrNetEncoders, hrNetStages } from "./hrnet.ts";

const tiny = {
  stemWidth: 4,
  first: { blocks: 1, width: 2 },
  stages: hrNetStages(2).map((stage) => ({ ...stage, modules: 1, blocks: stage.blocks.map(() => 1) })),
};

test.each([
  [
    [64, 96],
    ["4: 2,16,24", "8: 4,8,12", "16: 8,4,6", "32: 16,2,3"],
  ],
  [
    [36, 50],
    ["4: 2,9,13", "8: 4,5,7", "16: 8,3,4", "32: 16,2,2"],
  ],
])("pictures of %s pixels keep a branch at each stride, sides rounded up", async (sides, expected) => {
  const model = new Model();
  const x = float32([1, 3, ...sides], new Random("x").fillNormal(new Float32Array(3 * sides[0] * sides[1])));
  const maps = hrNet(model.scope, input("x", x.shape), tiny);
  expect(maps.map(({ stride, map }) => `${stride}: ${map.shape.slice(1)}`)).toEqual(expected);
  const values = await evaluate({ finest: maps[0].map }, { ...movedWeights(model), x });
  expect(toNumbers(values.finest).every(Number.isFinite)).toBe(true);
});

test("published widths have 1, 4 and 3 modules of four units a branch", () => {
  expect(hrNetStages(48)).toEqual([
    { modules: 1, widths: [48, 96], blocks: [4, 4] },
    { modules: 4, widths: [48, 96, 192], blocks: [4, 4, 4] },
    { modules: 3, widths: [48, 96, 192, 384], blocks: [4, 4, 4, 4] },
  ]);
});

test("every branch sees every other", async () => {
  const model = new Model({ training: true });
  hrNet(model.scope, input("x", [1, 3, 64, 64]), tiny);
  const exchanges = [...model.parameters.keys()].filter((name) => name.startsWith("stage4.module1.from"));
  const pairs = new Set(exchanges.map((name) => name.split(".")[2]));
  expect(pairs.size).toBe(4 * 3);
  // Downwards step by step.
  expect(exchanges).toContain("stage4.module1.from1to4.step3.conv.weight");
});

test("names of the release say where things are", () => {
  const { names } = hrNetEncoders["hrnet-w48"].published[0];
  expect(
    [
      "stem2.norm.bias",
      "stage1.unit1.shortcut.conv.weight",
      "transition1.branch1.conv.weight",
      "transition1.branch2.conv.weight",
      "transition3.branch4.norm.bias",
      "stage3.module4.branch2.unit1.conv2.weight",
      "stage4.module1.from3to1.conv.weight",
      "stage4.module1.from1to3.step2.norm.weight",
    ].map(names.theirs),
  ).toEqual([
    "bn2.bias",
    "layer1.0.downsample.0.weight",
    "transition1.0.0.weight",
    "transition1.1.0.0.weight",
    "transition3.3.0.1.bias",
    "stage3.3.branches.1.0.conv2.weight",
    "stage4.0.fuse_layers.0.2.0.weight",
    "stage4.0.fuse_layers.2.0.1.1.weight",
  ]);
});
