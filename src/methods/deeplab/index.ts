import { InputError } from "../../errors.ts";
import { networkOf } from "../../networks/network.ts";
import type { Part } from "../../networks/transfer.ts";
import { checksOf } from "../checks.ts";
import type { Method, Task } from "../method.ts";
import { checkMultiScale, multiScaleModel, multiScaleStage } from "../multi-scale.ts";
import { checkNetworkTraining, encoderTraining, isOfNorm, networkMethod } from "../network-method.ts";
import type { Beginning, Trained, TrainingStage } from "../stage.ts";
import { importDeepLab } from "./import.ts";
import { type DeepLabRecipe, recipes } from "./recipe.ts";

/** An encoder, or all of another network but a head for other classes. Throws InputError where weights have neither. */
function begin({ weights, recipe: from, source, stage }: Trained, recipe: DeepLabRecipe, { classes }: Task): Beginning {
  const parts: readonly Part[] = stage === "encoder" ? ["encoder"] : ["encoder", "decoder", "head"];
  const given = Object.keys(weights).some((name) => parts.includes(name.split(".")[0] as Part));
  if (given) return networkOf(recipe).transfer(weights, from, { parts, outputs: classes.length, source });
  throw new InputError(
    `${source}: expected weights of an encoder, a decoder or a head, got none. Masks that a run made are learned from by --masks-from ${source}.`,
  );
}

/** Norms that rest keep their scale and shift as well, as published: only convolutions learn. */
function trained(recipe: DeepLabRecipe): Pick<TrainingStage, "trains" | "group"> {
  const { trains = () => true, ...rates } = encoderTraining(recipe.encoderRate, recipe.biasRate);
  return { ...rates, trains: (name) => trains(name) && !(recipe.encoderNorms === "frozen" && isOfNorm(name)) };
}

export const deepLab: Method<DeepLabRecipe> = {
  name: "deeplab",
  paper: {
    authors: "Chen, Papandreou, Kokkinos, Murphy, Yuille",
    title:
      "DeepLab: Semantic Image Segmentation with Deep Convolutional Nets, Atrous Convolution, and Fully Connected CRFs",
    venue: "TPAMI 2018",
    url: "https://arxiv.org/abs/1606.00915",
  },
  recipes,
  ...networkMethod,
  model: multiScaleModel,
  stages: (recipe, task) => [
    multiScaleStage(recipe, task, {
      name: "train",
      begin: (from) => begin(from, recipe, task),
      ...trained(recipe),
    }),
  ],
  imports: importDeepLab,
  validate(recipe) {
    checkNetworkTraining(recipe);
    checkMultiScale(recipe);
    checksOf(recipe).number("biasRate", { least: 0, above: true }, "2 is as published.");
  },
};
