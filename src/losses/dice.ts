import type { Tensor } from "../graph/tensor.ts";
import { IGNORE } from "../image/image.ts";
import { add, axisSize, cast, div, greater, mul, oneHot, softmax, square, sub, sum, unsqueeze } from "../ops/index.ts";
import { labelled, weightedMean } from "./cross-entropy.ts";

export interface DiceOptions {
  /** Pixels with this label count nowhere. */
  readonly ignoreLabel?: number;
  /** Added above and below the line. */
  readonly smooth?: number;
  /** Squares below the line, as in the paper; otherwise plain sums. */
  readonly squared?: boolean;
}

/**
 * Soft Dice loss, averaged over the classes that are in the batch: 1 − (2·Σ p·t + s) / (Σ p² + Σ t² + s), the sums over the
 * whole batch (Milletari et al. 2016, sec. 3). Differs: one ratio per class instead of foreground alone; ignored pixels left
 * out. A class that no pixel has counts nowhere: its ratio would only fall as fast as the last traces of it, and with many classes
 * of which few are in a batch these outweigh all that is learned from the others.
 *
 * logits: [B, K, H, W] float; labels: [B, H, W] integers, 0 … K−1 or `ignoreLabel`.
 * Returns a scalar in [0, 1]: near 0 where every counted pixel is right and certain; 0 where none is counted.
 */
export function diceLoss(
  logits: Tensor,
  labels: Tensor,
  { ignoreLabel = IGNORE, smooth = 1, squared = true }: DiceOptions = {},
): Tensor {
  const { valid, index } = labelled(logits, labels, { ignoreLabel });
  const counted = unsqueeze(valid, 1); // [B, 1, H, W]
  const truth = mul(oneHot(index, axisSize(logits, 1), { axis: 1, dtype: logits.dtype }), counted); // [B, K, H, W]
  const guess = mul(softmax(logits, { axis: 1 }), counted); // [B, K, H, W]

  const overlap = perClass(mul(truth, guess)); // [K]
  const guessed = perClass(squared ? square(guess) : guess); // [K]
  const pixels = perClass(truth); // [K]; t² = t
  const wrong = sub(1, div(add(mul(overlap, 2), smooth), add(add(guessed, pixels), smooth)));
  const present = cast(greater(pixels, 0), logits.dtype);
  return weightedMean(mul(wrong, present), present);
}

/** Sums over all but the classes, each picture first: [B, K, H, W] → [K]. */
function perClass(x: Tensor): Tensor {
  return sum(sum(x, { axes: x.shape.slice(2).map((_, axis) => axis + 2) }), { axes: [0] });
}
