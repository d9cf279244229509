import { settingsFrom, untoldBy } from "../../networks/transunet/found-settings.ts";
import { headsOf, hybridVitWeights } from "../../networks/transunet/weights.ts";
import type { WeightFile } from "../../weights/read-weights.ts";
import type { Imported, ImportOptions } from "../method.ts";
import { type DdepRecipe, recipes } from "./recipe.ts";

/**
 * The encoder of a published hybrid ViT (npz): what `supervised` and `ddep` begin with. It was trained by the JAX code,
 * so that code's conventions are set; a frozen encoder gives its trained features with no others.
 */
export function importEncoder(
  [file, ...others]: readonly WeightFile[],
  { patchOnly }: ImportOptions,
): Imported<DdepRecipe> | null {
  if (file.kind !== "npz" || others.length > 0) return null;
  const weights = hybridVitWeights(file.tensors, file.where, { patchOnly });
  const found = settingsFrom(weights, file.where);
  const heads = headsOf(file.tensors) ?? found.heads;
  const recipe: DdepRecipe = {
    ...recipes["ddep-cityscapes"],
    ...found,
    ...(heads !== undefined && { heads }),
    encoderConvention: "jax",
    // The run that is written has the encoder stage behind it, and no other.
    ...{ start: "supervised", encoderSteps: 1, denoiseSteps: 0, steps: 0 },
  };
  const { cropHeight: encoderCropHeight, cropWidth: encoderCropWidth } = recipe;
  return {
    recipe: { ...recipe, encoderCropHeight, encoderCropWidth },
    weights,
    outputs: null,
    untold: untoldBy(weights, { ...found, heads }),
  };
}
