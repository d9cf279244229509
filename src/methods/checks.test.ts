import { expect, test } from "vitest";
import { publishedImageAugmentation } from "../data/augment-image.ts";
import { checkImageAugmentation } from "./checks.ts";
import { baseRecipe } from "./recipe.ts";

const recipe = { ...baseRecipe, ...publishedImageAugmentation, name: "r", method: "m" };

test("the published augmentation is in range", () => {
  expect(() => checkImageAugmentation(recipe)).not.toThrow();
});

test.each([
  ["cropHeight", 0, "a whole number of at least 1, got 0. Try 224."],
  ["cropWidth", 1.5, "a whole number of at least 1, got 1.5."],
  ["cropAreaMin", 0, "a number above 0 and at most 1, got 0. Try 0.08."],
  ["cropAreaMax", 0.05, "a number from 0.08 to 1, got 0.05."],
  ["cropAreaMax", 1.1, "a number from 0.08 to 1, got 1.1."],
  ["cropRatioMin", -1, "a number above 0 and at most 100, got -1."],
  ["cropRatioMax", 0.5, "a number from 0.75 to 100, got 0.5."],
  ["flipProbability", 2, "a number from 0 to 1, got 2."],
  ["randAugmentOperations", 1.5, "a whole number from 0 to 100, got 1.5."],
  ["randAugmentMagnitude", 11, "a number from 0 to 10, got 11. Try 9."],
  ["randAugmentDeviation", -1, "a number from 0 to 10, got -1."],
  ["randAugmentProbability", Number.NaN, "a number from 0 to 1, got NaN."],
  ["erasingProbability", -0.1, "a number from 0 to 1, got -0.1. Use 0 for never."],
])("%s of %d is refused in one line", (key, value, expected) => {
  expect(() => checkImageAugmentation({ ...recipe, [key]: value })).toThrow(`recipe r: ${key} must be ${expected}`);
});
