/** What the image encoder lowers: the cross-entropy of tokens, and that of pixels (the authors' code, stage 2). */
import { constant, type Tensor } from "../../graph/tensor.ts";
import { IGNORE } from "../../image/image.ts";
import { crossEntropy, labelled } from "../../losses/cross-entropy.ts";
import { linearCrossEntropy } from "../../losses/linear-cross-entropy.ts";
import {
  add,
  and,
  argMax,
  averagePool,
  cast,
  div,
  equal,
  maximum,
  mul,
  notEqual,
  squeeze,
  sum,
  unsqueeze,
} from "../../ops/index.ts";
import { type TokenClassifier, tokenLogits } from "./head.ts";
import type { PriorTargets } from "./targets.ts";

/** Above so many logits they are computed in pieces; see `linearCrossEntropy`. */
const mostLogits = 2 ** 24;

export interface PriorLoss {
  readonly terms: { readonly tokens: Tensor; readonly pixels?: Tensor };
  /** In percent of the cells and pixels that count. */
  readonly watched: { readonly tokenAccuracy: Tensor; readonly pixelAccuracy?: Tensor };
}

export interface PriorLossOptions {
  readonly tokenWeight: number;
  readonly pixelWeight: number;
  /** What each class weighs, a cell as much as its labelled pixels do on the average; default: all alike, as in the authors' code. */
  readonly classWeights?: readonly number[] | undefined;
}

/**
 * tokenWeight · token cross-entropy + pixelWeight · pixel cross-entropy of the true labels; 0.8 and 0.2 in the authors' code.
 *
 * pixelLogits: [B, classes, s·h, s·w] at the maskige's size, or null.
 */
export function priorLoss(
  classifier: TokenClassifier,
  pixelLogits: Tensor | null,
  { tokens, labels }: PriorTargets,
  { tokenWeight, pixelWeight, classWeights }: PriorLossOptions,
): PriorLoss {
  const weights = classWeights === undefined ? undefined : cellWeights(labels, classWeights, tokens.shape);
  const { loss, accuracy } = tokenCrossEntropy(classifier, tokens, { weights });
  if (pixelLogits === null) return { terms: { tokens: mul(loss, tokenWeight) }, watched: { tokenAccuracy: accuracy } };
  return {
    terms: {
      tokens: mul(loss, tokenWeight),
      pixels: mul(crossEntropy(pixelLogits, labels, { classWeights }), pixelWeight),
    },
    watched: { tokenAccuracy: accuracy, pixelAccuracy: accuracyOf(argMax(pixelLogits, { axis: 1 }), labels, IGNORE) },
  };
}

/** labels: [B, s·h, s·w] → [B, h, w], for tokens [B, h, w]: the mean weight of a cell's labelled pixels, 0 where it has none. */
function cellWeights(
  labels: Tensor,
  classWeights: readonly number[],
  [batch, rows, columns]: readonly number[],
): Tensor {
  const [, height, width] = labels.shape;
  const shape = [batch, classWeights.length, height, width];
  const { weights, valid } = labelled({ dtype: "float32", shape }, labels, { classWeights });
  const [weighed, counted] = [weights, valid].map((map) =>
    squeeze(averagePool(unsqueeze(map, 1), { kernel: [height / rows, width / columns] }), 1),
  );
  return div(weighed, maximum(counted, 1e-6));
}

/**
 * Cross-entropy over the codes, averaged over the cells that have a token, 0 where none has; and how many are right, in percent.
 * Many logits are never in memory together.
 *
 * tokens: [B, h, w] integers, the number of codes where a cell counts nowhere; weights: [B, h, w], default all alike.
 */
export function tokenCrossEntropy(
  classifier: TokenClassifier,
  tokens: Tensor,
  {
    chunkElements = mostLogits,
    weights,
  }: { readonly chunkElements?: number; readonly weights?: Tensor | undefined } = {},
): { readonly loss: Tensor; readonly accuracy: Tensor } {
  const codes = classifier.weight.shape[0];
  const cells = tokens.shape.reduce((product, size) => product * size, 1);
  if (codes * cells <= chunkElements) {
    const logits = tokenLogits(classifier);
    return {
      loss: crossEntropy(logits, tokens, { ignoreLabel: codes, weights }),
      accuracy: accuracyOf(argMax(logits, { axis: 1 }), tokens, codes),
    };
  }
  const { loss, predicted } = linearCrossEntropy(classifier, tokens, { ignoreLabel: codes, chunkElements, weights });
  return { loss, accuracy: accuracyOf(predicted, tokens, codes) };
}

/** Part of the entries other than `ignored` that are right, in percent; 100 where there are none. predicted, truth: one shape, integers. */
export function accuracyOf(predicted: Tensor, truth: Tensor, ignored: number): Tensor {
  const counts = notEqual(truth, ignored);
  const right = and(equal(cast(predicted, "int32"), cast(truth, "int32")), counts);
  const [correct, count] = [right, counts].map((each) => add(sum(cast(each, "float32")), constant(1.19e-7)));
  return div(mul(correct, 100), count);
}
