import { InputError } from "../../errors.ts";
import { networkOf } from "../../networks/network.ts";
import type { Part } from "../../networks/transfer.ts";
import type { Task } from "../method.ts";
import { encoderTraining, logitsOf } from "../network-method.ts";
import { segmentationStage } from "../segmentation-stage.ts";
import type { Beginning, Trained, TrainingStage } from "../stage.ts";
import { foldCondition } from "./conditioning.ts";
import type { DdepRecipe } from "./recipe.ts";

/**
 * What fine-tuning takes over: of a network that was fine-tuned before all, of a denoised one encoder and decoder (for
 * `supervised` the encoder alone), of others the encoder.
 */
function partsFrom(stage: string, start: DdepRecipe["start"]): readonly Part[] {
  if (stage === "finetune") return ["encoder", "decoder", "head"];
  return stage === "denoise" && start !== "supervised" ? ["encoder", "decoder"] : ["encoder"];
}

/**
 * The encoder and, for `dep` and `ddep`, the decoder with its running statistics; the three-channel head goes, a new one
 * takes its place. A decoder that was told the level of the noise is folded at the mean level first.
 */
function begin({ weights, recipe: from, stage, source }: Trained, recipe: DdepRecipe, { classes }: Task): Beginning {
  if ((recipe.start === "dep" || recipe.start === "ddep") && stage !== "denoise" && stage !== "finetune") {
    throw new InputError(
      `${source}: expected a network pretrained by denoising for start ${recipe.start}, got one of stage ${stage}. Set denoiseSteps above 0, or start=supervised.`,
    );
  }
  const parts = partsFrom(stage, recipe.start);
  const before = from as DdepRecipe;
  const folds = "condition.hidden.weight" in weights && parts.includes("decoder");
  const sigma = folds ? meanSigma(before) : 0;
  const plain = folds ? foldCondition(weights, sigma) : weights;
  const taken = networkOf(recipe).transfer(plain, before, { parts, outputs: classes.length, source });
  return folds
    ? { ...taken, notes: [...taken.notes, `conditioning on the level folded away at sigma ${sigma.toPrecision(3)}`] }
    : taken;
}

/** σ in the middle of the levels. */
export function meanSigma({ noiseLevelMin, noiseLevelMax, noiseMeasure }: DdepRecipe): number {
  const level = (noiseLevelMin + noiseLevelMax) / 2;
  return noiseMeasure === "sigma" ? level : Math.sqrt(1 / level - 1);
}

/** Fine-tuning of the whole network on the labelled images. requires: see `Stage`. */
export function finetuneStage(recipe: DdepRecipe, task: Task, requires: string | undefined): TrainingStage {
  return segmentationStage(logitsOf(recipe, task), recipe, task, {
    ...{ name: "finetune", requires },
    begin: (from) => begin(from, recipe, task),
    ...encoderTraining("encoderRate" in recipe ? recipe.encoderRate : 1),
  });
}
