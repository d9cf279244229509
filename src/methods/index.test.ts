import { expect, test } from "vitest";
import { findMethod, findRecipe, methods, recipeNames } from "./index.ts";

test("every recipe is found by its name and belongs to its method", () => {
  for (const name of recipeNames()) {
    const { method, recipe } = findRecipe(name);
    expect(recipe.name).toBe(name);
    expect(recipe.method).toBe(method.name);
    expect(() => method.validate(recipe)).not.toThrow();
  }
});

test("recipes of different methods have different names", () => {
  expect(new Set(recipeNames()).size).toBe(recipeNames().length);
});

test("every recipe is complete: no value is missing", () => {
  for (const method of methods) {
    for (const recipe of Object.values(method.recipes)) expect(Object.values(recipe)).not.toContain(undefined);
  }
});

test.each([
  [
    () => findRecipe("transunet-smal"),
    'recipe: expected a known name, got "transunet-smal". Did you mean transunet-small?',
  ],
  [() => findRecipe("constructor"), 'got "constructor"'],
  [() => findMethod("transnet"), 'method: expected a known name, got "transnet". Did you mean transunet?'],
])("an unknown name is refused with the nearest one", (find, message) => {
  expect(find).toThrow(message);
});
