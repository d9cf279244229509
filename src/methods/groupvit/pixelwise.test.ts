/** The paper's baseline without groups: the same network, training and words, but patches stand for themselves. */
import { expect, test } from "vitest";
import { movedWeights } from "../../../test/support/weights.ts";
import { fromNumbers, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { Model } from "../../graph/scope.ts";
import { constant, input } from "../../graph/tensor.ts";
import { mean } from "../../ops/index.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { anyTask } from "../stages.ts";
import { groupvit } from "./index.ts";
import { encodeImages, encodePairs, pairLosses } from "./network.ts";
import { type GroupViTRecipe, recipes } from "./recipe.ts";

const structure = ["name", "depths", "widthFactors", "heads", "groupTokens", "outputGroups"];

test.each(["small", "scenes"] as const)(
  "groupvit-pixelwise-%s differs from its recipe in nothing but groups",
  (name) => {
    const [own, grouped]: [GroupViTRecipe, GroupViTRecipe] = [
      recipes[`groupvit-pixelwise-${name}`],
      recipes[`groupvit-${name}`],
    ];
    groupvit.validate(own);
    const changed = (Object.keys(own) as (keyof GroupViTRecipe)[]).filter(
      (key) => String(own[key]) !== String(grouped[key]),
    );
    expect(changed.filter((key) => !structure.includes(key))).toEqual([]);
    expect(own.depths).toEqual([grouped.depths.reduce((sum, blocks) => sum + blocks, 0)]);
  },
);

const recipe: GroupViTRecipe = {
  ...recipes["groupvit-tiny"],
  ...{ depths: [2], widthFactors: [1], heads: [2], groupTokens: [0], outputGroups: [], prompts: 0 },
};

test("a photograph is the mean of its patches, and is divided into nothing", async () => {
  const model = new Model();
  const { imageSize, patchSize, width } = recipe;
  const images = input("images", [2, 3, imageSize, imageSize]);
  pairLosses(model.scope, encodePairs(model.scope, images, input("ids", [2, 1, 5], "int64"), recipe), recipe);
  const pixels = new Random("pixelwise").fillUniform(new Float32Array(2 * 3 * imageSize ** 2));
  const seen = constant(fromNumbers("float32", [2, 3, imageSize, imageSize], [...pixels]));
  const encoded = encodeImages(new Model().scope, seen, recipe);
  const patches = (imageSize / patchSize) ** 2;
  expect([encoded.soft, encoded.tokens.shape, encoded.groupEmbeddings?.shape]).toEqual([
    [],
    [2, patches, width],
    [2, patches, recipe.projectionWidth],
  ]);
  const { pooled, expected } = await evaluate(
    { pooled: encoded.pooled, expected: mean(encoded.tokens, { axes: [1] }) },
    movedWeights(model),
  );
  expect(toNumbers(pooled)).toEqual(toNumbers(expected));
  expect([...model.parameters.keys()].filter((name) => /group/i.test(name))).toEqual([]);
  expect([groupvit.views?.(recipe, anyTask), groupvit.groups?.(recipe, anyTask)]).toEqual([[], null]);
});
