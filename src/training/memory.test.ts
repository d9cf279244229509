import { expect, test } from "vitest";
import { resolveRecipe } from "../methods/resolve-recipe.ts";
import type { Engine } from "../runtime/engine.ts";
import { leastBytesOfStep, requireMemory } from "./memory.ts";

const classes = [
  { name: "sky", color: [0, 0, 255] },
  { name: "road", color: [90, 90, 90] },
] as const;

test("twice the batch needs nearly twice the memory", () => {
  const [one, two] = [64, 128].map((size) =>
    leastBytesOfStep(resolveRecipe("transunet-tiny", [`batchSize=${size}`]), classes),
  );
  expect(two / one).toBeGreaterThan(1.9);
  expect(two / one).toBeLessThan(2);
});

test("a step that cannot fit is refused in one line, one that fits or an unknown machine is not", () => {
  const huge = resolveRecipe("transunet-tiny", ["batchSize=100000"]);
  expect(() => requireMemory(huge, classes, { memoryBytes: 16e9 })).toThrow(
    /^recipe transunet-tiny: expected a training step that fits the 16 GB of memory .* needs \d+ GB or more\. Make batchSize/,
  );
  expect(() => requireMemory(huge, classes, {})).not.toThrow();
  expect(() => requireMemory(resolveRecipe("transunet-small"), classes, { memoryBytes: 4e9 })).not.toThrow();
});

test("helpers need memory, too", () => {
  const helpers = [{} as Engine];
  const recipe = resolveRecipe("transunet-tiny", ["accumulate=2"]);
  const memoryBytes = 1.5 * leastBytesOfStep(recipe, classes);
  expect(() => requireMemory(recipe, classes, { memoryBytes })).not.toThrow();
  expect(() => requireMemory(recipe, classes, { memoryBytes, helpers })).toThrow(/or leave --replicas out\.$/);
});
