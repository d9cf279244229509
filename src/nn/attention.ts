import type { Initializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { attention, axisSize, matmul, rearrange, softmax } from "../ops/index.ts";
import { dropout } from "./dropout.ts";
import { type LinearOptions, linear } from "./linear.ts";

export interface SelfAttentionOptions {
  readonly heads: number;
  /** Probability of dropping an attention weight. */
  readonly attentionDropout?: number;
  /** Probability of dropping an element of the result. */
  readonly dropout?: number;
  /** Whether query, key and value projections have a bias; the output projection always has. */
  readonly bias?: boolean;
  readonly weightInitializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

/**
 * Multi-head self-attention: softmax(q·kᵀ/√d)·v per head, d = D / heads (Vaswani et al. 2017, sec. 3.2). Linear layers
 * `query`, `key`, `value` and `out`.
 *
 * Many tokens need little memory (see the operator `attention`), but not with dropout on the attention weights: then all
 * of them, T² a head, are kept for the backward pass.
 *
 * x: [B, T, D] → [B, T, D].
 */
export function selfAttention(
  scope: Scope,
  x: Tensor,
  {
    heads,
    attentionDropout = 0,
    dropout: rate = 0,
    bias = true,
    weightInitializer,
    biasInitializer,
  }: SelfAttentionOptions,
): Tensor {
  const width = axisSize(x, -1);
  checkHeads(scope, width, heads);
  const initializers: LinearOptions = { weightInitializer, biasInitializer };

  const project = (name: string) =>
    rearrange(linear(scope.at(name), x, width, { ...initializers, bias }), "B T (h d) -> B h T d", { h: heads });
  const [q, k, v] = [project("query"), project("key"), project("value")]; // each [B, heads, T, d]
  const mixed =
    scope.training && attentionDropout !== 0
      ? matmul(dropout(scope.at("attention"), attentionWeights(q, k), attentionDropout), v)
      : attention(q, k, v, { scale: scoreScale(q) }); // [B, heads, T, d]
  const merged = rearrange(mixed, "B h T d -> B T (h d)"); // [B, T, D]
  return dropout(scope, linear(scope.at("out"), merged, width, initializers), rate);
}

/** softmax(q·kᵀ/√d). q: [..., T, d], k: [..., S, d] → [..., T, S], each row summing to 1. */
export function attentionWeights(q: Tensor, k: Tensor): Tensor {
  return softmax(matmul(q, k, { transposeB: true, scale: scoreScale(q) }), { axis: -1 });
}

function scoreScale(q: Tensor): number {
  return axisSize(q, -1) ** -0.5;
}

/** Throws unless `width` splits evenly into `heads`. */
export function checkHeads(scope: Scope, width: number, heads: number): void {
  if (width % heads === 0) return;
  const near = Math.max(1, Math.round(width / heads)) * heads;
  throw scope.error(`width must be a multiple of heads, got ${width} and ${heads}. Try ${near}.`);
}
