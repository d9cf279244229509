/** The loss of semantic segmentation as recipes describe it: a sum of terms, and weights for rare classes. */
import type { Named } from "../array/ndarray.ts";
import type { Tensor } from "../graph/tensor.ts";
import { mul } from "../ops/index.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { diceLoss } from "./dice.ts";
import { focalLoss } from "./focal.ts";

/** Whether rare classes count more: fields of every recipe that learns from masks. */
export interface ClassWeightSettings {
  /** `balanced`: they do in every cross-entropy and in focal loss, see `balancedWeights`. */
  readonly classWeights: "none" | "balanced";
  /** Exponent p of the balanced weights (median frequency / frequency)^p. */
  readonly classWeightPower: number;
  /** Balanced weights are kept within 1 / this … this. */
  readonly classWeightLimit: number;
}

/** The factors of the terms (0 leaves a term out) and what shapes them, of a network that tells pixels apart. */
export interface SegmentationLossSettings extends ClassWeightSettings {
  readonly crossEntropyWeight: number;
  readonly diceWeight: number;
  readonly focalWeight: number;
  readonly focalGamma: number;
  readonly labelSmoothing: number;
}

/** Pixel cross-entropy and nothing else. */
export const plainCrossEntropy: SegmentationLossSettings = {
  crossEntropyWeight: 1,
  diceWeight: 0,
  focalWeight: 0,
  focalGamma: 2,
  labelSmoothing: 0,
  classWeights: "none",
  classWeightPower: 0.5,
  classWeightLimit: 5,
};

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

/** What each class weighs by a recipe's settings; undefined where all weigh alike. frequencies: as above, [] where nobody looked. */
export function classWeightsOf(
  { classWeights, classWeightPower, classWeightLimit }: ClassWeightSettings,
  frequencies: readonly number[],
): readonly number[] | undefined {
  if (classWeights === "none" || frequencies.length === 0) return undefined;
  return balancedWeights(frequencies, classWeightPower, classWeightLimit);
}

/**
 * The terms that training lowers, each times its factor.
 *
 * logits: [B, K, H, W]; labels: [B, H, W] integers, 255 where ignored; frequencies: share of the labelled pixels per
 * class, used by "balanced".
 */
export function segmentationLoss(
  logits: Tensor,
  labels: Tensor,
  settings: SegmentationLossSettings,
  frequencies: readonly number[],
): Named<Tensor> {
  const { crossEntropyWeight, diceWeight, focalWeight, focalGamma: gamma, labelSmoothing } = settings;
  const classWeights = classWeightsOf(settings, frequencies);

  const terms: Record<string, Tensor> = {};
  if (crossEntropyWeight > 0) {
    terms.crossEntropy = mul(crossEntropy(logits, labels, { classWeights, labelSmoothing }), crossEntropyWeight);
  }
  if (diceWeight > 0) terms.dice = mul(diceLoss(logits, labels), diceWeight);
  if (focalWeight > 0) terms.focal = mul(focalLoss(logits, labels, { classWeights, gamma }), focalWeight);
  return terms;
}
