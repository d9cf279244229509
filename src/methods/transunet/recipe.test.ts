import { describe, expect, test } from "vitest";
import { UsageError } from "../../errors.ts";
import { transunet } from "./index.ts";
import { recipes, type TransUNetRecipe } from "./recipe.ts";

test.each(Object.entries(recipes))("%s is valid and called by its name", (name, recipe) => {
  expect(() => transunet.validate(recipe)).not.toThrow();
  expect(recipe.name).toBe(name);
});

const small = { ...recipes["transunet-small"], stemWidth: 32, headChannels: 96, diceWeight: 0 };

describe("values that do not go together are refused", () => {
  test.each<[Partial<TransUNetRecipe>, string]>([
    [{ cropHeight: 180 }, "recipe transunet-small: cropHeight must be a multiple of 16 up to 8192, got 180. Try 176."],
    [{ cropWidth: 0 }, "cropWidth must be a multiple of 16 up to 8192, got 0"],
    [{ heads: 5 }, "tokenWidth must be a multiple of heads (5), got 192. Try 190."],
    [{ normGroups: 12 }, "stemWidth must be a multiple of normGroups (12), got 32. Try 36."],
    [
      { stageUnits: [2, 2] },
      "stageUnits must be 3 whole numbers (or none, for patches alone) from 1 to 256, got [2, 2]. As in 3, 4, 9.",
    ],
    [{ decoderChannels: [96, 64, 48, 0] }, "decoderChannels must be 4 whole numbers"],
    [{ widthMultiplier: 1.3 }, "widthMultiplier must be a factor that keeps 96 channels whole, got 1.3"],
    [{ skips: 4 }, "skips must be one of 3, 2, 1, 0, got 4"],
    [{ dropout: 1 }, "dropout must be at least 0 and below 1, got 1. Use 0 for none."],
    [{ crossEntropyWeight: 0 }, "crossEntropyWeight must be above 0 where no other loss is used"],
    [{ focalGamma: 0.5 }, "focalGamma must be 0 or at least 1, got 0.5"],
    [{ classWeightLimit: 0 }, "classWeightLimit must be a number of at least 1"],
  ])("%o", (change, message) => {
    expect(() => transunet.validate({ ...small, ...change })).toThrow(message);
    expect(() => transunet.validate({ ...small, ...change })).toThrow(UsageError);
  });
});
