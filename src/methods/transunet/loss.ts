import type { Named } from "../../array/ndarray.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { crossEntropy } from "../../losses/cross-entropy.ts";
import { diceLoss } from "../../losses/dice.ts";
import { focalLoss } from "../../losses/focal.ts";
import { mul } from "../../ops/index.ts";
import type { TransUNetRecipe } from "./recipe.ts";

export type LossRecipe = Pick<
  TransUNetRecipe,
  | "crossEntropyWeight"
  | "diceWeight"
  | "focalWeight"
  | "focalGamma"
  | "labelSmoothing"
  | "classWeights"
  | "classWeightPower"
  | "classWeightLimit"
>;

/**
 * Weights for classes of unequal frequency: (median / frequency)^power, kept within 1/limit … limit; the median is over
 * the classes that occur (Eigen and Fergus 2015, sec. 6.3.2, there with power 1). A class that never occurs weighs 1.
 *
 * frequencies: share of the labelled pixels per class.
 */
export function balancedWeights(frequencies: readonly number[], power: number, limit: number): number[] {
  const present = frequencies.filter((share) => share > 0).sort((a, b) => a - b);
  const middle = present.length / 2;
  const median = Number.isInteger(middle) ? (present[middle - 1] + present[middle]) / 2 : present[Math.floor(middle)];
  return frequencies.map((share) => (share > 0 ? Math.min(limit, Math.max(1 / limit, (median / share) ** power)) : 1));
}

/**
 * The terms that training lowers, each times its factor in the recipe.
 *
 * logits: [B, K, H, W]; labels: [B, H, W] integers, 255 where ignored; frequencies: as in `Task`, used by "balanced".
 */
export function segmentationLoss(
  logits: Tensor,
  labels: Tensor,
  recipe: LossRecipe,
  frequencies: readonly number[],
): Named<Tensor> {
  const { crossEntropyWeight, diceWeight, focalWeight, focalGamma: gamma, labelSmoothing } = recipe;
  const balanced = recipe.classWeights === "balanced" && frequencies.length > 0;
  const classWeights = balanced
    ? balancedWeights(frequencies, recipe.classWeightPower, recipe.classWeightLimit)
    : undefined;

  const terms: Record<string, Tensor> = {};
  if (crossEntropyWeight > 0) {
    terms.crossEntropy = mul(crossEntropy(logits, labels, { classWeights, labelSmoothing }), crossEntropyWeight);
  }
  if (diceWeight > 0) terms.dice = mul(diceLoss(logits, labels), diceWeight);
  if (focalWeight > 0) terms.focal = mul(focalLoss(logits, labels, { classWeights, gamma }), focalWeight);
  return terms;
}
