import { expect, test } from "vitest";
import { type GroupViTRecipe, recipes } from "./recipe.ts";
import { settingsFor } from "./settings-for.ts";

test.each<[keyof typeof recipes, string[]]>([
  ["groupvit-2stage", ["threshold=0.35"]],
  ["groupvit-1stage", ["threshold=0.35"]],
  ["groupvit-small", []],
  ["groupvit-scenes", []],
])("the threshold of a data set is taken where the recipe's is the published one: %s", (name, expected) => {
  expect(settingsFor(recipes[name], { wordThresholds: { official: 0.35, paper: 0.5 } })).toEqual(expected);
});

test("nothing is set where it is the recipe's, none is known, or scores have none", () => {
  const recipe = recipes["groupvit-2stage"];
  expect(settingsFor(recipe, { wordThresholds: { official: 0.95, paper: 0.9 } })).toEqual([]);
  expect(settingsFor(recipe, {})).toEqual([]);
  expect(settingsFor({ ...recipe, scores: "hf" }, { wordThresholds: { official: 0.35, paper: 0.5 } })).toEqual([]);
});

test("with the paper's scores it is the paper's, where that names one", () => {
  const recipe: GroupViTRecipe = { ...recipes["groupvit-2stage"], scores: "paper" };
  expect(settingsFor(recipe, { wordThresholds: { official: 0.95, paper: 0.9 } })).toEqual(["threshold=0.9"]);
  expect(settingsFor(recipe, { wordThresholds: { official: 0.35 } })).toEqual([]);
  expect(settingsFor({ ...recipe, threshold: 0.7 }, { wordThresholds: { official: 0.95, paper: 0.9 } })).toEqual([]);
});
