import { describe, expect, test } from "vitest";
import { freshWeights } from "../../../test/support/weights.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import type { Task } from "../method.ts";
import { resolveRecipe } from "../resolve-recipe.ts";
import type { TrainingStage } from "../stage.ts";
import { modelOf, trainingModel } from "../stages.ts";
import { deepLab } from "./index.ts";
import { type DeepLabRecipe, recipes } from "./recipe.ts";

const taskOf = (...names: string[]): Task => ({
  classes: names.map((name) => ({ name, color: [0, 0, 0] })),
  frequencies: [],
});
const task = taskOf("background", "cow");

function stageOf(recipe: DeepLabRecipe, of: Task = task): TrainingStage {
  const [stage] = deepLab.stages(recipe, of);
  if (stage.kind !== "training") throw new Error(stage.kind);
  return stage;
}

/** The rates that parameters begin with; undefined: they rest. */
function ratesOf(recipe: DeepLabRecipe, names: readonly string[]) {
  const { trains, group } = stageOf(recipe);
  return names.map((name) => (trains!(name) ? group!(name, 1).rate! * recipe.learningRate : undefined));
}

describe("rates are as published", () => {
  test("on ResNet-101: ten times for the head, twenty for its biases, and norms rest", () => {
    const names = ["encoder.stage1.unit1.conv1.weight", "head.branch1.weight", "head.branch1.bias"];
    expect(ratesOf(recipes["deeplab-v2"], names)).toEqual([2.5e-4, 2.5e-3, 5e-3]);
    const norms = [
      "encoder.stem.norm.weight",
      "encoder.stage4.unit3.norm2.bias",
      "encoder.stage1.unit1.shortcut.norm.bias",
    ];
    expect(ratesOf(recipes["deeplab-v2"], norms)).toEqual([undefined, undefined, undefined]);
    expect(ratesOf({ ...recipes["deeplab-v2"], encoderNorms: "batch" }, norms)).toEqual([2.5e-4, 2.5e-4, 2.5e-4]);
  });

  test("on VGG-16: biases of the encoder learn twice as fast, too", () => {
    const names = ["encoder.stage1.conv1.weight", "encoder.stage1.conv1.bias", "head.branch4.scores.bias"];
    expect(ratesOf(recipes["deeplab-v2-vgg"], names)).toEqual([2.5e-4, 5e-4, 5e-3]);
  });
});

test.each(Object.values(recipes))(
  "$name trains on crops of its own size, and predicts by the same weights",
  (recipe) => {
    const { model, losses } = trainingModel(stageOf({ ...recipe, batchSize: 1 }));
    expect(Object.keys(losses.terms)).toEqual(["crossEntropy"]);
    const predicts = new Model();
    const predictor = modelOf({ method: deepLab, recipe }, task);
    if (predictor.kind !== "semantic") throw new Error(predictor.kind);
    const image = input("image", [1, recipe.cropHeight, recipe.cropWidth, 3], "uint8");
    expect(predictor.scores(predicts.scope, image).shape).toEqual([1, 2, recipe.cropHeight, recipe.cropWidth]);
    expect([...predicts.parameters.keys()].sort()).toEqual([...model.parameters.keys()].sort());
  },
);

const small = ["encoder=mobilenet-v2", "encoderStride=16", "cropHeight=64", "cropWidth=64"];
const recipe = resolveRecipe("deeplab-v2", small).recipe as DeepLabRecipe;

describe("weights that were trained before", () => {
  const weights = freshWeights(trainingModel(stageOf(recipe)).model);
  const from = { weights, recipe, source: "before", stage: "train" };

  test("go on, a head for other classes anew", () => {
    expect(Object.keys(stageOf(recipe).begin!(from).weights).sort()).toEqual(Object.keys(weights).sort());
    const { weights: begun, notes } = stageOf(recipe, taskOf("background", "cow", "horse")).begin!(from);
    expect(Object.keys(begun).sort()).toEqual(
      Object.keys(weights)
        .filter((name) => name.startsWith("encoder."))
        .sort(),
    );
    expect(notes).toEqual(["head: 2 outputs in before, 3 wanted: it starts anew"]);
  });

  test("of networks that only wrote masks are refused with the way to learn from these", () => {
    const pair = Object.fromEntries(Object.entries(weights).map(([name, array]) => [`global.${name}`, array]));
    expect(() => stageOf(recipe).begin!({ ...from, weights: pair, source: "pair" })).toThrow(
      /^pair: expected weights of an encoder, a decoder or a head, got none\. .* --masks-from pair\.$/,
    );
  });
});

test.each<[string, string]>([
  ["biasRate=0", "biasRate must be a number above 0, got 0."],
  ["cropWidth=321", "cropWidth must be a multiple of 32 up to 8192, got 321."],
])("%s is refused", (setting, message) => {
  expect(() => resolveRecipe("deeplab-v2", [...small, setting])).toThrow(message);
});
