/** The sizes of a directory of the port: what becomes of them in a run, and that they go out as they came in. */
import { describe, expect, test } from "vitest";
import { movedWeights } from "../../../test/support/weights.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { clipNormalization, imagenetNormalization } from "../../nn/image-input.ts";
import { readWeights } from "../../weights/read-weights.ts";
import { portFiles } from "./file-writers.ts";
import { forms } from "./forms.ts";
import { importGroupViT } from "./import.ts";
import { encodePairs, pairLosses } from "./network.ts";
import { type PortPreparation, preparationText } from "./port-preparation.ts";
import type { GroupViTRecipe } from "./recipe.ts";
import { type GroupViTSettings, publishedGroupViT } from "./settings.ts";
import { classifyShortSideOf, usualWholeSide, wholePreparation } from "./whole-preparation.ts";

const small: GroupViTSettings = {
  ...publishedGroupViT,
  ...{ imageSize: 24, patchSize: 8, width: 12, heads: [3, 3, 3], depths: [1, 1, 1] },
  ...{ groupTokens: [5, 3, 0], outputGroups: [5, 3] },
  ...{ textContext: 7, textWidth: 8, textHeads: 2, textLayers: 1, textVocabulary: 30 },
  ...{ projectionHidden: 10, projectionWidth: 6, prompts: 0 },
};

const model = new Model();
const ids = input("ids", [1, 1, 2], "int64");
pairLosses(model.scope, encodePairs(model.scope, input("images", [1, 3, 24, 24]), ids, small), small);
const weights = movedWeights(model);

/** A run of a directory whose pictures are prepared so, and what it says of them. */
async function imported(preparation: PortPreparation, folder = "folder") {
  const { files } = portFiles({ settings: small, weights }, { preparation });
  const tensors = await readWeights(files["model.safetensors"] as Uint8Array, `${folder}/model.safetensors`);
  const beside = {
    "config.json": files["config.json"] as string,
    "preprocessor_config.json": files["preprocessor_config.json"] as string,
  };
  const found = importGroupViT([tensors], { patchOnly: false, beside })!;
  return { ...found, notes: (found.notes ?? []).filter((note) => !note.includes("NVIDIA")) };
}

/** `preprocessor_config.json` of such a run once it goes out. */
async function written(recipe: GroupViTRecipe, of = weights): Promise<unknown> {
  const form = await forms.hf({ weights: of, recipe, source: "run", licence: "MIT" });
  return (form!.content as { files: Record<string, unknown> }).files["preprocessor_config.json"];
}

const port = (shortSide: number, crop = 24): PortPreparation => ({
  ...{ shortSide, crop, normalization: clipNormalization },
});
const authors = (shortSide: number): PortPreparation => ({ ...port(shortSide), normalization: imagenetNormalization });

describe("a directory's size of whole photographs", () => {
  test.each<[string, PortPreparation, Partial<GroupViTRecipe>]>([
    ["the port's own", port(24), { normalization: "hf", classifyShortSide: 0 }],
    ["larger, with the port's colours", port(40), { normalization: "hf", classifyShortSide: 40 }],
    ["the authors' own", authors(27), { normalization: "official", classifyShortSide: 0 }],
    ["larger, with the authors' colours", authors(40), { normalization: "official", classifyShortSide: 40 }],
    ["smaller, with the authors' colours", authors(24), { normalization: "official", classifyShortSide: 24 }],
  ])("is kept and goes out as it came in: %s", async (_, preparation, fields) => {
    const { recipe, notes } = await imported(preparation);
    expect([recipe, notes]).toEqual([expect.objectContaining(fields), []]);
    expect(wholePreparation(recipe)).toEqual(preparation);
    expect(await written(recipe)).toBe(preparationText(preparation));
  });

  test("changes nothing of how photographs are scaled for masks", async () => {
    const [one, other] = [(await imported(port(24))).recipe, (await imported(port(40))).recipe];
    expect(other).toEqual({ ...one, classifyShortSide: 40 });
  });

  test("of the released weights is the authors', unless somebody set another", async () => {
    const folder = "hub/models--nvidia--groupvit-gcc-yfcc";
    const fields = async (preparation: PortPreparation) => {
      const { normalization, classifyShortSide } = (await imported(preparation, folder)).recipe;
      return [normalization, classifyShortSide];
    };
    expect(await fields(port(24))).toEqual(["official", 0]);
    expect(await fields(port(40))).toEqual(["official", 40]);
  });
});

describe("squares that the network does not see", () => {
  test.each<[PortPreparation, number, string[]]>([
    [
      port(48, 48),
      0,
      [
        "folder/model.safetensors: the network sees squares of 24 pixels, not of 48: for the same part of a whole photograph its shorter side is scaled to 24, not to 48.",
      ],
    ],
    [port(64, 48), 32, [expect.stringContaining("its shorter side is scaled to 32, not to 64.")]],
    [
      port(20),
      0,
      ["folder/model.safetensors: whole photographs fill the square of 24 pixels, with nothing black around them."],
    ],
    [port(36, 48), 0, [expect.stringContaining("scaled to 18, not to 36."), expect.stringContaining("nothing black")]],
  ])("are told, and the same part of a photograph is taken: %o", async (preparation, side, wanted) => {
    const { recipe, notes } = await imported(preparation);
    expect([recipe.classifyShortSide, notes]).toEqual([side, wanted]);
  });
});

test("what is usual is the authors' margin around the square, or the port's none", () => {
  expect(usualWholeSide({ imageSize: 224, normalization: "official" })).toBe(256);
  expect(usualWholeSide({ imageSize: 224, normalization: "hf" })).toBe(224);
  const { classifyShortSide } = classifyShortSideOf(port(256, 224), { imageSize: 224, normalization: "hf" }, "p");
  expect(classifyShortSide).toBe(256);
});
