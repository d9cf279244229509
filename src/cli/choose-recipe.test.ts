import { expect, test } from "vitest";
import type { Dataset } from "../data/dataset.ts";
import { chooseRecipe, type EncoderAtHand } from "./choose-recipe.ts";

function photographs(width: number, height: number): Dataset {
  const ids = ["a", "b", "c"];
  const image = { width, height, data: new Uint8Array(3 * width * height) };
  return {
    ...{ name: "photos", split: "train", classes: [], kinds: ["mask"], ids, valueMap: {} },
    source: (index) => ids[index],
    read: async (index) => ({ id: ids[index], source: ids[index], image, labels: {} }),
  };
}

const mobilenet: EncoderAtHand = { name: "mobilenet-v2-tf", how: "a pretrained encoder is given" };

test.each<[string, number, number, EncoderAtHand | null, string, readonly string[]]>([
  ["large photographs", 640, 480, mobilenet, "unet-mobilenet", []],
  ["narrow photographs", 640, 210, mobilenet, "unet-mobilenet", []],
  ["small photographs", 240, 180, mobilenet, "unet-mobilenet", ["magnification=2", "cropHeight=128", "cropWidth=128"]],
  ["tiny photographs", 60, 90, mobilenet, "unet-mobilenet", ["magnification=2", "cropHeight=96", "cropWidth=64"]],
  ["small photographs and no encoder", 240, 180, null, "transunet-small", []],
  [
    "small ones, an encoder of one map",
    240,
    180,
    { ...mobilenet, name: "dinov2-small-14" },
    "dinov2-linear",
    ["cropHeight=182"],
  ],
])("%s, %i × %i", async (_, width, height, encoder, recipe, settings) => {
  expect(await chooseRecipe(photographs(width, height), encoder)).toMatchObject({ recipe, settings });
});
