/** The paper's baseline without groups: the same network, training and words, but patches stand for themselves. */
import { expect, test } from "vitest";
import { movedWeights } from "../../../test/support/weights.ts";
import { fromNumbers, ndarray, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import type { ClassInfo } from "../../data/sample.ts";
import { Model } from "../../graph/scope.ts";
import { constant, input } from "../../graph/tensor.ts";
import { mean, reshape } from "../../ops/index.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import type { Task } from "../method.ts";
import { anyTask } from "../stages.ts";
import { groupvit } from "./index.ts";
import { encodeImages, encodePairs, pairLosses } from "./network.ts";
import { patchFeaturesOf } from "./patch-features.ts";
import { wordModel } from "./prediction.ts";
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

test.each(["official", "hf"] as const)(
  "vectors in the place of patches have the scores that patches have: %s",
  async (scores) => {
    await groupvit.ready?.();
    const asked: GroupViTRecipe = { ...recipe, scores, threshold: 0.4, shortSide: 32 };
    const color = [0, 0, 0] as const;
    const classes: readonly ClassInfo[] = [
      { name: "cat", color },
      { name: "background", color, background: true },
      { name: "sofa", color, words: ["sofa", "couch"] },
      { name: "lamp", color },
    ];
    const task: Task = { classes, frequencies: [] };
    const model = new Model();
    const [height, width] = [32, 48];
    const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => (i * 7919) % 256);
    const image = constant(ndarray("uint8", [1, height, width, 3], data));
    const features = patchFeaturesOf(asked, task)!;
    const { patches, whole } = features.outputs(model.scope, { image });
    const [, rows, columns, depth] = patches.shape;
    const found = features.scores(model.scope.shared(), reshape(patches, [1, rows * columns, depth]), whole);
    const pixels = wordModel(asked, task).scores(model.scope.shared(), image);
    const weights = movedWeights(model);
    const values = await evaluate({ found, pixels }, weights);
    // The port multiplies cosines by it twice.
    const scale = scores === "hf" ? Math.exp(Number(weights.logitScale.data[0])) : 1;
    expect(values.found.shape).toEqual([1, 24, 4]);
    // The pixels at the corners have what the patches there have.
    for (const [patch, pixel] of [
      [0, 0],
      [columns - 1, width - 1],
      [(rows - 1) * columns, (height - 1) * width],
      [rows * columns - 1, height * width - 1],
    ]) {
      for (let k = 0; k < 4; k++) {
        const one = Number(values.found.data[patch * 4 + k]);
        const other = Number(values.pixels.data[k * height * width + pixel]);
        if (k === 1 && scores === "hf") expect([one, other].every((each) => each < -1e8)).toBe(true);
        else expect(Math.abs(one - other / scale)).toBeLessThan(1e-4 * scale);
      }
    }
  },
);
