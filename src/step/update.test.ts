import { expect, test } from "vitest";
import { recipe } from "../../test/support/small-step.ts";
import { type OptimizerRecipe, rateOf } from "./update.ts";

test("poly-by-10 keeps each rate for ten steps, and poly changes it in each", () => {
  const of = (schedule: OptimizerRecipe["schedule"]) => (step: number) =>
    rateOf({ ...recipe, schedule, schedulePower: 0.9, steps: 40 }, step);
  const [byTen, byOne] = [of("poly-by-10"), of("poly")];
  const steps = Array.from({ length: 40 }, (_, i) => i);
  expect(steps.map(byTen)).toEqual(steps.map((step) => byOne(step - (step % 10))));
  expect([byTen(19), byTen(20)]).toEqual([0.01 * 0.75 ** 0.9, 0.01 * 0.5 ** 0.9]);
});
