import { InputError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { exp, mul, neg, pow, sub } from "../ops/index.ts";
import {
  type CrossEntropyOptions,
  crossEntropy,
  labelled,
  labelledCrossEntropy,
  weightedMean,
} from "./cross-entropy.ts";

export interface FocalOptions extends Omit<CrossEntropyOptions, "labelSmoothing"> {
  /** How much easy pixels are played down: 0 is cross-entropy; otherwise at least 1. */
  readonly gamma?: number;
}

/**
 * Focal loss over a softmax: −(1 − p)^γ·log p at the label's class, averaged as cross-entropy is (Lin et al. 2017,
 * eq. 4, 5; there over independent sigmoids). 0 when no pixel of the batch is valid.
 *
 * logits: [B, K, ...] float; labels: [B, ...] integers, 0 … K−1 or `ignoreLabel`. Returns a scalar, 0 or above.
 */
export function focalLoss(logits: Tensor, labels: Tensor, { gamma = 2, ...options }: FocalOptions = {}): Tensor {
  if (gamma === 0) return crossEntropy(logits, labels, options);
  // Below 1 the slope of (1 − p)^γ has no bound near p = 1.
  if (!(gamma >= 1)) throw new InputError(`focal: gamma must be 0 or at least 1, got ${gamma}. 2 is usual.`);
  const truth = labelled(logits, labels, options);
  const surprise = labelledCrossEntropy(logits, { ...truth, weights: truth.valid }); // −log p, 0 where ignored
  const easy = gamma === 1 ? sub(1, exp(neg(surprise))) : pow(sub(1, exp(neg(surprise))), gamma);
  return weightedMean(mul(mul(easy, surprise), truth.weights), truth.weights);
}
