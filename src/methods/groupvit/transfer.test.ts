import { describe, expect, test } from "vitest";
import { expectNear } from "../../../test/support/check.ts";
import { movedWeights } from "../../../test/support/weights.ts";
import { float32, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { sceneClasses } from "../../scenes/index.ts";
import { adopt } from "../resolve-recipe.ts";
import type { Trained } from "../stage.ts";
import { partsStartingAnew, trainingModel } from "../stages.ts";
import { imageEncoder } from "./image-encoder.ts";
import { groupvit, groupvitTransfer } from "./index.ts";
import { encodePairs, pairLosses } from "./network.ts";
import { recipes } from "./recipe.ts";
import { patchGroups } from "./segmentation.ts";
import { transferLogits } from "./transfer.ts";
import { type TransferRecipe, transferRecipes } from "./transfer-recipe.ts";

await groupvit.ready!();

const tiny = recipes["groupvit-tiny"];
const classes = sceneClasses.slice(0, 3);
const task = { classes, frequencies: [] };

/** A run of captions with some weights. */
function captioned(changes: Partial<typeof tiny> = {}): Trained {
  const recipe = { ...tiny, ...changes };
  const model = new Model({ training: true });
  const ids = input("ids", [2, 1 + recipe.prompts, 4], "int64");
  const images = input("images", [2, 3, recipe.imageSize, recipe.imageSize]);
  pairLosses(model.scope, encodePairs(model.scope, images, ids, recipe), recipe);
  return { weights: movedWeights(model), stage: "train", recipe, source: "run" };
}

/** The recipe for going on from a run, with crops as small. */
function after(from: Trained): TransferRecipe {
  const small = { ...transferRecipes["groupvit-transfer-small"], imageSize: 48, cropHeight: 48, cropWidth: 48 };
  const method = groupvitTransfer as unknown as Parameters<typeof adopt>[0]["method"];
  return adopt({ method, recipe: small }, [from]).recipe as TransferRecipe;
}

const stageOf = (recipe: TransferRecipe) => {
  const [stage] = groupvitTransfer.stages(recipe, task);
  if (stage.kind !== "training") throw new Error("a training stage is expected");
  return stage;
};

describe("a transfer", () => {
  const from = captioned({ assignment: "soft", assignEps: 0.5 });
  const recipe = after(from);

  test("has the network of the run that it begins with, on crops of its own size", () => {
    const { width, depths, assignment, assignEps, imageSize, patchSize, name } = recipe;
    expect([width, depths, assignment, assignEps, patchSize]).toEqual([32, [1, 1, 1], "soft", 0.5, 8]);
    expect([imageSize, name]).toEqual([48, "groupvit-transfer-small"]);
  });

  test("takes the image encoder, positions resized, and begins its head anew", () => {
    const { weights, notes } = stageOf(recipe).begin!(from);
    expect(weights["image.positions"].shape).toEqual([1, 36, 32]);
    expect(weights["image.stage1.layer1.norm1.weight"]).toBe(from.weights["image.stage1.layer1.norm1.weight"]);
    expect(notes).toEqual([expect.stringMatching(/^run: not taken: .*text.*imageProjection/)]);
    expect(partsStartingAnew(trainingModel(stageOf(recipe)).model, { weights }, "run")).toEqual(["head"]);
  });

  test("goes on from another with as many classes, head and all, and from one with others without it", () => {
    const { model } = trainingModel(stageOf(recipe));
    const earlier: Trained = { weights: movedWeights(model), stage: "finetune", recipe, source: "before" };
    expect(stageOf(recipe).begin!(earlier)).toMatchObject({
      weights: { "head.bias": earlier.weights["head.bias"] },
      notes: [],
    });
    const [other] = groupvitTransfer.stages(recipe, { classes: sceneClasses.slice(0, 5), frequencies: [] });
    expect(other.begin!(earlier)).toMatchObject({ notes: ["before: not taken: head"] });
  });

  test("refuses a run of another method in one line", () => {
    const unet: Trained = {
      ...from,
      weights: { "encoder.a": float32([1], [0]) },
      recipe: { ...recipe, method: "unet" },
    };
    expect(() => stageOf(recipe).begin!(unet)).toThrow(
      "run: expected a run of groupvit to begin recipe groupvit-transfer-small with, got one of unet. Choose another.",
    );
  });
});

test.each([
  ["of two stages", {}],
  ["of one", { depths: [1, 1], heads: [2, 2], widthFactors: [1, 1], groupTokens: [8, 0], outputGroups: [4] }],
])("the head sees patches and, by soft maps, the segments that they are of: %s", async (_, changes) => {
  const recipe = { ...after(captioned(changes)), imageSize: 32 };
  const model = new Model();
  const x = input("images", [1, 3, 32, 32]);
  const { tokens, stages, soft, grid } = imageEncoder(model.scope.at("image"), x, recipe);
  const whole = new Model();
  const logits = transferLogits(whole.scope, x, 3, recipe);
  const weights = movedWeights(whole);
  const images = float32([1, 3, 32, 32], new Random("image").fillNormal(new Float32Array(3072)));
  const parts = { tokens, patches: stages[0].grouping!.tokens, map: patchGroups(soft, grid).at(-1)! };
  const used = Object.fromEntries([...model.parameters.keys()].map((name) => [name, weights[name]]));
  const found = await evaluate(parts, { ...used, images });
  const [t, p, m] = [found.tokens, found.patches, found.map].map((array) => toNumbers(array));
  const groups = found.tokens.shape[1];
  const [head, bias] = [toNumbers(weights["head.weight"]), toNumbers(weights["head.bias"])];
  const plain = (patch: number, k: number) => {
    let sum = bias[k];
    for (let d = 0; d < 32; d++) {
      let segment = 0;
      for (let g = 0; g < groups; g++) segment += m[g * 16 + patch] * t[g * 32 + d];
      sum += head[k * 64 + d] * p[patch * 32 + d] + head[k * 64 + 32 + d] * segment;
    }
    return sum;
  };
  const got = toNumbers((await evaluate({ logits }, { ...weights, images })).logits);
  // The middle of a patch of 8 pixels lies between four of them; corners of the picture have their patch's own scores.
  const corners = [0, 31, 31 * 32, 32 * 32 - 1];
  expectNear(
    [0, 1, 2].flatMap((k) => corners.map((at) => got[k * 1024 + at])),
    [0, 1, 2].flatMap((k) => [0, 3, 12, 15].map((patch) => plain(patch, k))),
    1e-3,
  );
});

test("without groups the head sees patches alone, as on a plain vision transformer", () => {
  const plain = { depths: [2], widthFactors: [1], heads: [2], groupTokens: [0], outputGroups: [] };
  const model = new Model();
  const recipe = { ...after(captioned()), ...plain };
  groupvitTransfer.validate(recipe);
  expect(transferLogits(model.scope, input("x", [2, 3, 48, 40]), 5, recipe).shape).toEqual([2, 5, 48, 40]);
  expect(model.parameters.get("head.weight")!.tensor.shape).toEqual([5, 32]);
});
