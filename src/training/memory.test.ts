import { expect, test } from "vitest";
import { resolveRecipe } from "../methods/resolve-recipe.ts";
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
  expect(() => requireMemory(huge, classes, 16e9)).toThrow(
    /^recipe transunet-tiny: expected a training step that fits the 16 GB of memory .* needs \d+ GB or more\. Make batchSize/,
  );
  expect(() => requireMemory(huge, classes, undefined)).not.toThrow();
  expect(() => requireMemory(resolveRecipe("transunet-small"), classes, 4e9)).not.toThrow();
});
