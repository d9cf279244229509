import { expect, test } from "vitest";
import { recipes } from "./recipe.ts";
import { settingsFor } from "./settings-for.ts";

test.each<[keyof typeof recipes, string[]]>([
  ["groupvit-2stage", ["threshold=0.35"]],
  ["groupvit-1stage", ["threshold=0.35"]],
  ["groupvit-small", []],
  ["groupvit-scenes", []],
])("the threshold of a data set is taken where the recipe's is the published one: %s", (name, expected) => {
  expect(settingsFor(recipes[name], { wordThreshold: 0.35 })).toEqual(expected);
});

test("nothing is set where it is the recipe's, none is known, or scores have none", () => {
  const recipe = recipes["groupvit-2stage"];
  expect(settingsFor(recipe, { wordThreshold: 0.95 })).toEqual([]);
  expect(settingsFor(recipe, {})).toEqual([]);
  expect(settingsFor({ ...recipe, scores: "hf" }, { wordThreshold: 0.35 })).toEqual([]);
});
