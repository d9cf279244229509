import { describe, expect, test } from "vitest";
import { freshWeights } from "../../test/support/weights.ts";
import { float32, fromNumbers, type Named, type NdArray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { linear } from "../nn/linear.ts";
import type { Earlier, Stage } from "./method.ts";
import { resolveRecipe } from "./resolve-recipe.ts";
import { beginningOf, modelOf, partsStartingAnew, plan } from "./stages.ts";

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
  expect(partsStartingAnew(model, some(prefixes), "before")).toEqual(expected);
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
    expect(() => partsStartingAnew(model, given, "before")).toThrow(message);
    expect(() => partsStartingAnew(model, given, "before")).toThrow(InputError);
  });
});

describe("a recipe's stages", () => {
  const task = { classes: [{ name: "a", color: [0, 0, 0] as const }], frequencies: [] };
  const planned = plan(resolveRecipe("ddep-tiny", ["start=ddep"]));

  test("are each planned with the recipe as they train", () => {
    expect(planned.map(({ stage, recipe }) => [stage.name, recipe.steps, recipe.cropWidth])).toEqual([
      ["encoder", 8, 64],
      ["denoise", 8, 48],
      ["finetune", 12, 64],
    ]);
  });

  test("are built with the weights that they train", () => {
    const frozen = planned.map((each) => modelOf(each, task).model.parameters.values());
    const trained = frozen.map((all) => [...all].filter(({ role }) => role === "weight").map((each) => each.trained));
    expect(trained.map((all) => all.includes(false))).toEqual([false, true, false]);
  });

  test("take over everything, as it is, where they do not say what", () => {
    const { begin: _, ...stage } = planned[2].stage;
    const earlier: Earlier = { weights, stage: "a", recipe: planned[2].recipe, source: "before" };
    expect(beginningOf({ ...planned[2], stage: stage as Stage }, earlier, task)).toEqual({ weights, notes: [] });
  });
});
