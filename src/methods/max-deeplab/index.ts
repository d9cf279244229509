import type { Method } from "../method.ts";
import { classifyStage } from "./classify-stage.ts";
import { importMaxDeepLab } from "./import.ts";
import { panopticModel } from "./prediction.ts";
import { type MaxDeepLabRecipe, predictionFields, recipes } from "./recipe.ts";
import { encoderFile } from "./resnet-start.ts";
import { panopticStage } from "./stage.ts";
import { study } from "./study.ts";
import { validate } from "./validate.ts";
import { slotViews } from "./views.ts";

export const maxDeepLab: Method<MaxDeepLabRecipe> = {
  name: "max-deeplab",
  paper: {
    authors: "Wang, Zhu, Adam, Yuille, Chen",
    title: "MaX-DeepLab: End-to-End Panoptic Segmentation with Mask Transformers",
    venue: "CVPR 2021",
    url: "https://arxiv.org/abs/2012.00759",
  },
  vocabulary: "closed",
  recipes,
  study,
  predictionFields,
  formerly: { predictionHeight: 0, predictionWidth: 0, memoryToPixel: true },
  stages: (recipe, task) => [
    ...(recipe.classifySteps > 0 ? [classifyStage(recipe, task)] : []),
    // Without steps where another run is to learn the segments.
    ...(recipe.steps > 0 || recipe.classifySteps === 0 ? [panopticStage(recipe, task)] : []),
  ],
  model: panopticModel,
  views: slotViews,
  validate,
  encoder: encoderFile,
  imports: importMaxDeepLab,
};
