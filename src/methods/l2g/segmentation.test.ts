import { expect, test } from "vitest";
import { fromNumbers, toNumbers } from "../../array/ndarray.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { resolveRecipe } from "../resolve-recipe.ts";
import type { L2GRecipe } from "./recipe.ts";
import { maskStage, reducedLabels, segmentationModel } from "./segmentation.ts";

const classes = ["background", "cow"].map((name) => ({ name, color: [0, 0, 0] as const }));
const task = { classes, frequencies: [] };
const recipeWith = (...settings: string[]) => resolveRecipe("l2g-tiny", settings).recipe as L2GRecipe;
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
      const { inputs, loss } = maskStage(recipe, task);
      const batch = Object.entries(inputs).map(
        ([name, { shape, dtype }]) => [name, input(name, shape, dtype)] as const,
      );
      const { terms } = loss(trained.scope, Object.fromEntries(batch));
      const { scores } = segmentationModel(recipe, task);
      expect(scores(predicted.scope, input("image", [1, 64, 96, 3], "uint8")).shape).toEqual([1, 2, 64, 96]);
      expect([...predicted.parameters.keys()].sort()).toEqual([...trained.parameters.keys()].sort());
      return { names: [...predicted.parameters.keys()].sort(), terms: Object.keys(terms) };
    };
    expect(declared("multiScale=true")).toEqual(declared());
  },
);
