import { expect, test } from "vitest";
import { checkOp } from "../../test/support/check.ts";
import { float32, item, type NdArray } from "../array/ndarray.ts";
import { input } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { binaryCrossEntropy } from "./binary-cross-entropy.ts";

async function loss(logits: NdArray, targets: NdArray): Promise<number> {
  const value = binaryCrossEntropy(input("logits", logits.shape), input("targets", targets.shape));
  return item((await evaluate({ value }, { logits, targets })).value);
}

const logarithm = (probability: number) => -Math.log(probability);

test.each<[string, number[], number[], number]>([
  ["logits of 0", [0, 0, 0], [1, 0, 0.5], Math.LN2],
  ["one probability of 3/4", [Math.log(3)], [1], logarithm(3 / 4)],
  ["the same, for what does not hold", [Math.log(3)], [0], logarithm(1 / 4)],
  ["several", [Math.log(3), 0, -Math.log(4)], [0, 1, 0], (logarithm(1 / 4) + Math.LN2 + logarithm(4 / 5)) / 3],
  ["a target between", [Math.log(3)], [0.25], 0.25 * logarithm(3 / 4) + 0.75 * logarithm(1 / 4)],
  ["right and certain", [200, -200], [1, 0], 0],
  ["wrong and certain, without overflow", [200, -200], [0, 1], 200],
])("is the mean of −t·log p − (1 − t)·log (1 − p): %s", async (_, logits, targets, expected) => {
  const shape = [1, logits.length];
  expect(await loss(float32(shape, logits), float32(shape, targets))).toBeCloseTo(expected, 5);
});

checkOp(
  "binary cross-entropy",
  binaryCrossEntropy,
  [
    { inputs: [[2, 3], float32([2, 3], [1, 0, 0, 1, 0.25, 1])] },
    { title: "far from 0", inputs: [{ shape: [4], range: [-8, 8] }, float32([4], [1, 0, 1, 0])] },
  ],
  { differentiable: [0], dtype: "float32" },
);
