import { expect, test } from "vitest";
import { balancedWeights } from "./segmentation.ts";

test("balanced weights are roots of median over frequency, kept within the limit; absent classes weigh 1", () => {
  expect(balancedWeights([0.64, 0.16, 0.01, 0, 0.19], 0.5, 4)).toEqual([
    Math.sqrt(0.175 / 0.64),
    Math.sqrt(0.175 / 0.16),
    4,
    1,
    Math.sqrt(0.175 / 0.19),
  ]);
});
