/** The terms that are means over pixels (Wang et al. 2021, sec. 3.4): instance discrimination, mask-ID cross-entropy, classes of pixels. */
import { fromNumbers } from "../../array/ndarray.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import {
  and,
  argMax,
  cast,
  div,
  equal,
  greaterOrEqual,
  less,
  logSumExp,
  matmul,
  maximum,
  mul,
  pow,
  reshape,
  squeeze,
  sub,
  sum,
  takeAlong,
  unsqueeze,
  where,
} from "../../ops/index.ts";
import { unitLength } from "./heads.ts";
import { flatPixels, type LossSettings, least, type Matched, meanOfNonzero } from "./losses.ts";

/** [B, P]: what each pixel of a mask weighs, 0 outside of all; null where all of them weigh alike. */
export function areaWeights(
  { overlaps, targets }: Matched,
  { areaPower }: Pick<LossSettings, "areaPower">,
): Tensor | null {
  if (areaPower === 0) return null;
  const segment = flatPixels(targets.segment);
  const ofMasks = pow(squeeze(maximum(overlaps.area, 1), 2), -areaPower); // [B, G]
  const isInMask = cast(greaterOrEqual(segment, 0), "float32");
  return mul(takeAlong(ofMasks, maximumOfZero(segment), { axis: 1 }), isInMask);
}

/** [B]: the mean of what counts, or, given weights, Σ w · value / Σ w over it. values, counted, weights: [B, P]. */
function meanOfCounted(values: Tensor, counted: Tensor, weights: Tensor | null): Tensor {
  if (weights === null) return meanOfNonzero(mul(values, counted));
  const own = mul(weights, counted);
  return div(sum(mul(values, own), { axes: [1] }), maximum(sum(own, { axes: [1] }), least));
}

/** Instance discrimination: [B], and [B, G, P] how like each pixel is to each mask. pixelFeature: [B, D, h, w]. */
export function instanceTerm(
  { overlaps, targets }: Matched,
  pixelFeature: Tensor,
  things: number,
  { instanceTemperature }: Pick<LossSettings, "instanceTemperature">,
  weights: Tensor | null = null,
): { readonly loss: Tensor; readonly logits: Tensor; readonly counted: Tensor } {
  const [batch, width] = pixelFeature.shape;
  const features = reshape(pixelFeature, [batch, width, -1]); // [B, D, P]
  const sums = matmul(overlaps.masks, features, { transposeB: true }); // [B, G, D]
  const means = div(sums, maximum(overlaps.area, 1));
  const centres = unitLength(means, 2);
  const alike = div(matmul(centres, features), instanceTemperature); // [B, G, P]
  const isThere = greaterOrEqual(unsqueeze(targets.segmentClass, 2), 0); // [B, G, 1]
  const logits = where(isThere, alike, -99999);
  const segment = flatPixels(targets.segment);
  const counted = cast(and(greaterOrEqual(segment, 0), less(segment, things)), "float32"); // [B, P]
  const own = picked(logits, maximumOfZero(segment));
  return { loss: meanOfCounted(sub(logSumExp(logits, { axes: [1] }), own), counted, weights), logits, counted };
}

/** Mask-ID cross-entropy: [B]; each pixel against the slot that its mask was matched to. maskLogits: [B, N, h, w]. */
export function maskIdTerm(
  { matching, targets }: Matched,
  maskLogits: Tensor,
  weights: Tensor | null = null,
): { readonly loss: Tensor; readonly slot: Tensor; readonly counted: Tensor } {
  const [batch, slots] = maskLogits.shape;
  const logits = reshape(maskLogits, [batch, slots, -1]); // [B, N, P]
  const segment = flatPixels(targets.segment); // [B, P]
  const index = maximumOfZero(segment);
  const slot = takeAlong(matching.slotOf, index, { axis: 1 }); // [B, P] int64
  const isMatched = takeAlong(matching.matched, index, { axis: 1 });
  const counted = mul(isMatched, cast(greaterOrEqual(segment, 0), "float32"));
  const loss = meanOfCounted(sub(logSumExp(logits, { axes: [1] }), picked(logits, slot)), counted, weights);
  return { loss, slot, counted };
}

/** [B]. logits: [B, L, h, w]; labels: [B, h, w] int32; weights: [B, h, w], 0 at pixels that do not count; of areas: see `areaWeights`. */
export function semanticTerm(logits: Tensor, labels: Tensor, weights: Tensor, ofAreas: Tensor | null = null): Tensor {
  const [batch, classes] = logits.shape;
  const scores = reshape(logits, [batch, classes, -1]);
  const label = flatPixels(labels);
  const known = and(greaterOrEqual(label, 0), less(label, classes));
  const index = cast(where(known, label, int32(0)), "int64");
  const entropy = sub(logSumExp(scores, { axes: [1] }), picked(scores, index));
  return meanOfCounted(entropy, flatPixels(weights), ofAreas);
}

/** Shares of the counted pixels at which the largest of `logits` [B, M, P] is the wanted one [B, P]: a scalar. */
export function accuracy(logits: Tensor, wanted: Tensor, counted: Tensor): Tensor {
  const right = cast(equal(argMax(logits, { axis: 1, keepDims: false }), cast(wanted, "int64")), "float32");
  return div(sum(mul(right, counted)), maximum(sum(counted), 1));
}

/** logits: [B, M, P], index: [B, P] int64 → [B, P]. */
function picked(logits: Tensor, index: Tensor): Tensor {
  return squeeze(takeAlong(logits, unsqueeze(index, 1), { axis: 1 }), 1);
}

function maximumOfZero(segment: Tensor): Tensor {
  return cast(where(less(segment, int32(0)), int32(0), segment), "int64");
}

function int32(value: number): Tensor {
  return constant(fromNumbers("int32", [], [value]));
}
