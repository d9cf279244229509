import { expect, test } from "vitest";
import { UsageError } from "../../errors.ts";
import { type MaxDeepLabRecipe, recipes } from "./recipe.ts";
import { validate } from "./validate.ts";

const recipe = recipes["maxdeeplab-s"];

test.each<[string, Partial<MaxDeepLabRecipe>]>([
  ["without axial blocks", { axialFromStride: 64 }],
  ["with transformers from stride 4", { transformerFromStride: 4, extraTransformerFromStride: 4 }],
  ["with hourglasses", { extraHourglasses: 2 }],
  ["without feed-forward networks", { ffnChannels: 0 }],
  ["that see more in prediction", { predictionHeight: 1025, predictionWidth: 2049 }],
])("accepts networks %s", (_, changes) => {
  expect(() => validate({ ...recipe, ...changes })).not.toThrow();
});

test.each<[Partial<MaxDeepLabRecipe>, string]>([
  [{ cropHeight: 640 }, "cropHeight must be a multiple of 16, plus 1, from 33 to 4097, got 640. Try 641."],
  [
    { predictionWidth: 640 },
    "predictionWidth must be 0, or a multiple of 16, plus 1, from 33 to 4097, got 640. Try 641.",
  ],
  [{ slots: 0 }, "slots must be a whole number from 1 to 65536, got 0."],
  [{ heads: 3 }, "heads must be such that they split the widths of"],
  [{ stageBlocks: [3, 4, 6] }, "stageBlocks must be blocks of four stages, each 1 or more, got [3, 4, 6]."],
  [{ lowLevelChannels: [64] }, "lowLevelChannels must be two widths, each 1 or more, got [64]."],
  [{ classThreshold: 1.5 }, "classThreshold must be a number from 0 to 1, got 1.5."],
  [{ scaleMax: 0.4 }, "scaleMax must be a number of at least 0.5, got 0.4."],
  [
    { pqWeight: 0, maskIdWeight: 0, instanceWeight: 0, semanticWeight: 0 },
    "pqWeight must be above 0, as all four weights of the loss are 0, got 0. Make one of them 1.",
  ],
  [{ pqForm: "half" as "code" }, "pqForm must be one of code, paper, got half."],
])("refuses %o", (changes, message) => {
  expect(() => validate({ ...recipe, ...changes })).toThrow(`recipe maxdeeplab-s: ${message}`);
  expect(() => validate({ ...recipe, ...changes })).toThrow(UsageError);
});
