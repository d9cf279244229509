import { networkOf } from "../../networks/network.ts";
import type { Part } from "../../networks/transfer.ts";
import { settingsFrom, untoldBy } from "../../networks/transunet/found-settings.ts";
import { ourName, stateDictionaryWeights } from "../../networks/transunet/weights.ts";
import type { Method, Task } from "../method.ts";
import { checkNetworkTraining, logitsOf, networkMethod } from "../network-method.ts";
import { segmentationStage } from "../segmentation-stage.ts";
import type { Trained } from "../stage.ts";
import { recipes, type TransUNetRecipe } from "./recipe.ts";

/** All of another network but a head for other classes, or what there is of it: an encoder alone, say. */
function begin({ weights, recipe: from, source, stage }: Trained, recipe: TransUNetRecipe, { classes }: Task) {
  const parts: readonly Part[] = stage === "denoise" ? ["encoder", "decoder"] : ["encoder", "decoder", "head"];
  return networkOf(recipe).transfer(weights, from, { parts, outputs: classes.length, source });
}

export const transunet: Method<TransUNetRecipe> = {
  name: "transunet",
  paper: {
    authors: "Chen, Lu, Yu, Luo, Adeli, Wang, Lu, Yuille, Zhou",
    title: "TransUNet: Transformers Make Strong Encoders for Medical Image Segmentation",
    venue: "arXiv 2102.04306, 2021",
    url: "https://arxiv.org/abs/2102.04306",
  },
  recipes,
  ...networkMethod,
  stages: (recipe, task) => [
    segmentationStage(logitsOf(recipe, task), recipe, task, {
      name: "train",
      begin: (from) => begin(from, recipe, task),
    }),
  ],
  validate(recipe) {
    checkNetworkTraining(recipe);
  },
  imports([file, ...others]) {
    if (file.kind === "npz" || others.length > 0) return null;
    // Of a file in which nothing is called as in a TransUNet, others may know more.
    if (Object.keys(file.tensors).every((name) => ourName(name) === undefined)) return null;
    const weights = stateDictionaryWeights(file.tensors, file.where);
    const found = settingsFrom(weights, file.where);
    const outputs = weights["head.weight"]?.shape[0] ?? null;
    const recipe: TransUNetRecipe = { ...recipes.transunet, ...found, encoderConvention: "transunet" };
    return { recipe, weights, outputs, untold: untoldBy(weights, found) };
  },
};
