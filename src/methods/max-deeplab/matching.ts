/** How like each true mask and each slot are, and which belong together (Wang et al. 2021, eq. 6 and 7). */
import { bestAssignment } from "../../array/assignment.ts";
import { type Named, type NdArray, zeros } from "../../array/ndarray.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import {
  add,
  cast,
  div,
  matmul,
  mul,
  oneHot,
  reshape,
  softmax,
  stopGradient,
  sum,
  transpose,
  unsqueeze,
} from "../../ops/index.ts";

/** True masks of a batch, as `maskTargets` makes them. */
export interface BatchTargets {
  /** [B, h, w] int32: −1 … G − 1. */
  readonly segment: Tensor;
  /** [B, h, w] uint8, 0 or 1. */
  readonly nonvoid: Tensor;
  /** [B, G] int32: −1 … C − 1. */
  readonly segmentClass: Tensor;
}

/** P = h·w pixels, G masks, N slots. */
export interface MaskOverlaps {
  /** [B, G, P]: 1 in each mask. */
  readonly masks: Tensor;
  /** [B, N, P]: softmax over the slots. */
  readonly probabilities: Tensor;
  /** [B, 1, P]. */
  readonly nonvoid: Tensor;
  /** [B, G, 1], pixels. */
  readonly area: Tensor;
  /** [B, G, N]. */
  readonly intersection: Tensor;
  /** [B, G, N]: 2·|∩| / sum of both, predictions within void left out. */
  readonly dice: Tensor;
}

const epsilon = 1e-5;

/** maskLogits: [B, N, h, w]. */
export function maskOverlaps(
  maskLogits: Tensor,
  { segment, nonvoid }: Pick<BatchTargets, "segment" | "nonvoid">,
  masksAtMost: number,
): MaskOverlaps {
  const [batch, slots, height, width] = maskLogits.shape;
  const pixels = height * width;
  const masks = oneHot(reshape(segment, [batch, pixels]), masksAtMost, { axis: 1 });
  const counted = unsqueeze(cast(reshape(nonvoid, [batch, pixels]), "float32"), 1);
  const probabilities = reshape(softmax(maskLogits, { axis: 1 }), [batch, slots, pixels]);
  return { ...diceOf(masks, probabilities, counted), masks, probabilities, nonvoid: counted };
}

/** masks: [B, G, P]; probabilities: [B, N, P]; nonvoid: [B, 1, P]. */
export function diceOf(
  masks: Tensor,
  probabilities: Tensor,
  nonvoid: Tensor,
): Pick<MaskOverlaps, "area" | "intersection" | "dice"> {
  const counted = mul(probabilities, nonvoid);
  const intersection = matmul(masks, counted, { transposeB: true });
  const area = sum(masks, { axes: [2], keepDims: true });
  const predicted = transpose(sum(counted, { axes: [2], keepDims: true }), [0, 2, 1]); // [B, 1, N]
  const half = div(add(area, predicted), 2);
  return { area, intersection, dice: div(intersection, add(half, epsilon)) };
}

/** Chance of each mask's class in each slot: [B, G, N]; 0 where there is no mask. classLogits: [B, N, C + 1]. */
export function classSimilarity(classLogits: Tensor, segmentClass: Tensor): Tensor {
  return probabilityOf(softmax(classLogits, { axis: -1 }), segmentClass);
}

/** probabilities: [B, N, C + 1]; segmentClass: [B, G] → [B, G, N]. */
export function probabilityOf(probabilities: Tensor, segmentClass: Tensor): Tensor {
  const wanted = oneHot(segmentClass, probabilities.shape[2], { axis: 2 }); // [B, G, C + 1]
  return matmul(wanted, probabilities, { transposeB: true });
}

export interface Matching {
  /** [B, G, N]: 1 where mask and slot belong together. */
  readonly matrix: Tensor;
  /** [B, G] int64: slot of each mask, 0 where it has none. */
  readonly slotOf: Tensor;
  /** [B, G]: 1 where the mask has a slot. */
  readonly matched: Tensor;
}

/**
 * One slot for each mask that is there, so that they are as like as can be; where there are more masks than slots, some get none.
 * Computed on the host. similarity: [B, G, N]; segmentClass: [B, G], −1 where there is no mask.
 */
export function match(scope: Scope, similarity: Tensor, segmentClass: Tensor): Matching {
  const [batch, masks, slots] = similarity.shape;
  const found = scope.host(
    "matching",
    { similarity: stopGradient(similarity), segmentClass },
    {
      matrix: { dtype: "float32", shape: [batch, masks, slots] },
      slotOf: { dtype: "int64", shape: [batch, masks] },
      matched: { dtype: "float32", shape: [batch, masks] },
    },
    matchOnHost,
  );
  return { matrix: found.matrix, slotOf: found.slotOf, matched: found.matched };
}

/** similarity: [B, G, N]; segmentClass: [B, G] → `Matching`, in numbers. */
export function matchOnHost({ similarity, segmentClass }: Named<NdArray>): Named<NdArray> {
  const [batch, masks, slots] = similarity.shape;
  const matrix = zeros("float32", similarity.shape);
  const slotOf = zeros("int64", [batch, masks]);
  const matched = zeros("float32", [batch, masks]);
  for (let sample = 0; sample < batch; sample++) {
    const first = sample * masks;
    const there = Array.from({ length: masks }, (_, mask) => first + mask).filter(
      (at) => Number(segmentClass.data[at]) >= 0,
    );
    const values = Float64Array.from({ length: there.length * slots }, (_, i) =>
      Number(similarity.data[there[Math.floor(i / slots)] * slots + (i % slots)]),
    );
    for (const [i, slot] of bestAssignment(values, there.length, slots).entries()) {
      if (slot < 0) continue;
      matrix.data[there[i] * slots + slot] = 1;
      slotOf.data[there[i]] = BigInt(slot);
      matched.data[there[i]] = 1;
    }
  }
  return { matrix, slotOf, matched };
}
