import { expect, test } from "vitest";
import { fromNumbers, toNumbers } from "../array/ndarray.ts";
import { sizeOf } from "../array/shape.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { type MultiScaleRecipe, multiScaleModel, multiScaleStage, reducedLabels } from "./multi-scale.ts";
import { resolveRecipe } from "./resolve-recipe.ts";

const classes = ["background", "cow"].map((name) => ({ name, color: [0, 0, 0] as const }));
const task = { classes, frequencies: [] };
const small = ["encoder=mobilenet-v2", "encoderStride=16", "batchSize=2", "cropHeight=64", "cropWidth=64"];
const recipeWith = (...settings: string[]) =>
  resolveRecipe("deeplab-v2", [...small, ...settings]).recipe as MultiScaleRecipe;
const heads = [["convolutional"], ["aspp"], ["large-fov"], ["deep-aspp"]];

test("labels are made smaller by taking the pixel in the middle of each place", async () => {
  const labels = input("labels", [1, 4, 6], "uint8");
  const values = Array.from({ length: 24 }, (_, i) => i);
  const { small } = await evaluate(
    { small: reducedLabels(labels, 2, 3) },
    { labels: fromNumbers("uint8", [1, 4, 6], values) },
  );
  expect([small.shape, toNumbers(small)]).toEqual([
    [1, 2, 3],
    [7, 9, 11, 19, 21, 23],
  ]);
});

test.each(heads)(
  "several sizes have one network's weights with the decoder %s, and its scores are of the picture's size",
  (decoder) => {
    const settings = [`decoder=${decoder}`, "decoderChannels=[4]"];
    const declared = (...more: string[]) => {
      const recipe = recipeWith(...settings, ...more);
      const [trained, predicted] = [new Model({ training: true }), new Model()];
      const { inputs, loss } = multiScaleStage(recipe, task, { name: "train" });
      const batch = Object.entries(inputs).map(
        ([name, { shape, dtype }]) => [name, input(name, shape, dtype)] as const,
      );
      const { terms } = loss(trained.scope, Object.fromEntries(batch));
      const { scores } = multiScaleModel(recipe, task);
      expect(scores(predicted.scope, input("image", [1, 64, 96, 3], "uint8")).shape).toEqual([1, 2, 64, 96]);
      expect([...predicted.parameters.keys()].sort()).toEqual([...trained.parameters.keys()].sort());
      return { names: [...predicted.parameters.keys()].sort(), terms: Object.keys(terms) };
    };
    expect(declared()).toEqual(declared("multiScale=false"));
  },
);

test("the loss is that of the whole size, of both smaller ones and of the largest scores, added", async () => {
  const recipe = recipeWith();
  const { inputs, loss } = multiScaleStage(recipe, task, { name: "train" });
  const model = new Model();
  const at = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => [name, input(name, shape, dtype)]),
  );
  const { crossEntropy } = loss(model.scope, at).terms;
  // Scores that are alike everywhere cost ln 2 at each size.
  const weights = Object.fromEntries(
    [...model.parameters.values()].map(({ name, tensor }) => [
      name,
      fromNumbers("float32", tensor.shape, new Array<number>(sizeOf(tensor.shape)).fill(0)),
    ]),
  );
  const feeds = {
    image: fromNumbers("uint8", [2, 64, 64, 3], new Array<number>(2 * 64 * 64 * 3).fill(90)),
    labels: fromNumbers("uint8", [2, 64, 64], new Array<number>(2 * 64 * 64).fill(1)),
  };
  const got = await evaluate({ crossEntropy }, { ...feeds, ...weights });
  expect(toNumbers(got.crossEntropy)[0]).toBeCloseTo(4 * Math.log(2), 5);
});
