import { expect, test } from "vitest";
import { UsageError } from "../../errors.ts";
import { baseRecipe, type Recipe } from "../recipe.ts";
import { resolveRecipe } from "../resolve-recipe.ts";
import { recipes } from "./recipe.ts";
import { type GroupViTSettings, oneStageGroupViT, publishedGroupViT } from "./settings.ts";
import { checkGroupViT, validate } from "./validate.ts";

const recipe: Recipe & GroupViTSettings = {
  ...baseRecipe,
  ...{ name: "test", method: "groupvit", cropHeight: 224, cropWidth: 224 },
  ...publishedGroupViT,
};

test.each<[string, Partial<GroupViTSettings>]>([
  ["with two grouping stages", {}],
  ["with one", oneStageGroupViT],
  ["as the Hugging Face port lists its output groups", { outputGroups: [64, 8, 8] }],
  ["with none", { widthFactors: [1], heads: [6], depths: [12], groupTokens: [0], outputGroups: [] }],
  ["of sums", { sumAssign: true, assignEps: 0 }],
  ["with a given end token", { textEndToken: 49_407 }],
])("accepts the published sizes %s", (_, changes) => {
  expect(() => checkGroupViT({ ...recipe, ...changes })).not.toThrow();
});

test.each<[Partial<Recipe & GroupViTSettings>, string]>([
  [
    { depths: [6, 0, 3] },
    "depths must be blocks of at least one stage, each 1 or more, got [6, 0, 3]. 6, 3, 3 is usual.",
  ],
  [{ heads: [6, 6] }, "heads must be one number for each of 3 stages, 1 or more, got [6, 6]."],
  [{ heads: [6, 5, 6] }, "heads must be such that they split the width of each stage (384 of stage 2), got [6, 5, 6]."],
  [{ groupTokens: [64, 0, 8] }, "groupTokens must be one number for each of 3 stages, 1 or more but for the last"],
  [{ outputGroups: [64] }, "outputGroups must be one number for each of 2 grouping stages, 1 or more, got [64]."],
  [{ widthFactors: [1, 0, 1] }, "widthFactors must be one number for each of 3 stages, above 0, got [1, 0, 1]."],
  [{ stemChannels: [32, 60] }, "stemChannels must be numbers of channels that 8 divides, got [32, 60]."],
  [
    { stemChannels: [8, 8, 8, 8, 8] },
    "patchSize must be a multiple of 32, as each of stemChannels halves the sides, got 16. Try 32.",
  ],
  [{ imageSize: 230 }, "imageSize must be a multiple of patchSize (16), got 230. Try 224."],
  [{ cropWidth: 256 }, "cropWidth must be as imageSize (224), got 256. Set cropWidth=224."],
  [{ position: "sinusoidal", width: 390 }, "width must be a multiple of 4 where positions are sinusoidal, got 390."],
  [{ assignMlpRatio: [0.5] }, "assignMlpRatio must be two numbers above 0, for tokens and for channels, got [0.5]."],
  [{ assignEps: 0 }, "assignEps must be above 0 unless sumAssign is true, got 0. 1 is usual."],
  [{ textHeads: 5 }, "textWidth must be a multiple of textHeads (5), got 256. Try 255."],
  [
    { textEndToken: 49_408 },
    "textEndToken must be a token id below 49408, or -1 for the largest of a text, got 49408.",
  ],
  [{ batchSize: 1 }, "batchSize must be at least 2, since the projections norm over the batch, got 1."],
  [{ dropPath: 1 }, "dropPath must be a number from 0 to 0.999, got 1."],
])("refuses %o", (changes, message) => {
  expect(() => checkGroupViT({ ...recipe, ...changes })).toThrow(`recipe test: ${message}`);
  expect(() => checkGroupViT({ ...recipe, ...changes })).toThrow(UsageError);
});

test("takes stop words on the command line, also where there are none now", () => {
  const { recipe: set } = resolveRecipe("groupvit-small", ["promptStopWords=image,side"]);
  expect(set).toMatchObject({ promptStopWords: ["image", "side"] });
  expect(() => resolveRecipe("groupvit-small", ["stemChannels=wide,narrow"])).toThrow("stemChannels must be");
  expect(() => resolveRecipe("groupvit-small", ["outputGroups=many"])).toThrow("outputGroups must be");
});

test("refuses stop words that no word in lower case would be", () => {
  const tiny = { ...recipes["groupvit-tiny"], promptStopWords: ["Side"] };
  expect(() => validate(tiny)).toThrow("promptStopWords must be a list of words in lower case, got [Side].");
});
