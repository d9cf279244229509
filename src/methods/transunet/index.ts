import { settingsFrom, untoldBy } from "../../backbones/transunet/found-settings.ts";
import { transunet as network } from "../../backbones/transunet/network.ts";
import { conventionOf, type Part, transferTransUNet } from "../../backbones/transunet/transfer.ts";
import { stateDictionaryWeights } from "../../backbones/transunet/weights.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { imageInput } from "../../nn/image-input.ts";
import { softmax } from "../../ops/index.ts";
import { checkTransUNet } from "../check-transunet.ts";
import { checkSegmentationLoss } from "../checks.ts";
import type { Earlier, Method, Task } from "../method.ts";
import { segmentationStage } from "../segmentation-stage.ts";
import { recipes, type TransUNetRecipe } from "./recipe.ts";

const logitsOf = (scope: Scope, image: Tensor, classes: number, recipe: TransUNetRecipe) =>
  network(scope, image, classes, recipe).logits;

/** All of another network but a head for other classes, or what there is of it: an encoder alone, say. */
function begin({ weights, recipe: from, source, stage }: Earlier, recipe: TransUNetRecipe, { classes }: Task) {
  const parts: readonly Part[] = stage === "denoise" ? ["encoder", "decoder"] : ["encoder", "decoder", "head"];
  return transferTransUNet(weights, from as TransUNetRecipe, recipe, { parts, outputs: classes.length, source });
}

export const transunet: Method<TransUNetRecipe> = {
  name: "transunet",
  paper: {
    authors: "Chen, Lu, Yu, Luo, Adeli, Wang, Lu, Yuille, Zhou",
    title: "TransUNet: Transformers Make Strong Encoders for Medical Image Segmentation",
    venue: "arXiv 2102.04306, 2021",
    url: "https://arxiv.org/abs/2102.04306",
  },
  task: "semantic",
  learnsFrom: "masks",
  recipes,
  stages: () => [segmentationStage("train", logitsOf, begin)],
  validate(recipe) {
    checkTransUNet(recipe);
    checkSegmentationLoss(recipe);
  },
  adopt: (recipe, { weights, recipe: from }) => ({ ...recipe, ...conventionOf(weights, from as TransUNetRecipe) }),
  imports(file) {
    if (file.kind === "npz") return null;
    const weights = stateDictionaryWeights(file.tensors, file.where);
    const found = settingsFrom(weights, file.where);
    const outputs = weights["head.weight"]?.shape[0] ?? null;
    const recipe: TransUNetRecipe = { ...recipes.transunet, ...found, encoderConvention: "transunet" };
    return { recipe, weights, outputs, untold: untoldBy(weights, found) };
  },
  stride: 16,
  predict: (scope, image, recipe, task) =>
    softmax(logitsOf(scope, imageInput(image), task.classes.length, recipe), { axis: 1 }),
};
