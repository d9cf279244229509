import { expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { findRecipe } from "../methods/index.ts";
import { namedRecipe } from "./named-recipe.ts";

const { recipe } = findRecipe("transunet-tiny");

test("a recipe is taken by name, or whole from a file, with changes on top", async () => {
  const platform = memoryPlatform();
  await platform.writeFile("mine.json", JSON.stringify({ ...recipe, name: "mine", steps: 77 }));
  expect((await namedRecipe(platform, "transunet-tiny", ["steps=3"], undefined)).recipe).toEqual({
    ...recipe,
    steps: 3,
  });
  const { method, recipe: mine } = await namedRecipe(platform, "mine.json", ["batchSize=2"], undefined);
  expect([method.name, mine]).toEqual(["transunet", { ...recipe, name: "mine", steps: 77, batchSize: 2 }]);
});

test.each<[string, string, string]>([
  [
    "nothing",
    "",
    "none.json: expected the file of a recipe, got nothing there. Write one with: tessera recipe NAME > none.json",
  ],
  ["broken JSON", "{", "none.json: expected a recipe as JSON, got broken JSON ("],
  [
    "a comma too many",
    '{"name": "x",\n}',
    "expected a recipe as JSON, got a comma behind the last entry in line 1. Remove it.",
  ],
  ["a recipe with a key too many", JSON.stringify({ ...recipe, depth: 3 }), "none.json: expected the keys that"],
])("a file that is %s is refused in one line", async (_, text, message) => {
  const platform = memoryPlatform();
  if (text !== "") await platform.writeFile("none.json", text);
  await expect(namedRecipe(platform, "none.json", [], undefined)).rejects.toThrow(message);
});
