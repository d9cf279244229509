import { expect, test } from "vitest";
import { resolveRecipe } from "../methods/resolve-recipe.ts";
import type { Engine } from "../runtime/engine.ts";
import { leastBytesOfStep } from "./memory.ts";
import { replicasFor, requireWork } from "./replicas.ts";

const classes = [
  { name: "sky", color: [0, 0, 255] },
  { name: "road", color: [90, 90, 90] },
] as const;

test("as many batches side by side as a step has, as there are threads, as fit", () => {
  const of = (accumulate: number, threads: number, steps = 1e6) => {
    const recipe = resolveRecipe("transunet-tiny", [`accumulate=${accumulate}`]);
    return replicasFor(recipe, classes, { threads, memoryBytes: steps * leastBytesOfStep(recipe, classes) });
  };
  expect([of(1, 4), of(2, 4), of(8, 4), of(8, 1)]).toEqual([1, 2, 4, 1]);
  expect([of(8, 4, 13), of(8, 4, 2)]).toEqual([3, 1]);
});

test("helpers need a batch of each step", () => {
  const helpers = [{} as Engine];
  const recipe = resolveRecipe("transunet-tiny", ["accumulate=2"]);
  expect(() => requireWork(recipe, { helpers })).not.toThrow();
  expect(() => requireWork(resolveRecipe("transunet-tiny", ["batchSize=8"]), { helpers })).toThrow(
    "recipe transunet-tiny: expected steps of 2 batches or more for 2 replicas, got accumulate=1. Add --set accumulate=2 --set batchSize=4, or leave --replicas out.",
  );
});
