/** Choosing a code so that a gradient passes the choice (Jang et al. 2017; Maddison et al. 2017). */
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { add, argMax, axisSize, clip, div, log, neg, oneHot, softmax, straightThrough } from "../../ops/index.ts";

/** Standard Gumbel noise: −log(−log u), u uniform in (0, 1), fed by the host. */
export function gumbelNoise(scope: Scope, shape: readonly number[]): Tensor {
  // float32 has no number between 1 − 6e-8 and 1; a noise of 0 is drawn once in 16 million times.
  const uniform = clip(scope.noise("gumbel", shape, "uniform"), { min: 1e-9, max: 1 - 1e-7 });
  return neg(log(neg(log(uniform))));
}

/**
 * softmax((logits + noise) / temperature) over axis 1: shares that are the nearer to one code the lower the temperature.
 *
 * logits, noise: [B, V, ...]; temperature: a number, or a scalar of the graph.
 */
export function relaxedChoice(logits: Tensor, noise: Tensor, temperature: number | Tensor): Tensor {
  return softmax(div(add(logits, noise), temperature), { axis: 1 });
}

/** One code a place, with the gradient of the relaxed choice. The same shapes → one-hot [B, V, ...]. */
export function hardChoice(logits: Tensor, noise: Tensor, temperature: number | Tensor): Tensor {
  const soft = relaxedChoice(logits, noise, temperature);
  const chosen = argMax(soft, { axis: 1 });
  return straightThrough(oneHot(chosen, axisSize(logits, 1), { axis: 1, dtype: logits.dtype }), soft);
}
