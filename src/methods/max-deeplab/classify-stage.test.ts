/** Classification as the start of the pixel path: what it learns from, what it trains, and what the segments begin with. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkEngine } from "../../../test/support/check-model.ts";
import { stageBatch } from "../../../test/support/stage-batch.ts";
import { toNumbers, zeros } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { completed } from "../../data/labels.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import type { Engine } from "../../runtime/engine.ts";
import { openScenes } from "../../scenes/open.ts";
import { buildStageStep } from "../../training/stage-step.ts";
import { trainingModel } from "../stages.ts";
import { classifyStage } from "./classify-stage.ts";
import { maxDeepLab as method } from "./index.ts";
import { isBackbone } from "./names.ts";
import { maxDeepLab } from "./network.ts";
import { type MaxDeepLabRecipe, recipes } from "./recipe.ts";
import { panopticStage } from "./stage.ts";

const recipe: MaxDeepLabRecipe = { ...recipes["maxdeeplab-tiny"], classifySteps: 30, classifyRate: 5e-3 };
const dataset = openScenes("scenes:size=64,train=4,val=1,test=1,kind=street,classes=coarse", "train");
const task = { classes: dataset.classes, frequencies: [] };

let engine: Engine;
beforeAll(async () => {
  engine = await checkEngine();
});
afterAll(() => engine.close());

/** As data sets give samples to a stage that learns from tags. */
async function sample(index: number) {
  const { labels, ...rest } = await dataset.read(index);
  return { ...rest, labels: completed(labels, ["tags"]) };
}

test("a stage of its own comes first where it has steps", () => {
  const names = (changes: Partial<MaxDeepLabRecipe>) =>
    method.stages({ ...recipe, ...changes }, task).map(({ name }) => name);
  expect(names({})).toEqual(["classify", "train"]);
  expect(names({ classifySteps: 0 })).toEqual(["train"]);
  expect(names({ steps: 0 })).toEqual(["classify"]);
  for (const each of Object.values(recipes)) expect(each.classifySteps).toBe(0);
});

test("tags are those of the sample, or of what its crop shows", async () => {
  const stage = classifyStage(recipe, task);
  const found = await sample(0);
  const tags = async (labels: typeof found.labels, seed: number) =>
    toNumbers((await stage.prepare({ ...found, labels }, new Random(seed))).tags);
  const given = new Array<number>(task.classes.length).fill(0).with(1, 1);
  expect(await tags({ tags: [1] }, 0)).toEqual(given);
  const all = task.classes.map((_, index) => +found.labels.tags!.includes(index));
  const crops = await Promise.all(Array.from({ length: 12 }, (_, seed) => tags(found.labels, seed)));
  for (const crop of crops) expect(crop.filter((tag, index) => tag > all[index])).toEqual([]);
  expect(crops.some((crop) => crop.every((tag, index) => tag === all[index]))).toBe(true);
});

test("it trains the whole backbone of either network, and its classifier besides", () => {
  const wide: Partial<MaxDeepLabRecipe> = {
    ...{ backbone: "wide-resnet", backboneHourglasses: 1, extraHourglasses: 1, transformerFromStride: 16 },
    ...{ extraTransformerFromStride: 16 },
  };
  for (const changes of [{}, wide]) {
    const changed = { ...recipe, ...changes };
    const names = ({ parameters }: Model) => [...parameters.keys()].filter(isBackbone).sort();
    const whole = new Model({ training: true });
    maxDeepLab(whole.scope, input("image", [1, 65, 65, 3], "uint8"), changed, 2);
    const { model } = trainingModel(classifyStage(changed, task));
    expect(names(model)).toEqual(names(whole));
    const others = [...model.parameters.keys()].filter((name) => !isBackbone(name));
    expect(others).toEqual(["classifier.weight", "classifier.bias"]);
  }
});

test("its steps lower the loss from chance on", async () => {
  const stage = classifyStage(recipe, task);
  const step = await buildStageStep(stage, engine);
  await step.initialize(1);
  const losses: number[] = [];
  for (let count = 0; count < 20; count++) {
    const samples = await Promise.all(
      Array.from({ length: recipe.classifyBatchSize }, async (_, index) => {
        return [await sample(index % 4), new Random(count, index)] as const;
      }),
    );
    losses.push((await step.run(await stageBatch(stage, samples), { step: count, seed: 1 })).total);
  }
  await step.release();
  expect(losses[0]).toBeCloseTo(Math.LN2, 5);
  expect(losses.at(-1)).toBeLessThan(0.5 * losses[0]);
});

test("segments begin with what it trained, but for the classifier; it begins with the pixel path of other runs", () => {
  const weights = {
    "backbone.stem.conv1.conv.weight": zeros("float32", [2, 3, 3, 3]),
    "encoder.memoryFeature": zeros("float32", [1, 2, 3]),
    "classifier.weight": zeros("float32", [3, 2]),
  };
  const from = { weights, recipe, source: "run" };
  const next = panopticStage(recipe, task).begin!({ ...from, stage: "classify" });
  expect(Object.keys(next.weights)).toEqual(["backbone.stem.conv1.conv.weight", "encoder.memoryFeature"]);
  const first = classifyStage(recipe, task).begin!({ ...from, stage: "train" });
  expect(Object.keys(first.weights)).toEqual(["backbone.stem.conv1.conv.weight"]);
  expect(Object.keys(first.kept!)).toEqual(["encoder.memoryFeature"]);
});
