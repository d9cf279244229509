import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { networkOf } from "../../networks/network.ts";
import type { Part } from "../../networks/transfer.ts";
import { imageInput } from "../../nn/image-input.ts";
import { softmax } from "../../ops/index.ts";
import { certaintyView } from "../certainty-view.ts";
import { checkNetwork } from "../check-network.ts";
import { checkSegmentationLoss, checksOf } from "../checks.ts";
import { encoderTraining, inEncoder, openedEncoder } from "../encoder-training.ts";
import type { Method, Task } from "../method.ts";
import { segmentationStage } from "../segmentation-stage.ts";
import type { Stage, Trained, TrainingStage } from "../stage.ts";
import { cachedStages, checkCache } from "./cached.ts";
import { recipes, type UNetRecipe } from "./recipe.ts";

/** image: [B, 3, H, W] in [−1, 1] → class scores [B, K, H, W]. */
const logitsOf =
  (recipe: UNetRecipe, { classes }: Task) =>
  (scope: Scope, image: Tensor) =>
    networkOf(recipe).logits(scope, image, classes.length);

/** image: [B, H, W, 3] uint8 → class probabilities [B, K, H, W]. */
const probabilitiesOf = (recipe: UNetRecipe, task: Task) => (scope: Scope, image: Tensor) =>
  softmax(logitsOf(recipe, task)(scope, imageInput(image)), { axis: 1 });

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
    ...encoderTraining(recipe),
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
  vocabulary: "closed",
  stages,
  model(recipe, task) {
    const { multiple, size } = networkOf(recipe);
    return { kind: "semantic", stride: multiple, ...(size && { window: size }), scores: probabilitiesOf(recipe, task) };
  },
  views: (recipe, task) => [certaintyView(recipe, probabilitiesOf(recipe, task))],
  validate(recipe) {
    checkNetwork(recipe);
    checkSegmentationLoss(recipe);
    const { number } = checksOf(recipe);
    number("frozenSteps", { least: 0, most: 99_999_999, whole: true }, "0 leaves them out.");
    checkCache(recipe);
  },
  adopt: (recipe, from) =>
    Object.assign(
      { ...recipe },
      ...from.map(({ weights, recipe: before }) => networkOf(recipe).adopted(weights, before)),
    ) as UNetRecipe,
  encoder: (file, recipe) => openedEncoder(file, recipe),
};
