import { findEncoder } from "../../backbones/encoders.ts";
import { networkOf } from "../../networks/network.ts";
import { usualUNet } from "../../networks/unet/settings.ts";
import type { Method, Task } from "../method.ts";
import type { SemanticModel } from "../model.ts";
import type { Stage } from "../stage.ts";
import { adopt } from "./adopt.ts";
import { forms } from "./forms.ts";
import { importGss } from "./import.ts";
import { inverseStage, leastSquaresPass, posteriorStage } from "./inverse-stages.ts";
import { predictedScores } from "./network.ts";
import { priorStage } from "./prior-stage.ts";
import { publishedRecipes } from "./published-recipes.ts";
import { type GssRecipe, recipes } from "./recipe.ts";
import { study } from "./study.ts";
import { tokenizerStage, tokenizerTrials } from "./tokenizer-stage.ts";
import { needsLeastSquares, trainsColors, trainsInverse } from "./transform.ts";
import { validate } from "./validate.ts";
import { maskigeViews } from "./views.ts";

/** The tokenizer, what reads its maskiges, what predicts tokens, and again what reads, as far as a recipe trains them. */
function stages(recipe: GssRecipe, task: Task): Stage[] {
  const { tokenizerSteps, inverseSteps, inverseSource, steps } = recipe;
  const tokenizer = "a trained tokenizer (tokenizerSteps is 0)";
  const trained = trainsColors(recipe) || (trainsInverse(recipe) && inverseSource === "posterior");
  const mended = trainsInverse(recipe) && !trainsColors(recipe) && inverseSource === "prior";
  return [
    ...(tokenizerSteps > 0 ? [tokenizerStage(recipe, task)] : []),
    ...(trained && inverseSteps > 0 ? [posteriorStage(recipe, task, tokenizer)] : []),
    ...(needsLeastSquares(recipe) && steps > 0 ? [leastSquaresPass(recipe, task, tokenizer)] : []),
    ...(steps > 0 ? [priorStage(recipe, task, tokenizer)] : []),
    ...(mended && inverseSteps > 0 ? [inverseStage(recipe, task, "a trained prior (steps is 0)")] : []),
  ];
}

function model(recipe: GssRecipe, task: Task): SemanticModel {
  const { multiple, size } = findEncoder(recipe.encoder);
  return {
    ...{ kind: "semantic", stride: multiple, ...(size && { window: size }) },
    scores: (scope, image) => predictedScores(scope, image, recipe, task),
    ...(trainsInverse(recipe) && { averages: "logits" }),
  };
}

export const gss: Method<GssRecipe> = {
  name: "gss",
  paper: {
    authors: "Chen, Lu, Zhu, Zhang",
    title: "Generative Semantic Segmentation",
    venue: "CVPR 2023",
    url: "https://arxiv.org/abs/2303.11316",
  },
  vocabulary: "closed",
  recipes: { ...recipes, ...publishedRecipes },
  study,
  predictionFields: ["scoreTemperature"],
  stages,
  model,
  views: (recipe, task) => [...maskigeViews(recipe, task), ...tokenizerTrials(recipe, task, { images: 4, twice: 4 })],
  validate,
  adopt,
  imports: importGss,
  forms,
  encoder(file, recipe) {
    const { weights, settings } = networkOf({ ...usualUNet, ...recipe }).encoder(file);
    return { stage: "encoder", weights, recipe: { ...recipe, ...settings } };
  },
};
