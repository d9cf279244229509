import { conventionOf } from "../../backbones/transunet/transfer.ts";
import { UsageError } from "../../errors.ts";
import { imageInput } from "../../nn/image-input.ts";
import { softmax } from "../../ops/index.ts";
import type { Method } from "../method.ts";
import { denoiseStage } from "./denoise-stage.ts";
import { encoderStage } from "./encoder-stage.ts";
import { finetuneStage, logitsOf } from "./finetune-stage.ts";
import { importEncoder } from "./import.ts";
import { type DdepRecipe, recipes } from "./recipe.ts";
import { study } from "./study.ts";
import { validate } from "./validate.ts";

/** The parts of a start that are still to be trained. */
function stages({ start, encoderSteps, denoiseSteps, steps }: DdepRecipe) {
  const classified = start === "supervised" || start === "ddep";
  const denoises = start === "dep" || start === "ddep";
  const encoder = classified ? "a pretrained encoder (encoderSteps is 0)" : undefined;
  return [
    ...(classified && encoderSteps > 0 ? [encoderStage] : []),
    ...(denoises && denoiseSteps > 0 ? [denoiseStage(encoder)] : []),
    ...(steps > 0 ? [finetuneStage(denoises ? "a network pretrained by denoising (denoiseSteps is 0)" : encoder)] : []),
  ];
}

export const ddep: Method<DdepRecipe> = {
  name: "ddep",
  paper: {
    authors: "Brempong, Kornblith, Chen, Parmar, Minderer, Norouzi",
    title: "Denoising Pretraining for Semantic Segmentation",
    venue: "CVPR Workshops 2022; extended: Decoder Denoising Pretraining, TMLR 2022",
    url: "https://arxiv.org/abs/2205.11423",
  },
  task: "semantic",
  learnsFrom: "masks",
  recipes,
  study,
  stages,
  validate,
  adopt(recipe, { stage, weights, source, recipe: from }) {
    if (recipe.start === "none") {
      throw new UsageError(
        `recipe ${recipe.name}: start none begins with random weights, got those of ${source}. Add --set start=supervised, dep or ddep, or leave --from out.`,
      );
    }
    if (recipe.start === "dep" && stage === "encoder") {
      throw new UsageError(
        `recipe ${recipe.name}: start dep denoises from random weights, got the encoder of ${source}. Add --set start=ddep, or leave --from out.`,
      );
    }
    const hasEncoder = Object.keys(weights).some((name) => name.startsWith("transformer."));
    return {
      ...recipe,
      ...conventionOf(weights, from as DdepRecipe),
      ...(hasEncoder && { encoderSteps: 0 }),
      ...(stage === "denoise" && { denoiseSteps: 0 }),
    };
  },
  imports: importEncoder,
  stride: 16,
  predict: (scope, image, recipe, task) =>
    softmax(logitsOf(scope, imageInput(image), task.classes.length, recipe), { axis: 1 }),
};
