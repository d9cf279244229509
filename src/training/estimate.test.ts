import { expect, test } from "vitest";
import { checkEngine } from "../../test/support/check-model.ts";
import { recipeToAdopt } from "../methods/resolve-recipe.ts";
import { sizeOfRecipe, timeRecipe } from "./estimate.ts";
import { leastBytesOfStep } from "./memory.ts";

const classes = [
  { name: "a", color: [0, 0, 0] },
  { name: "b", color: [9, 9, 9] },
] as const;

test("a recipe's size is that of its largest stage, and grows with batch and crop in memory alone", () => {
  const small = sizeOfRecipe(recipeToAdopt("ddep-mobilenet", []), classes);
  const large = sizeOfRecipe(recipeToAdopt("ddep-mobilenet", ["batchSize=16", "denoiseBatchSize=16"]), classes);
  // MobileNetV2's 1,811,712 without its last convolution, and the decoder.
  expect(small.parameters).toBeGreaterThan(2e6);
  expect(small.parameters).toBeLessThan(4e6);
  expect(large.parameters).toBe(small.parameters);
  expect(large.bytes).toBeGreaterThan(small.bytes);
  expect(small.bytes).toBe(leastBytesOfStep(recipeToAdopt("ddep-mobilenet", []), classes));
});

test("every stage is timed but what learns from a pass, and the engine is left empty", async () => {
  const engine = await checkEngine();
  try {
    const times = await timeRecipe(recipeToAdopt("ddep-tiny", []), engine);
    expect(times.map(({ stage, steps }) => [stage, steps > 0])).toEqual([
      ["encoder", true],
      ["denoise", true],
      ["finetune", true],
    ]);
    for (const { step } of times) expect(step).toBeGreaterThan(0);
    expect(Object.keys(await engine.get())).toEqual([]);
    const cached = await timeRecipe(recipeToAdopt("dinov2-cached", []), engine);
    expect(cached.map(({ step }) => step)).toEqual([null]);
  } finally {
    await engine.close();
  }
});
