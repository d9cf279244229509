import { isFloat } from "../array/dtype.ts";
import { fromNumbers } from "../array/ndarray.ts";
import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { constant, expectRange, type Tensor } from "../graph/tensor.ts";
import { IGNORE } from "../image/image.ts";
import {
  add,
  and,
  axisSize,
  cast,
  div,
  equal,
  gather,
  greaterOrEqual,
  less,
  logSumExp,
  mul,
  not,
  notEqual,
  squeeze,
  stopGradient,
  sub,
  sum,
  takeAlong,
  unsqueeze,
  where,
} from "../ops/index.ts";

export interface CrossEntropyOptions {
  /** Pixels with this label count nowhere. */
  readonly ignoreLabel?: number;
  /** One factor per class; default all 1. */
  readonly classWeights?: readonly number[];
  /** What each place weighs besides its class, [B, ...], 0 or above, no gradient: in the average of `crossEntropy`. Default: all alike. */
  readonly weights?: Tensor | undefined;
  /** ε: the target is (1 − ε) on the label plus ε/K on every class (Szegedy et al. 2016). */
  readonly labelSmoothing?: number;
}

/**
 * Softmax cross-entropy, averaged: Σ w·loss / Σ w over the pixels that are not ignored, w the weight of a pixel's class, and of its place.
 * 0 when no pixel of the batch is valid.
 *
 * logits: [B, K, ...] float; labels: [B, ...] integers, 0 … K−1 or `ignoreLabel`. Returns a scalar, 0 or above.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const truth = labelled(logits, labels, options);
  const losses = labelledCrossEntropy(logits, truth, options);
  if (options.weights === undefined) return weightedMean(losses, truth.weights);
  const places = stopGradient(options.weights);
  return weightedMean(mul(losses, places), mul(truth.weights, places));
}

/**
 * The same per pixel, already multiplied by the weight of its class, 0 at ignored pixels. Returns [B, ...].
 *
 * With the logit of the label found by index, loss = log Σ exp(logits) − logits[label]: for the backward pass one tensor
 * of the logits' size is kept, the exponentials.
 */
export function pixelCrossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  return labelledCrossEntropy(logits, labelled(logits, labels, options), options);
}

/** `pixelCrossEntropy` of labels that `labelled` has already read with the same options. */
export function labelledCrossEntropy(
  logits: Tensor,
  { valid, weights, index }: Labelled,
  { labelSmoothing = 0, classWeights }: CrossEntropyOptions = {},
): Tensor {
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new InputError(
      `cross-entropy: label smoothing must be at least 0 and below 1, got ${labelSmoothing}. Use 0 for none.`,
    );
  }
  const normalizer = logSumExp(logits, { axes: [1] }); // [B, ...]
  const truth = squeeze(takeAlong(logits, unsqueeze(index, 1), { axis: 1 }), 1); // [B, ...]
  const plain = mul(sub(normalizer, truth), weights); // [B, ...]
  if (labelSmoothing === 0) return plain;

  // The mean over all classes k of w[k]·(log Σ exp − logits[k]).
  const classes = axisSize(logits, 1);
  const factors = (classWeights ?? new Array<number>(classes).fill(1)).map((weight) => weight / classes);
  const total = factors.reduce((left, right) => left + right, 0);
  const perClass = constant(fromNumbers(logits.dtype, [1, classes, ...logits.shape.slice(2).map(() => 1)], factors));
  const spread = sub(mul(normalizer, total), sum(mul(logits, perClass), { axes: [1] })); // [B, ...]
  return add(mul(plain, 1 - labelSmoothing), mul(mul(spread, valid), labelSmoothing));
}

/**
 * Σ values / Σ weights as a scalar; 0 where the weights sum to 0. Sums each sample first, then the batch: long sums in
 * one go lose digits.
 *
 * values, weights: [B, ...] float.
 */
export function weightedMean(values: Tensor, weights: Tensor): Tensor {
  const total = sum(perSample(weights)); // []
  const nothing = equal(total, 0);
  // What weighs nothing may still have a value (label smoothing); as a factor, 0 does not hide NaN.
  return div(mul(sum(perSample(values)), where(nothing, constant(0, total.dtype), 1)), where(nothing, 1, total));
}

/** Sums over all axes but the first: [B, ...] → [B]. */
function perSample(x: Tensor): Tensor {
  const axes = x.shape.slice(1).map((_, axis) => axis + 1);
  return axes.length === 0 ? x : sum(x, { axes });
}

/** What labels say, whatever the loss. A label that is no class and not ignored makes them NaN. */
export interface Labelled {
  /** [B, ...] float: 1 at pixels that count, else 0. */
  readonly valid: Tensor;
  /** [B, ...] float: the weight of the pixel's class, 0 where ignored. */
  readonly weights: Tensor;
  /** [B, ...] int64: the label, 0 where ignored, so that it can be gathered by. */
  readonly index: Tensor;
}

/**
 * Reads labels for a loss. labels: [B, ...] integers, matching logits [B, K, ...].
 *
 * A label outside 0 … K−1 other than `ignoreLabel` is an error with place and value where the labels are fed (a step
 * looks at what it is fed, see `expectRange`); where they are computed, the loss is NaN.
 */
export function labelled(
  logits: Pick<Tensor, "dtype" | "shape">,
  labels: Tensor,
  { ignoreLabel = IGNORE, classWeights }: CrossEntropyOptions = {},
): Labelled {
  const expected = [logits.shape[0], ...logits.shape.slice(2)];
  if (logits.shape.length < 2 || show(labels.shape) !== show(expected)) {
    throw new InputError(
      `loss: labels must be ${show(expected)} for logits ${show(logits.shape)}, got ${show(labels.shape)}. Bring both to one size.`,
    );
  }
  const classes = logits.shape[1];
  if (classWeights !== undefined && classWeights.length !== classes) {
    throw new InputError(
      `loss: expected ${classes} class weights, got ${classWeights.length}. Give one for each class.`,
    );
  }
  if (isFloat(labels.dtype) || labels.dtype === "bool") {
    throw new InputError(`loss: labels must be integers, got ${labels.dtype}. Cast them first.`);
  }
  expectRange(labels, { what: "labels", least: 0, most: classes - 1, except: ignoreLabel });
  // Bytes become int32 first: not every machine compares and selects bytes.
  const whole = labels.dtype === "int64" ? labels : cast(labels, "int32");
  const number = (value: number) => constant(fromNumbers(whole.dtype, [], [value]));
  const counted = notEqual(whole, number(ignoreLabel));
  const known = and(greaterOrEqual(whole, number(0)), less(whole, number(classes)));
  const index = cast(where(and(counted, known), whole, number(0)), "int64");
  const valid = where(and(counted, not(known)), Number.NaN, cast(counted, logits.dtype));
  const weights =
    classWeights === undefined
      ? valid
      : mul(gather(constant(fromNumbers(logits.dtype, [classes], classWeights)), index, { axis: 0 }), valid);
  return { valid, weights, index };
}
