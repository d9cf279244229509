/** All terms of the loss by name, each times its factor, of each image. */
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { div, maximum, mul, reshape, sum } from "../../ops/index.ts";
import { classTerm, type LossInputs, type LossSettings, type Matched, maskTerm, matchMasks } from "./losses.ts";
import type { BatchTargets } from "./matching.ts";
import { accuracy, areaWeights, instanceTerm, maskIdTerm, semanticTerm } from "./pixel-losses.ts";

export interface TermInputs extends LossInputs {
  /** [B, L, h, w]; null where the network has no such head. */
  readonly semanticLogits: Tensor | null;
}

export interface TermTargets extends BatchTargets {
  /** Most things of an image: masks behind them are stuff. */
  readonly things: number;
  /** [B, h, w] int32, a channel of the semantic logits, and what each pixel weighs. */
  readonly semantic: Tensor;
  readonly semanticWeight: Tensor;
}

export interface Terms {
  /** [B] each; those whose factor is 0 are left out. */
  readonly terms: Readonly<Record<string, Tensor>>;
  /** Scalars to look at: chance of the right class and Dice of matched masks, and pixels that are right. */
  readonly watched: Readonly<Record<string, Tensor>>;
  readonly matched: Matched;
}

export function lossTerms(scope: Scope, inputs: TermInputs, targets: TermTargets, settings: LossSettings): Terms {
  const { maskLogits, classLogits, pixelFeature } = inputs;
  const { pqWeight, maskIdWeight, instanceWeight, semanticWeight } = settings;
  const matched = matchMasks(scope, inputs, targets, settings);
  const weights = areaWeights(matched, settings);
  const masks = maskIdTerm(matched, maskLogits, weights);
  const instances = instanceTerm(matched, pixelFeature, targets.things, settings, weights);
  const semantic =
    inputs.semanticLogits === null || semanticWeight === 0
      ? null
      : semanticTerm(inputs.semanticLogits, targets.semantic, targets.semanticWeight, weights);
  const all: readonly (readonly [name: string, term: Tensor | null, factor: number])[] = [
    ["mask", maskTerm(matched, settings), pqWeight],
    ["class", classTerm(matched, classLogits, settings), pqWeight],
    ["maskId", masks.loss, maskIdWeight],
    ["instance", instances.loss, instanceWeight],
    ["semantic", semantic, semanticWeight],
  ];
  const terms = all.flatMap(([name, term, factor]) =>
    term === null || factor === 0 ? [] : [[name, mul(term, factor)] as const],
  );
  const { matching, matchedClass, matchedDice } = matched;
  const count = maximum(sum(matching.matched), 1);
  const [batch, slots] = maskLogits.shape;
  const pixels = instances.counted.shape[1];
  return {
    terms: Object.fromEntries(terms),
    watched: {
      matchedClass: div(sum(matchedClass), count),
      matchedDice: div(sum(matchedDice), count),
      rightByMaskId: accuracy(reshape(maskLogits, [batch, slots, pixels]), masks.slot, masks.counted),
      rightByInstance: accuracy(instances.logits, reshape(targets.segment, [batch, pixels]), instances.counted),
    },
    matched,
  };
}
