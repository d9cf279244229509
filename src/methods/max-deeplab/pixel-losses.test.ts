import { expect, test } from "vitest";
import { float32, fromNumbers, toNumbers } from "../../array/ndarray.ts";
import { constant } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import type { Matched } from "./losses.ts";
import { maskOverlaps } from "./matching.ts";
import { areaWeights, instanceTerm, maskIdTerm, semanticTerm } from "./pixel-losses.ts";

// One row of four pixels: a thing of one, stuff of two, and void. Two slots, of which the first is the thing's.
const maskLogits = constant(float32([1, 2, 1, 4], [2, 0, 0, 0, 0, 1, 3, 0]));
const pixelFeature = constant(float32([1, 2, 1, 4], [1, 0, 0, 1, 0, 1, 1, 0]));
const semanticLogits = constant(float32([1, 3, 1, 4], [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0]));
const semantic = constant(fromNumbers("int32", [1, 1, 4], [1, 2, 2, 0]));
const isLabelled = constant(float32([1, 1, 4], [1, 1, 1, 0]));
const targets = {
  segment: constant(fromNumbers("int32", [1, 1, 4], [0, 1, 1, -1])),
  nonvoid: constant(fromNumbers("uint8", [1, 1, 4], [1, 1, 1, 0])),
  segmentClass: constant(fromNumbers("int32", [1, 2], [0, 1])),
};
const ones = constant(float32([1, 2], [1, 1]));
const matched: Matched = {
  ...{ targets, overlaps: maskOverlaps(maskLogits, targets, 2), classes: constant(float32([1, 2, 2], [1, 0, 0, 1])) },
  matching: {
    matrix: constant(float32([1, 2, 2], [1, 0, 0, 1])),
    slotOf: constant(fromNumbers("int64", [1, 2], [0, 1])),
    matched: ones,
  },
  ...{ matchedClass: ones, matchedDice: ones },
};

const softplus = (x: number) => Math.log(1 + Math.exp(x));
/** Of a pixel against the other slot, whose logit is lower by `ahead`. */
const maskLosses = [2, 1, 3].map((ahead) => softplus(-ahead));
const semanticLosses = [Math.log(2 + Math.E) - 1, Math.log(3), Math.log(2 + Math.exp(2)) - 2];

test.each([
  [0, [1, 1, 1]],
  [0.5, [1, Math.SQRT1_2, Math.SQRT1_2]],
  [1, [1, 0.5, 0.5]],
])("by an area power of %d pixels of a thing of 1 and of stuff of 2 pixels weigh %j", async (areaPower, weights) => {
  const ofAreas = areaWeights(matched, { areaPower });
  const temperature = { instanceTemperature: 0.5 };
  const { maskId, pixels, instance } = await evaluate(
    {
      maskId: maskIdTerm(matched, maskLogits, ofAreas).loss,
      pixels: semanticTerm(semanticLogits, semantic, isLabelled, ofAreas),
      instance: instanceTerm(matched, pixelFeature, 1, temperature, ofAreas).loss,
    },
    {},
  );
  const mean = (losses: readonly number[]) =>
    losses.reduce((total, loss, i) => total + weights[i] * loss, 0) / weights.reduce((total, weight) => total + weight);
  expect(toNumbers(maskId)[0]).toBeCloseTo(mean(maskLosses), 5);
  expect(toNumbers(pixels)[0]).toBeCloseTo(mean(semanticLosses), 5);
  // Of one thing alone, whatever it weighs: the product with its own mean is 1, with the stuff's 0.
  expect(toNumbers(instance)[0]).toBeCloseTo(softplus(-1 / 0.5), 5);
});
