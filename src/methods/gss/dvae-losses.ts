/** What a discrete VAE learns by (Ramesh et al. 2021, sec. 2.1 and appendix A). */
import { constant, type Tensor } from "../../graph/tensor.ts";
import { IGNORE } from "../../image/image.ts";
import { crossEntropy } from "../../losses/cross-entropy.ts";
import {
  abs,
  add,
  axisSize,
  cast,
  cos,
  div,
  exp,
  less,
  log,
  logSoftmax,
  maximum,
  mean,
  min,
  minimum,
  mul,
  slice,
  softmax,
  sub,
  sum,
  where,
} from "../../ops/index.ts";
import { distanceLogits, nearestLabels, squaredDistances } from "./maskige.ts";
import type { Palette } from "./palette.ts";

/**
 * −log of the logit-Laplace density exp(−|logit x − μ| / b) / (2·b·x·(1 − x)), mean over all numbers.
 *
 * output: [B, 2 · channels, H, W], μ before ln b; mapped: [B, channels, H, W] in (0, 1) → scalar, of either sign. logScaleMin: ln b is
 * taken to be no less: flat colours would drive it to −∞, and gradients with it.
 */
export function logitLaplaceLoss(output: Tensor, mapped: Tensor, { logScaleMin }: { logScaleMin: number }): Tensor {
  const channels = axisSize(output, 1) / 2;
  const place = slice(output, [{ axis: 1, start: 0, end: channels }]);
  const logScale = maximum(slice(output, [{ axis: 1, start: channels, end: 2 * channels }]), logScaleMin);
  const rest = sub(1, mapped);
  const off = abs(sub(sub(log(mapped), log(rest)), place));
  const density = add(add(mul(off, exp(mul(logScale, -1))), logScale), log(mul(mul(mapped, rest), 2)));
  return mean(mean(density, { axes: [1, 2, 3] }), {});
}

/** T of `readingLoss`: the distance of two colours of twenty is a hundred or more, so that each is sure of itself and not of what lies between. */
const readingTemperature = 1000;

/**
 * Cross-entropy of the classes read off a picture, softmax(−d²/T) of the distances of its pixels from the colours in [0, 255], mean over
 * the pixels whose truth is one of the colours exactly. Ours: on a border each channel of the likeliest picture is the median of what may be there, and the
 * three of them together can be the colour of a third class.
 *
 * picture, truth: [B, 3, H, W] in [0, 1] → scalar.
 */
export function readingLoss(picture: Tensor, truth: Tensor, colors: Palette): Tensor {
  const isExact = less(min(squaredDistances(mul(truth, 255), colors), { axes: [1] }), 0.5); // [B, H, W]
  const labels = where(isExact, cast(nearestLabels(truth, colors), "int32"), IGNORE);
  return crossEntropy(distanceLogits(picture, colors, readingTemperature), labels, { ignoreLabel: IGNORE });
}

/** Kullback-Leibler divergence of softmax(logits) from a uniform choice, ln V − entropy: mean over all places. logits: [B, V, h, w]. */
export function uniformDivergence(logits: Tensor): Tensor {
  const logShares = logSoftmax(logits, { axis: 1 });
  const negativeEntropy = sum(mul(exp(logShares), logShares), { axes: [1] }); // [B, h, w]
  return add(mean(mean(negativeEntropy, { axes: [1, 2] }), {}), Math.log(axisSize(logits, 1)));
}

/**
 * The same of how often each code is chosen over a batch: 0 where all are chosen alike. Ours: of many codes most are never tried
 * again soon after training begins, unless something asks for them. logits: [B, V, h, w].
 */
export function usageDivergence(logits: Tensor): Tensor {
  const shares = mean(mean(softmax(logits, { axis: 1 }), { axes: [2, 3] }), { axes: [0] }); // [V]
  return add(sum(mul(shares, log(add(shares, 1e-8)))), Math.log(axisSize(logits, 1)));
}

/** From `start` at 0 to `end` at `share` of the training, along half a cosine, and there it stays. progress: a scalar, 0 … 1. */
export function annealed(progress: Tensor, start: number, end: number, share: number): Tensor {
  if (share === 0) return constant(end);
  const part = minimum(div(progress, share), 1);
  return add(mul(cos(mul(part, Math.PI)), (start - end) / 2), (start + end) / 2);
}
