import { expect, test } from "vitest";
import { fromNumbers } from "../../array/ndarray.ts";
import { UsageError } from "../../errors.ts";
import { adopt, differences } from "../resolve-recipe.ts";
import { l2g } from "./index.ts";
import { type L2GRecipe, recipes } from "./recipe.ts";

const recipe = recipes["l2g-tiny"];

test.each(Object.values(recipes))("$name is accepted", (each) => {
  expect(() => l2g.validate(each)).not.toThrow();
});

test.each<[Partial<L2GRecipe>, string]>([
  [{ views: 0 }, "views must be a whole number from 1 to 1000000, got 0."],
  [{ sampler: "uniform", views: 8 }, "views must be a square number for uniform views, got 8. Try 4 or 9."],
  [{ sampler: "grid" as "uniform" }, "sampler must be one of corners+random, random, uniform, got grid."],
  [{ viewFit: "pad" as "crop" }, "viewFit must be one of crop, squeeze, got pad."],
  [
    { viewJitter: [0.3, 0.3] },
    "viewJitter must be none, or four numbers from 0: up to 10 for brightness, contrast and saturation, up to 0.5 for hue, got [0.3, 0.3].",
  ],
  [{ viewJitter: [0.3, 0.3, 0.3, 0.6] }, "viewJitter must be none, or four numbers"],
  [{ localSize: 96 }, "localSize must be a number from 1 to 64, got 96. Make the global view larger."],
  [{ encoderWidth: 8 }, "encoder must be one of resnet38, vgg16, got mobilenet-v2."],
  [
    { encoder: "resnet38", encoderStride: 32, encoderUnits: [1, 1] },
    "encoderUnits must be 6 whole numbers from 1 to 64, or none,",
  ],
  [
    { encoder: "vgg16", encoderStride: 8, encoderUnits: [2, 2, 4, 4] },
    "encoderUnits must be 5 whole numbers from 1 to 64, or none,",
  ],
  [
    { encoder: "resnet38", encoderStride: 32, encoderWidth: 8 },
    "steps must be 0 for an encoder of another size, got 2.",
  ],
  [{ localEncoder: "none" }, "localEncoder must be one of same, mobilenet-v2, "],
  [{ localEncoder: "vit-tiny-16", localSize: 40 }, "localSize must be a multiple of 16 up to 8192, got 40."],
  [{ localSize: 33 }, "localSize must be a multiple of 32 up to 8192, got 33."],
  [{ shortSide: 32 }, "shortSide must be a whole number of at least 64, got 32."],
  [{ camScales: [] }, "camScales must be numbers above 0, at most 4, got []."],
  [{ camThreshold: 2 }, "camThreshold must be a number from 0 to 1, got 2."],
  [{ transferWeight: -1 }, "transferWeight must be a number of at least 0, got -1."],
  [{ attentionSteps: -1 }, "attentionSteps must be a whole number from 0 to 99999999, got -1."],
  [{ camCrf: "cam" as "none" }, "camCrf must be one of none, constant, alpha, agreed, got cam."],
  [{ camSaliency: "yes" as "none" }, "camSaliency must be one of none, background, mean, got yes."],
  [{ camSaliencyWeight: 1 }, "camSaliencyWeight must be a number above 0, below 1, got 1. Try 0.5."],
  [{ camMaps: "jpg" as "png" }, "camMaps must be one of none, png, npy, got jpg."],
  [{ camAlphas: [4] }, "camAlphas must be two numbers above 0, at most 100, got [4]."],
  [{ camAlphas: [4, 0] }, "camAlphas must be two numbers above 0, at most 100, got [4, 0]."],
  [{ scoreStart: "ones" as "zeros" }, "scoreStart must be one of xavier, zeros, got ones."],
  [{ attentionWarmupSteps: 0.5 }, "attentionWarmupSteps must be a whole number of at least 0, got 0.5."],
  [{ attentionRate: 0 }, "attentionRate must be a number above 0, got 0."],
  [{ attentionWeightDecay: -1 }, "attentionWeightDecay must be a number of at least 0, got -1."],
  [{ attentionMomentum: 2 }, "attentionMomentum must be a number from 0 to 1, got 2."],
  [{ newRate: -1 }, "newRate must be a number of at least 0, got -1."],
  [
    { attentionOptimizer: "adm" as "adam" },
    "attentionOptimizer must be one of sgd, adam, adamw, radam-lookahead, got adm.",
  ],
  [{ attentionSchedule: "line" as "poly" }, "attentionSchedule must be one of constant, step, poly, "],
])("%o is refused", (changes, message) => {
  const validate = () => l2g.validate({ ...recipe, ...changes });
  expect(validate).toThrow(`recipe l2g-tiny: ${message}`);
  expect(validate).toThrow(UsageError);
});

test("a pair keeps its encoder, and another one that is asked for is not passed over", () => {
  const weights = { "globalHead.scores.weight": fromNumbers("float32", [1], [0]) };
  const pair = { weights, recipe: { ...recipe, encoder: "resnet50" }, source: "pair", stage: "attention" };
  const adopted = (asked: L2GRecipe) => adopt({ method: l2g, recipe: asked }, [pair]).recipe;
  expect(adopted(recipe)).toMatchObject({ encoder: "resnet50", attentionSteps: 0 });
  expect(adopted({ ...recipe, encoder: "resnet50" })).toMatchObject({ encoder: "resnet50" });
  expect(() => adopted({ ...recipe, encoder: "resnet101-caffe" })).toThrow(
    /encoder must be resnet50, on which the pair in pair stands, got resnet101-caffe\. .* --masks-from pair\.$/,
  );
});

test("the release's optimizer for COCO is behind its own name, and differs in nothing but the loader that does not shuffle", () => {
  const { "l2g-coco": own, "l2g-coco-release": release } = recipes;
  expect(
    differences(own, release)
      .map((line) => line.split(":")[0])
      .sort(),
  ).toEqual(["attentionMomentum", "attentionRate", "attentionShuffle", "attentionWeightDecay", "name", "nesterov"]);
  expect(release).toMatchObject({
    attentionRate: 0.1,
    attentionMomentum: 5e-4,
    attentionWeightDecay: 0,
    nesterov: false,
  });
  expect(own).toMatchObject({ attentionMomentum: 0.9, attentionWeightDecay: 5e-4, nesterov: true });
});
