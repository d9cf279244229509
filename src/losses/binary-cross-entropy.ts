import type { Tensor } from "../graph/tensor.ts";
import { mean, mul, softplus, sub } from "../ops/index.ts";

/**
 * Binary cross-entropy with logits, mean over all elements: softplus(x) − x·t. For tags, where several classes hold.
 *
 * logits, targets: the same shape; targets in [0, 1] → scalar.
 */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return mean(sub(softplus(logits), mul(logits, targets)), {});
}
