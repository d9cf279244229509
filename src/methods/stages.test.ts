import { describe, expect, test } from "vitest";
import { freshWeights } from "../../test/support/weights.ts";
import { float32, fromNumbers, type Named, type NdArray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { linear } from "../nn/linear.ts";
import { resolveRecipe, withSteps } from "./resolve-recipe.ts";
import type { Stage, Trained } from "./stage.ts";
import {
  beginningOf,
  endsWhole,
  partsStartingAnew,
  predicts,
  sourcesOf,
  stagesOf,
  totalSteps,
  trainingModel,
} from "./stages.ts";

const model = new Model({ training: true });
linear(model.scope.at("head"), linear(model.scope.at("body").at("last"), input("x", [1, 4]), 3), 2);
const weights = freshWeights(model);

/** The weights whose names begin with one of these, and others besides. */
function some(prefixes: readonly string[], others: Named<NdArray> = {}): Named<NdArray> {
  const kept = Object.entries(weights).filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix)));
  return { ...Object.fromEntries(kept), ...others };
}

test.each<[string, string[], string[]]>([
  ["nothing, where all weights are there", ["body.", "head."], []],
  ["the head, where it has none", ["body."], ["head"]],
  ["everything, where there is nothing", [], ["body", "head"]],
])("what starts anew is %s", (_, prefixes, expected) => {
  expect(partsStartingAnew(model, { weights: some(prefixes) }, "before")).toEqual(expected);
});

test("what is to start anew beside others of its part is not missed", () => {
  const part = { weights: some(["body.last.bias"]), anew: ["body.last.weight"] };
  expect(partsStartingAnew(model, part, "before")).toEqual(["head"]);
});

describe("weights of another model are refused", () => {
  const one = float32([1], [0]);
  test.each<[string, Named<NdArray>, string]>([
    [
      "a part that is not whole",
      some(["body.last.bias", "head."]),
      "before: expected all weights of body, got none called body.last.weight. Use a recipe with the same layers, widths and units.",
    ],
    [
      "another shape",
      some(["body."], { "body.last.bias": float32([2], [0, 0]) }),
      "before: expected body.last.bias of shape [3], got [2]. Use a recipe",
    ],
    [
      "a layer more",
      some(["body."], { "body.more.bias": one }),
      "expected weights that the model has, got body.more.bias",
    ],
    ["a part more", some(["body.", "head."], { "tail.bias": one }), "got tail.bias besides"],
    [
      "another type of number",
      some(["body."], { "body.last.bias": fromNumbers("float64", [3], [0, 0, 0]) }),
      "before: expected body.last.bias as float32, got float64. Train the run anew.",
    ],
    ["a name that only begins like a part", some(["body."], { "bodywork.bias": one }), "got bodywork.bias besides"],
  ])("%s", (_, given, message) => {
    const begun = () => partsStartingAnew(model, { weights: given }, "before");
    expect(begun).toThrow(message);
    expect(begun).toThrow(InputError);
  });
});

describe("a recipe's stages", () => {
  const task = { classes: [{ name: "a", color: [0, 0, 0] as const }], frequencies: [] };
  const resolved = resolveRecipe("ddep-tiny", ["start=ddep"]);
  const stages = stagesOf(resolved, task).filter((stage) => stage.kind === "training");

  test("have the recipe as they train", () => {
    expect(stages.map(({ name, settings }) => [name, settings.steps, settings.cropWidth])).toEqual([
      ["encoder", 8, 64],
      ["denoise", 8, 48],
      ["finetune", 12, 64],
    ]);
    expect(totalSteps(stages)).toBe(28);
  });

  test("are built with the weights that they train", () => {
    const all = stages.map((stage) => [...trainingModel(stage).model.parameters.values()]);
    const trained = all.map((each) =>
      each.filter(({ role }) => role === "weight").map((parameter) => parameter.trained),
    );
    expect(trained.map((each) => each.includes(false))).toEqual([false, true, false]);
  });

  test("take over everything, as it is, where they do not say what", () => {
    const { begin: _, ...stage } = stages[2];
    const trained: Trained = { weights, stage: "a", recipe: stage.settings, source: "before" };
    expect(beginningOf(stage, [trained])).toEqual({ weights, kept: {}, anew: [], notes: [] });
  });

  test("take parts of several runs, but no weight from two", () => {
    const { begin: _, ...stage } = stages[2];
    const from = (source: string, prefix: string): Trained => ({
      ...{ stage: "a", recipe: stage.settings, source },
      weights: some([prefix]),
    });
    const both = beginningOf(stage, [from("one", "body."), from("two", "head.")]);
    expect(Object.keys(both.weights).sort()).toEqual(Object.keys(weights).sort());
    expect(() => beginningOf(stage, [from("one", "body."), from("two", "body.")])).toThrow(
      /^two: expected weights that one does not give as well, got body\.last\.\w+ from both\. Leave one --from out\.$/,
    );
  });

  test("nor two of one name where one of them, or both, are kept for later stages", () => {
    const weight = { "body.w": float32([1], [1]) };
    const stage: Stage = {
      ...stages[0],
      begin: ({ stage: end }) => ({ weights: {}, notes: [], [end]: weight }),
    };
    const from = (source: string, end: "weights" | "kept"): Trained => ({
      ...{ stage: end, recipe: stages[0].settings, source, weights: {} },
    });
    for (const [one, two] of [
      ["kept", "kept"],
      ["weights", "kept"],
      ["kept", "weights"],
    ] as const) {
      expect(() => beginningOf(stage, [from("one", one), from("two", two)])).toThrow(
        /^two: expected weights that one does not give as well, got body\.w from both\./,
      );
    }
    expect(beginningOf(stage, [from("one", "kept")])).toEqual({ anew: [], weights: {}, kept: weight, notes: [] });
  });

  test("predict once all that the model needs is there, in its shapes, and means it", () => {
    const predicting = stages.map((stage) => {
      const { parameters } = trainingModel(stage).model;
      const given = Object.fromEntries([...parameters].map(([name, { tensor }]) => [name, tensor]));
      return predicts(resolved, task, [64, 64], stage, given);
    });
    expect(predicting).toEqual([false, false, true]);
    expect([endsWhole(resolved), endsWhole(resolveRecipe("ddep-tiny", ["start=ddep", "steps=0"]))]).toEqual([
      true,
      false,
    ]);
  });

  test("learn from kinds of labels, and from images alone", () => {
    expect(sourcesOf(resolved)).toEqual({ labels: ["mask", "tags"], more: [], images: true });
    expect(sourcesOf(resolveRecipe("transunet-tiny"))).toEqual({ labels: ["mask"], more: [], images: false });
  });
});

describe("the steps of a run", () => {
  const stepsAndWarmUps = (name: string, total: number, ...settings: string[]) =>
    stagesOf(withSteps(resolveRecipe(name, settings), total)).map((stage) =>
      stage.kind === "training" ? [stage.settings.steps, stage.settings.warmupSteps] : [],
    );

  test.each<[string, string[], number, number[][]]>([
    ["transunet-small", [], 24, [[24, 1]]],
    ["transunet-small", [], 4800, [[4800, 100]]],
    [
      "ddep-tiny",
      ["start=ddep"],
      28,
      [
        [8, 1],
        [8, 1],
        [12, 1],
      ],
    ],
    [
      "ddep-tiny",
      ["start=ddep"],
      7,
      [
        [2, 0],
        [2, 0],
        [3, 0],
      ],
    ],
    [
      "ddep-tiny",
      ["start=ddep"],
      3,
      [
        [1, 0],
        [1, 0],
        [1, 0],
      ],
    ],
  ])("of %s with %o, %i in all, are shared by its stages, warm-ups with them", (name, settings, total, expected) => {
    const got = stepsAndWarmUps(name, total, ...settings);
    expect(got.map(([steps]) => steps)).toEqual(expected.map(([steps]) => steps));
    for (const [steps, warmup] of got) expect(warmup).toBeLessThan(Math.max(1, steps));
  });

  test("are at least one for each stage", () => {
    expect(() => stepsAndWarmUps("ddep-tiny", 2, "start=ddep")).toThrow(
      "recipe ddep-tiny: expected at least 3 steps, one for each of encoder, denoise, finetune, got 2. Add some.",
    );
  });
});
