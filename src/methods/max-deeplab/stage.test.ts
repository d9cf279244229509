/** Training on segments: what a sample becomes, what is lowered, and where matching cuts the step. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkEngine } from "../../../test/support/check-model.ts";
import { stageBatch } from "../../../test/support/stage-batch.ts";
import { type Named, type NdArray, toNumbers, zeros } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import type { Engine } from "../../runtime/engine.ts";
import { openScenes } from "../../scenes/open.ts";
import { buildStageStep } from "../../training/stage-step.ts";
import { type MaxDeepLabRecipe, recipes } from "./recipe.ts";
import { panopticStage } from "./stage.ts";

const recipe: MaxDeepLabRecipe = { ...recipes["maxdeeplab-tiny"], learningRate: 5e-3, warmupSteps: 0 };
const dataset = openScenes("scenes:size=64,train=4,val=1,test=1,kind=street,classes=coarse", "train");
const task = { classes: dataset.classes, frequencies: [] };

let engine: Engine;
beforeAll(async () => {
  engine = await checkEngine();
});
afterAll(() => engine.close());

async function batch(seed = 0): Promise<Named<NdArray>> {
  const samples = await Promise.all(
    Array.from({ length: recipe.batchSize }, async (_, index) => {
      return [await dataset.read(index), new Random(seed, index)] as const;
    }),
  );
  return stageBatch(panopticStage(recipe, task), samples);
}

describe("a sample", () => {
  test("becomes arrays of the shapes that the stage declares", async () => {
    const found = await batch();
    const { inputs } = panopticStage(recipe, task);
    for (const [name, { dtype, shape }] of Object.entries(inputs)) {
      expect([name, found[name].dtype, found[name].shape]).toEqual([name, dtype, shape]);
    }
  });

  test("is the same for the same random numbers, another for others", async () => {
    expect(await batch(1)).toEqual(await batch(1));
    expect(toNumbers((await batch(1)).image)).not.toEqual(toNumbers((await batch(2)).image));
  });

  test("without segments is refused", () => {
    const image = { width: 8, height: 8, data: new Uint8Array(192) };
    const sample = { id: "a", source: "a.jpg", image, labels: {} };
    expect(() => panopticStage(recipe, task).prepare(sample, new Random(0))).toThrow(
      "a.jpg: expected panoptic segments",
    );
  });
});

describe("a step", () => {
  test("lowers the loss of the images that it sees", async () => {
    const step = await buildStageStep(panopticStage(recipe, task), engine);
    await step.initialize(3);
    const losses: number[] = [];
    for (let count = 0; count < 30; count++) {
      const { total, terms, watched } = await step.run(await batch(), { step: count, seed: 3 });
      expect(Object.keys(terms)).toEqual(["mask", "class", "maskId", "instance", "semantic"]);
      expect(Object.keys(watched)).toEqual(["matchedClass", "matchedDice", "rightByMaskId", "rightByInstance"]);
      losses.push(total);
    }
    await step.release();
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]);
  });
});

test("attention that is computed again in the backward pass changes no loss", async () => {
  const losses: number[][] = [];
  for (const recomputeAttention of [false, true]) {
    const step = await buildStageStep(panopticStage({ ...recipe, recomputeAttention }, task), engine);
    await step.initialize(3);
    const found: number[] = [];
    for (let count = 0; count < 4; count++) found.push((await step.run(await batch(), { step: count, seed: 3 })).total);
    losses.push(found);
    await step.release();
  }
  expect(losses[0][3]).not.toBeCloseTo(losses[0][0], 1);
  for (const [i, loss] of losses[0].entries()) expect(losses[1][i]).toBeCloseTo(loss, 2);
});

test("layers of classes start anew where the classes are others; all else is taken over", () => {
  const weights = {
    "transformerClassHead.conv.weight": zeros("float32", [5, 2, 1, 1]),
    "transformerClassHead.conv.bias": zeros("float32", [5]),
    "backbone.stem.conv.weight": zeros("float32", [2, 3, 3, 3]),
  };
  const begin = panopticStage(recipe, task).begin!({ weights, stage: "train", recipe, source: "run" });
  expect(Object.keys(begin.weights)).toEqual(["backbone.stem.conv.weight"]);
  expect(begin.notes).toEqual(["transformerClassHead.conv starts anew: its weights are for another number of classes"]);
});

test("the backbone learns at its own rate", () => {
  const { group } = panopticStage({ ...recipe, backboneRate: 0.1 }, task);
  expect(group!("backbone.stage2.block1.conv1.conv.weight", 4).rate).toBe(0.1);
  expect(group!("encoder.stage5.block1Transformer.memoryConv1.conv.weight", 4).rate).toBe(1);
});
