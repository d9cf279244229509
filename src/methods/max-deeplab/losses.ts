/** The losses of MaX-DeepLab (Wang et al. 2021, sec. 3.3), of each image: as the authors' code has them, or as the paper. */
import { fromNumbers } from "../../array/ndarray.ts";
import type { Scope } from "../../graph/scope.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import {
  add,
  axisSize,
  cast,
  div,
  greaterOrEqual,
  logSoftmax,
  matmul,
  maximum,
  mul,
  neg,
  notEqual,
  oneHot,
  reshape,
  stopGradient,
  sub,
  sum,
  unsqueeze,
} from "../../ops/index.ts";
import {
  type BatchTargets,
  classSimilarity,
  type MaskOverlaps,
  type Matching,
  maskOverlaps,
  match,
} from "./matching.ts";

export interface LossSettings {
  /** Factors; 0 leaves a term out. */
  readonly pqWeight: number;
  readonly maskIdWeight: number;
  readonly instanceWeight: number;
  readonly semanticWeight: number;
  /** Share of the matched slots in the PQ-style loss; the others have the rest. */
  readonly pqAlpha: number;
  /** `code`: means, Dice with smoothing; `paper`: sums, without. */
  readonly pqForm: "code" | "paper";
  /** What an unmatched slot weighs: by how much of it lies in void, as the code is written; all alike; or as its comment says. */
  readonly negativeWeight: "voidRatio" | "none" | "oneMinusVoidRatio";
  /** RQ × SQ, or for the ablation RQ + SQ. */
  readonly similarity: "product" | "sum";
  /** τ. */
  readonly instanceTemperature: number;
  /**
   * Of the mask-ID, instance and semantic terms: a pixel weighs the area of its mask to the power of −`areaPower`. 0, as published: all weigh alike, and a thing
   * of ten pixels is nothing beside a road of a thousand.
   */
  readonly areaPower: number;
}

export const publishedLosses: LossSettings = {
  pqWeight: 3,
  maskIdWeight: 0.3,
  instanceWeight: 1,
  semanticWeight: 1,
  pqAlpha: 0.75,
  pqForm: "code",
  negativeWeight: "voidRatio",
  similarity: "product",
  instanceTemperature: 0.3,
  areaPower: 0,
};

export interface LossInputs {
  /** [B, D, h, w], of length 1. */
  readonly pixelFeature: Tensor;
  /** [B, N, h, w]. */
  readonly maskLogits: Tensor;
  /** [B, N, C + 1]. */
  readonly classLogits: Tensor;
}

/** A batch's masks with its matching, which all terms but the semantic one need. */
export interface Matched {
  readonly targets: BatchTargets;
  readonly overlaps: MaskOverlaps;
  /** [B, G, N]. */
  readonly classes: Tensor;
  readonly matching: Matching;
  /** [B, G]: of the matched slot, no gradient; 0 where there is none. */
  readonly matchedClass: Tensor;
  /** [B, N]: Dice of the matched mask, no gradient. */
  readonly matchedDice: Tensor;
}

/** What weights and sums are kept above. */
export const least = 1e-5;

export function matchMasks(
  scope: Scope,
  { maskLogits, classLogits }: LossInputs,
  targets: BatchTargets,
  { similarity }: Pick<LossSettings, "similarity">,
): Matched {
  const overlaps = maskOverlaps(maskLogits, targets, targets.segmentClass.shape[1]);
  const classes = classSimilarity(classLogits, targets.segmentClass);
  const alike = similarity === "sum" ? add(overlaps.dice, classes) : mul(overlaps.dice, classes);
  const matching = match(scope, alike, targets.segmentClass);
  return {
    ...{ targets, overlaps, classes, matching },
    matchedClass: stopGradient(sum(mul(matching.matrix, classes), { axes: [2] })),
    matchedDice: stopGradient(sum(mul(matching.matrix, overlaps.dice), { axes: [1] })),
  };
}

/** [B]: the masks' half of the PQ-style loss, not yet times its weight. */
export function maskTerm(matched: Matched, settings: LossSettings): Tensor {
  const { overlaps, matching, matchedClass, targets } = matched;
  const slots = axisSize(matching.matrix, 2);
  const { pqAlpha, pqForm, similarity } = settings;
  const weights = similarity === "sum" ? constant(1) : pqForm === "code" ? maximum(matchedClass, least) : matchedClass;
  if (pqForm === "paper") {
    const dice = sum(mul(matching.matrix, overlaps.dice), { axes: [2] }); // [B, G]
    return mul(sum(mul(mul(dice, weights), matching.matched), { axes: [1] }), -pqAlpha);
  }
  const { probabilities, area, intersection } = overlaps;
  const covered = cast(greaterOrEqual(flatPixels(targets.segment), 0), "float32"); // [B, P]
  const predicted = matmul(unsqueeze(covered, 1), probabilities, { transposeB: true }); // [B, 1, N]
  const ratio = div(add(mul(intersection, 2), 1), add(add(area, predicted), 1));
  const lost = sum(mul(matching.matrix, sub(1, ratio)), { axes: [2] }); // [B, G]
  return mul(sum(mul(mul(lost, weights), matching.matched), { axes: [1] }), pqAlpha / slots);
}

/** [B]: the classes' half. classLogits: [B, N, C + 1]. */
export function classTerm(matched: Matched, classLogits: Tensor, settings: LossSettings): Tensor {
  const { matching, targets, matchedDice } = matched;
  const { pqAlpha, pqForm, similarity } = settings;
  const outputs = axisSize(classLogits, 2);
  const taken = sum(matching.matrix, { axes: [1] }); // [B, N]: 1 where the slot has a mask
  const free = sub(1, taken);
  const ofMasks = matmul(matching.matrix, oneHot(targets.segmentClass, outputs, { axis: 2 }), { transposeA: true });
  const last = constant(
    fromNumbers(
      "float32",
      [outputs],
      Array.from({ length: outputs }, (_, i) => +(i === outputs - 1)),
    ),
  );
  const wanted = add(ofMasks, mul(unsqueeze(free, 2), last)); // [B, N, C + 1]
  const entropy = neg(sum(mul(wanted, logSoftmax(classLogits, { axis: -1 })), { axes: [2] })); // [B, N]

  const isPlain = pqForm === "paper" || similarity === "sum";
  const sure = similarity === "sum" ? taken : isPlain ? matchedDice : maximum(matchedDice, least);
  const positive = mul(mul(taken, sure), pqAlpha);
  const negative = mul(mul(free, negatives(matched, settings)), 1 - pqAlpha);
  const terms = mul(add(positive, negative), entropy);
  return pqForm === "paper" ? sum(terms, { axes: [1] }) : meanOfNonzero(terms);
}

/** [B, N] or a number: what slots without a mask weigh. */
function negatives({ overlaps }: Matched, { negativeWeight, pqForm }: LossSettings): Tensor {
  if (negativeWeight === "none" || pqForm === "paper") return constant(1);
  const ratio = voidRatio(overlaps);
  return maximum(negativeWeight === "voidRatio" ? ratio : sub(1, ratio), least);
}

/** [B, N]: share of each slot that lies in void, no gradient. */
export function voidRatio({ probabilities, nonvoid }: MaskOverlaps): Tensor {
  const inVoid = sum(mul(probabilities, sub(1, nonvoid)), { axes: [2] });
  return stopGradient(div(inVoid, add(sum(probabilities, { axes: [2] }), least)));
}

/** Σ x / number of x that are not 0, of each sample; 0 where all are. x: [B, M] → [B]. */
export function meanOfNonzero(x: Tensor): Tensor {
  const count = sum(cast(notEqual(x, 0), "float32"), { axes: [1] });
  return div(sum(x, { axes: [1] }), maximum(count, 1));
}

/** [B, ...] → [B, P]. */
export function flatPixels(x: Tensor): Tensor {
  return reshape(x, [x.shape[0], -1]);
}
