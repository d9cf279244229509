import { networkOf } from "../../networks/network.ts";
import { inEncoder, type Part } from "../../networks/transfer.ts";
import { checksOf } from "../checks.ts";
import type { Method, Task } from "../method.ts";
import { checkNetworkTraining, encoderTraining, logitsOf, networkMethod } from "../network-method.ts";
import { segmentationStage } from "../segmentation-stage.ts";
import type { Stage, Trained, TrainingStage } from "../stage.ts";
import { cachedStages, checkCache } from "./cached.ts";
import { recipes, type UNetRecipe } from "./recipe.ts";

/** On features computed once, if so asked; otherwise with the encoder as it is for some steps, then with all. */
function stages(recipe: UNetRecipe, task: Task): Stage[] {
  const { frozenSteps, frozenWarmupSteps } = recipe;
  const begin = ({ weights, recipe: from, source, stage }: Trained) => {
    const parts: readonly Part[] = stage === "encoder" ? ["encoder"] : ["encoder", "decoder", "head"];
    return networkOf(recipe).transfer(weights, from, { parts, outputs: task.classes.length, source });
  };
  if (recipe.cacheMegabytes > 0) return recipe.steps > 0 ? cachedStages(recipe, task, begin) : [];
  const own = (parameter: string) => !inEncoder(parameter);
  const frozen = { ...recipe, steps: frozenSteps, warmupSteps: frozenWarmupSteps };
  const first: TrainingStage = {
    ...segmentationStage(logitsOf(recipe, task), frozen, task, { name: "frozen", begin, trains: own }),
    fields: { steps: "frozenSteps", warmupSteps: "frozenWarmupSteps" },
  };
  const all = segmentationStage(logitsOf(recipe, task), recipe, task, {
    ...{ name: "train", begin },
    ...encoderTraining(recipe.encoderRate),
  });
  return [...(frozenSteps > 0 ? [first] : []), ...(recipe.steps > 0 ? [all] : [])];
}

export const unet: Method<UNetRecipe> = {
  name: "unet",
  paper: {
    authors: "Ronneberger, Fischer, Brox",
    title: "U-Net: Convolutional Networks for Biomedical Image Segmentation",
    venue: "MICCAI 2015",
    url: "https://arxiv.org/abs/1505.04597",
  },
  recipes,
  formerly: { mapNorms: "none" },
  ...networkMethod,
  stages,
  validate(recipe) {
    checkNetworkTraining(recipe);
    const { number } = checksOf(recipe);
    number("frozenSteps", { least: 0, most: 99_999_999, whole: true }, "0 leaves them out.");
    checkCache(recipe);
  },
};
