import type { WeightFile } from "../../weights/read-weights.ts";
import type { Imported, ImportOptions, Method } from "../method.ts";
import { officialFile, portFiles } from "./file-writers.ts";
import { importedGroupViT } from "./files.ts";
import { groupViews } from "./group-views.ts";
import { usualPreparation } from "./port-preparation.ts";
import { wordModel } from "./prediction.ts";
import { type GroupViTRecipe, predictionFields, recipes } from "./recipe.ts";
import { captionStage } from "./stage.ts";
import { validate } from "./validate.ts";
import { normalizations } from "./window-scores.ts";
import { loadWords } from "./words.ts";

const licence = "NVIDIA Source Code License for GroupViT: non-commercial use only";

/** The released weights, by the names of their files and of their repositories in Hugging Face's cache. */
const released = /group_vit_gcc_(?:yfcc|redcap)|nvidia(?:--|[\\/])groupvit-/;

/** What predicts as the authors' code does, whatever the files are for: their windows are twice the size of training. */
function imports(files: readonly WeightFile[], options: ImportOptions): Imported<GroupViTRecipe> | null {
  const imported = importedGroupViT(files, options, ({ settings }) => {
    const side = settings.imageSize;
    const { longSide, imageSize } = recipes["groupvit-2stage"];
    return {
      ...recipes["groupvit-2stage"],
      ...settings,
      ...{ cropHeight: side, cropWidth: side, windowSide: 2 * side, shortSide: 2 * side },
      longSide: Math.round((longSide * side) / imageSize),
    };
  });
  const source = files.find(({ where }) => released.test(where));
  if (imported === null || source === undefined) return imported;
  const note = `${source.where}: these weights are NVIDIA's, for non-commercial use only (https://github.com/NVlabs/GroupViT/blob/main/LICENSE).`;
  return { ...imported, licence, notes: [...(imported.notes ?? []), note] };
}

export const groupvit: Method<GroupViTRecipe> = {
  name: "groupvit",
  paper: {
    authors: "Xu, De Mello, Liu, Byeon, Breuel, Kautz, Wang",
    title: "GroupViT: Semantic Segmentation Emerges from Text Supervision",
    venue: "CVPR 2022",
    url: "https://arxiv.org/abs/2202.11094",
  },
  vocabulary: "open",
  recipes,
  predictionFields,
  ready: loadWords,
  stages: (recipe) => [captionStage(recipe)],
  model: wordModel,
  views: groupViews,
  forms: {
    official({ weights, recipe, source }) {
      const bytes = officialFile({ settings: recipe as GroupViTRecipe, weights }, source);
      return { content: { ending: ".pth", bytes }, notes: [] };
    },
    hf({ weights, recipe, source, licence }) {
      const settings = recipe as GroupViTRecipe;
      const normalization = normalizations[settings.normalization];
      const preparation = { ...usualPreparation(settings.imageSize), normalization };
      const options = { preparation, ...(licence !== undefined && { licence }) };
      const { files, notes } = portFiles({ settings, weights }, options, source);
      return { content: { files }, notes };
    },
  },
  validate,
  imports,
};
