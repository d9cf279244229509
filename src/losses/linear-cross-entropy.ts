/** Cross-entropy of a linear map to many classes, without all of its logits in memory. */
import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { nodes, type Tensor } from "../graph/tensor.ts";
import {
  add,
  argMax,
  cast,
  concat,
  logSumExp,
  matmul,
  mul,
  oneHot,
  reshape,
  slice,
  softmax,
  squeeze,
  stack,
  stopGradient,
  sub,
  sum,
  takeAlong,
  unsqueeze,
} from "../ops/index.ts";
import { zeroFrom } from "../ops/waiting.ts";
import { labelled, weightedMean } from "./cross-entropy.ts";

/** logits = weight · features + bias at each place. */
export interface LinearClassifier {
  /** [B, C, ...]. */
  readonly features: Tensor;
  /** [K, C], or [K, C, 1, 1] as a convolution has it. */
  readonly weight: Tensor;
  /** [K]. */
  readonly bias: Tensor;
}

export interface LinearCrossEntropyOptions {
  /** Places with this label count nowhere. */
  readonly ignoreLabel: number;
  /** Logits that are in memory at once, at most. */
  readonly chunkElements?: number;
  /** What each place weighs, [B, ...], 0 or above, no gradient; default: all alike. */
  readonly weights?: Tensor | undefined;
}

export interface LinearCrossEntropy {
  /** A scalar: the mean, by weight, over the places that count, 0 where there are none. */
  readonly loss: Tensor;
  /** [B, ...] int64: the class of the largest logit. No gradient. */
  readonly predicted: Tensor;
}

/**
 * `crossEntropy` of the logits of a linear map. They are computed in pieces of `chunkElements` and thrown away, and the gradient
 * computes them again, piece after piece, as `attention` does it for its scores: features, weights and their gradients are all
 * that is kept. For gradients of gradients, which this has none of, take `crossEntropy`.
 *
 * labels: [B, ...] integers, 0 … K − 1 or `ignoreLabel`.
 */
export function linearCrossEntropy(
  { features, weight, bias }: LinearClassifier,
  labels: Tensor,
  { ignoreLabel, chunkElements = 2 ** 24, weights }: LinearCrossEntropyOptions,
): LinearCrossEntropy {
  const [classes, channels] = weight.shape;
  const [batch, width, ...sides] = features.shape;
  if (width !== channels || bias.shape[0] !== classes) {
    throw new InputError(
      `loss: features and bias must fit the weight ${show(weight.shape)}, got ${show(features.shape)} and ${show(bias.shape)}. Check the channels.`,
    );
  }
  const logits = { dtype: features.dtype, shape: [batch, classes, ...sides] };
  const { valid, index } = labelled(logits, labels, { ignoreLabel });
  const x = reshape(features, [batch, width, -1]); // [B, C, P]
  const places = x.shape[2];
  const inputs = [x, reshape(weight, [classes, channels]), bias, reshape(index, [batch, places])];
  const [losses, predicted] = nodes("LinearCrossEntropy", inputs, {
    outputs: [
      { dtype: x.dtype, shape: [batch, places] },
      { dtype: "int64", shape: [batch, places] },
    ],
    gradient: (dy) => [...gradientInPieces([...inputs, dy], chunkElements), null],
    lower: (given) => inPieces(given as readonly Tensor[], chunkElements),
  });
  const counted = weights === undefined ? valid : mul(valid, stopGradient(weights));
  return {
    loss: weightedMean(mul(reshape(losses, [batch, ...sides]), counted), counted),
    predicted: reshape(predicted, [batch, ...sides]),
  };
}

/** A run of places of one sample. */
interface Piece {
  readonly sample: number;
  readonly start: number;
  readonly end: number;
}

function piecesOf([batch, , places]: readonly number[], classes: number, chunkElements: number): Piece[][] {
  const most = Math.max(1, Math.min(places, Math.floor(chunkElements / classes)));
  const count = Math.ceil(places / most);
  const length = Math.ceil(places / count);
  return Array.from({ length: batch }, (_, sample) =>
    Array.from({ length: Math.ceil(places / length) }, (_, i) => {
      return { sample, start: i * length, end: Math.min((i + 1) * length, places) };
    }),
  );
}

/** [B, …, P] → […, n]: one sample's run of places. */
function cut(x: Tensor, { sample, start, end }: Piece): Tensor {
  const run = slice(x, [
    { axis: 0, start: sample, end: sample + 1 },
    { axis: -1, start, end },
  ]);
  return squeeze(run, 0);
}

/** features: [C, n] → [n, K]. */
function logitsOf(features: Tensor, weight: Tensor, bias: Tensor): Tensor {
  return add(matmul(features, weight, { transposeA: true, transposeB: true }), bias);
}

/** [x, weight, bias, index] → losses and classes, both [B, P]. */
function inPieces([x, weight, bias, index]: readonly Tensor[], chunkElements: number): Tensor[] {
  const found = piecesOf(x.shape, weight.shape[0], chunkElements).map((pieces) => {
    const parts = pieces.map((piece) => {
      const logits = logitsOf(cut(x, piece), weight, bias);
      const truth = squeeze(takeAlong(logits, unsqueeze(cut(index, piece), 1), { axis: 1 }), 1);
      return [sub(logSumExp(logits, { axes: [1] }), truth), argMax(logits, { axis: 1 })];
    });
    return joined(parts, 0);
  });
  return [0, 1].map((which) => stack(found.map((each) => each[which])));
}

/** Each column of a table of tensors as one. */
function joined(rows: readonly (readonly Tensor[])[], axis: number): Tensor[] {
  return rows[0].map((_, which) =>
    concat(
      rows.map((row) => row[which]),
      { axis },
    ),
  );
}

/** Gradients of x, weight and bias: softmax − one-hot of the label at each place, times its share of the loss. */
function gradientInPieces(inputs: readonly Tensor[], chunkElements: number): readonly Tensor[] {
  return nodes("LinearCrossEntropyGrad", inputs, {
    outputs: inputs.slice(0, 3),
    gradient: null, // see linearCrossEntropy
    lower: (given) => loweredGradient(given as readonly Tensor[], chunkElements),
  });
}

/**
 * Piece after piece: as in attention's tiles, a zero made from one piece's results is added to the next one's features, so that
 * ONNX Runtime cannot compute all logits first.
 */
function loweredGradient([x, weight, bias, index, dy]: readonly Tensor[], chunkElements: number): Tensor[] {
  const classes = weight.shape[0];
  let zero = zeroFrom([dy]);
  let [dWeight, dBias]: [Tensor | null, Tensor | null] = [null, null];
  const plus = (total: Tensor | null, part: Tensor) => (total === null ? part : add(total, part));
  const samples = piecesOf(x.shape, classes, chunkElements).map((pieces) => {
    const parts = pieces.map((piece) => {
      const features = add(cut(x, piece), zero); // [C, n]
      const probabilities = softmax(logitsOf(features, weight, bias)); // [n, K]
      // The labels wait, too: what is made of them is as large as the logits.
      const truth = add(cut(index, piece), cast(zero, "int64"));
      const wrong = sub(probabilities, oneHot(truth, classes, { dtype: x.dtype }));
      const slope = mul(wrong, unsqueeze(cut(dy, piece), 1)); // [n, K]
      const dFeatures = matmul(weight, slope, { transposeA: true, transposeB: true }); // [C, n]
      dWeight = plus(dWeight, matmul(slope, features, { transposeA: true, transposeB: true })); // [K, C]
      dBias = plus(dBias, sum(slope, { axes: [0] }));
      zero = zeroFrom([dFeatures, dWeight, dBias]);
      return dFeatures;
    });
    return concat(parts, { axis: 1 });
  });
  return [stack(samples), dWeight!, dBias!];
}
