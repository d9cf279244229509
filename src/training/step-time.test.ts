import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32 } from "../array/ndarray.ts";
import type { Dataset } from "../data/dataset.ts";
import { withRead } from "../data/views.ts";
import { InputError } from "../errors.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Method } from "../methods/method.ts";
import type { SemanticModel } from "../methods/model.ts";
import type { Recipe } from "../methods/recipe.ts";
import type { TrainingStage } from "../methods/stage.ts";
import { recipes } from "../methods/transunet/recipe.ts";
import { linear } from "../nn/linear.ts";
import { cast, mean, softmax, square, transpose } from "../ops/index.ts";
import type { Engine, Program } from "../runtime/engine.ts";
import { openLocalEngine } from "../runtime/local-engine.ts";
import { nodeBackend } from "../runtime/node.ts";
import { openScenes } from "../scenes/index.ts";
import { type MeasureOptions, measureTraining, stepsWithin, trainingSeconds } from "./step-time.ts";

const spec = "scenes:size=64,train=20,val=2,classes=coarse";

/** One layer that says the class of a pixel by its colour. */
const layer = (scope: Scope, x: Tensor) => linear(scope.at("head"), x, 9);
const stageOf = (settings: Recipe): TrainingStage => ({
  ...{ kind: "training", name: "train", learnsFrom: ["mask"], settings },
  inputs: { x: { dtype: "float32", shape: [settings.batchSize, 3] } },
  prepare: ({ image }) => ({
    x: float32(
      [3],
      [...image.data.slice(0, 3)].map((value) => value / 255),
    ),
  }),
  loss: (scope, { x }) => ({ terms: { size: mean(square(layer(scope, x))) } }),
});
const model: SemanticModel = {
  ...{ kind: "semantic", stride: 16 },
  scores: (scope, image) => transpose(softmax(layer(scope, cast(image, "float32"))), [0, 3, 1, 2]),
};
const method = {
  name: "colour",
  stages: (recipe: Recipe) => [stageOf(recipe)],
  model: () => model,
} as unknown as Method;
const tiny = { method, recipe: { ...recipes["transunet-tiny"], averageDecay: 0 } };

/** A machine whose time passes only as said: milliseconds to compile, for each step, to predict, to read an image. */
interface Pace {
  readonly compile: number;
  readonly step: (index: number) => number;
  readonly predict: number;
  readonly read: number;
}

describe("measureTraining", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openLocalEngine(nodeBackend, { threads: 1 });
  });
  afterAll(() => engine.close());

  async function measure(pace: Pace, changes: Partial<MeasureOptions> = {}) {
    let now = 0;
    let steps = 0;
    const slow: Engine = {
      ...{ device: engine.device, convBlock: engine.convBlock, memoryBytes: undefined },
      put: (values) => engine.put(values),
      get: (names) => engine.get(names),
      drop: (names) => engine.drop(names),
      close: async () => {},
      async load(source, variables, options) {
        const program = await engine.load(source, variables, options);
        // The update takes no time.
        if (!(source instanceof Uint8Array)) return program;
        now += pace.compile;
        const run: Program["run"] = (feeds, fetch) => {
          now += options?.use === "training" ? pace.step(steps++) : pace.predict;
          return program.run(feeds, fetch);
        };
        return {
          ...{ inputs: program.inputs, outputs: program.outputs, metadata: program.metadata, run },
          release: () => program.release(),
        };
      },
    };
    const timed = (dataset: Dataset): Dataset =>
      withRead(dataset, (index) => {
        now += pace.read;
        return dataset.read(index);
      });
    const times = await measureTraining({
      ...{
        ...tiny,
        engine: slow,
        dataset: timed(openScenes(spec, "train")),
        validation: null,
        seconds: 4,
        clock: () => now,
      },
      ...changes,
    });
    return { times, steps };
  }

  const even: Pace = { compile: 9000, step: () => 210, predict: 50, read: 0 };

  test("gives the time of a step, and what is paid once apart from it", async () => {
    const { times } = await measure(even);
    expect(times).toEqual({ beginning: 9, step: expect.closeTo(0.21), validation: 0 });
  });

  test("counts steps that are slower now and then", async () => {
    const { times } = await measure({ ...even, step: (index) => (index % 2 === 0 ? 200 : 400) });
    expect(times.step).toBeGreaterThan(0.28);
    expect(times.step).toBeLessThan(0.31);
  });

  test("leaves the first steps out, and a step that something got in the way of", async () => {
    const { times } = await measure({ ...even, step: (index) => (index < 3 ? 5000 : index === 6 ? 3000 : 210) });
    expect(times.step).toBeCloseTo(0.21);
  });

  test.each([
    [2000, 6],
    [500, 11],
    [100, 43],
  ])("of steps of %i ms does %i", async (milliseconds, count) => {
    const { times, steps } = await measure({ ...even, step: () => milliseconds });
    expect([times.step, steps]).toEqual([expect.closeTo(milliseconds / 1000), count]);
  });

  test("counts an update of several batches as one step", async () => {
    const changes = { recipe: { ...tiny.recipe, accumulate: 2 } };
    const { times } = await measure({ ...even, step: (index) => (index % 3 < 2 ? 100 : 1) }, changes);
    expect(times.step).toBeGreaterThanOrEqual(0.2);
    expect(times.step).toBeLessThan(0.31);
  });

  test("times one validation, the model for it and its images", async () => {
    const { times } = await measure(even, { validation: openScenes(spec, "val") });
    const slower = await measure({ ...even, predict: 1050 }, { validation: openScenes(spec, "val") });
    expect([times.beginning, times.step]).toEqual([9, expect.closeTo(0.21)]);
    expect(times.validation).toBeGreaterThanOrEqual(9 + 2 * 0.05);
    expect(slower.times.validation - times.validation).toBeGreaterThanOrEqual(2);
  });

  test("counts looking through the images, but not the few that are read to measure as steps", async () => {
    const { times } = await measure({ ...even, read: 30 });
    expect(times).toEqual({ beginning: expect.closeTo(9.6), step: expect.closeTo(0.21), validation: 0 });
  });

  test("leaves nothing in the engine, not even where an image cannot be read", async () => {
    await measure(even);
    expect(await engine.get()).toEqual({});
    const broken = withRead(openScenes(spec, "train"), () => Promise.reject(new InputError("a.jpg: no image")));
    await expect(measure(even, { dataset: broken })).rejects.toThrow("a.jpg: no image");
    expect(await engine.get()).toEqual({});
  });

  test("ends when it is told to", async () => {
    const signal = AbortSignal.abort();
    await expect(measure(even, { signal })).rejects.toThrow(/aborted/);
    expect(await engine.get()).toEqual({});
  });
});

describe("stepsWithin", () => {
  const often = (steps: number) => ({ ...tiny.recipe, steps, evaluateEvery: 10 });
  const thrice = (steps: number) => ({ ...tiny.recipe, steps, evaluateEvery: Math.ceil(steps / 3) });
  const never = (steps: number) => ({ ...tiny.recipe, steps, evaluateEvery: 0 });

  test.each([
    ["steps alone", 150, { beginning: 0, step: 0.25, validation: 9 }, never, 600],
    ["what is paid once", 150, { beginning: 10, step: 0.25, validation: 9 }, never, 560],
    ["three validations", 150, { beginning: 10, step: 0.25, validation: 10 }, thrice, 440],
    ["a validation every ten steps", 60, { beginning: 0, step: 1, validation: 2 }, often, 50],
    ["a slow step", 3, { beginning: 0, step: 2, validation: 0 }, never, 1],
    ["a step slower than the time", 3, { beginning: 0, step: 20, validation: 5 }, thrice, 1],
    ["a beginning longer than the time", 3, { beginning: 60, step: 0.1, validation: 0 }, never, 1],
  ])("counts %s", (_, seconds, times, recipeFor, steps) => {
    expect(stepsWithin(seconds, times, recipeFor)).toBe(steps);
  });

  test.each([never, thrice, often])("takes as many steps as fit, and no more", (recipeFor) => {
    const times = { beginning: 3, step: 0.37, validation: 1.7 };
    const steps = stepsWithin(90, times, recipeFor);
    expect(trainingSeconds(times, recipeFor(steps))).toBeLessThanOrEqual(90);
    expect(trainingSeconds(times, recipeFor(steps + 1))).toBeGreaterThan(90);
  });
});
