import { expect, test } from "vitest";
import type { Method } from "../methods/method.ts";
import { baseRecipe, type Recipe } from "../methods/recipe.ts";
import { settingsSuiting } from "./open-run.ts";

const recipe = { ...baseRecipe, name: "one", method: "checked", threshold: 0.95 } as Recipe;
const method = {
  name: "checked",
  settingsFor: (_, { wordThresholds }) =>
    wordThresholds === undefined ? [] : [`threshold=${wordThresholds.official}`],
} as Partial<Method> as Method;
const dataset = { name: "set", wordThresholds: { official: 0.35 } };

const told = (options: Parameters<typeof settingsSuiting>[1], of = method) => {
  const notes: string[] = [];
  return [settingsSuiting({ method: of, recipe }, { ...options, onNote: (line) => notes.push(line) }, "run"), notes];
};

test("what suits a data set is taken and told", () => {
  expect(told({ dataset, settings: ["keptClasses=3"] })).toEqual([
    ["threshold=0.35"],
    [
      "run: threshold=0.35 in place of the recipe's 0.95, as the authors have it for set. To keep that: --set threshold=0.95",
    ],
  ]);
});

test("whoever sets it, names no data set, or has a method without, gets none", () => {
  expect(told({ dataset, settings: ["threshold=0.95"] })).toEqual([[], []]);
  expect(told({})).toEqual([[], []]);
  expect(told({ dataset: { name: "set" } })).toEqual([[], []]);
  expect(told({ dataset }, { name: "checked" } as Method)).toEqual([[], []]);
});
