import type { Initializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { attention, axisSize, matmul, rearrange, softmax, unstack } from "../ops/index.ts";
import { dropout } from "./dropout.ts";
import { type LinearOptions, linear } from "./linear.ts";

/**
 * Names of the projections, so that published state dictionaries load by name: one fused projection whose rows are all
 * queries, then keys, then values (timm, DINO), or three separate ones (TransUNet, BERT).
 */
export type AttentionNames =
  | { readonly fused: string; readonly out: string }
  | { readonly query: string; readonly key: string; readonly value: string; readonly out: string };

export interface SelfAttentionOptions {
  readonly heads: number;
  /** Default: `qkv` and `proj`. */
  readonly names?: AttentionNames;
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
 * Multi-head self-attention: softmax(q·kᵀ/√d)·v per head, d = D / heads (Vaswani et al. 2017, sec. 3.2).
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
    names = { fused: "qkv", out: "proj" },
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

  const [q, k, v] = project(scope, x, heads, names, { ...initializers, bias }); // each [B, heads, T, d]
  const mixed =
    scope.training && attentionDropout !== 0
      ? matmul(dropout(scope.at("attention"), attentionWeights(q, k), attentionDropout), v)
      : attention(q, k, v, { scale: scoreScale(q) }); // [B, heads, T, d]
  const merged = rearrange(mixed, "B h T d -> B T (h d)"); // [B, T, D]
  return dropout(scope, linear(scope.at(names.out), merged, width, initializers), rate);
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

function project(
  scope: Scope,
  x: Tensor,
  heads: number,
  names: AttentionNames,
  options: LinearOptions,
): readonly Tensor[] {
  const width = axisSize(x, -1);
  if ("fused" in names) {
    const fused = linear(scope.at(names.fused), x, 3 * width, options); // [B, T, 3·D]
    return unstack(rearrange(fused, "B T (three h d) -> three B h T d", { three: 3, h: heads }), { axis: 0 });
  }
  return [names.query, names.key, names.value].map((name) =>
    rearrange(linear(scope.at(name), x, width, options), "B T (h d) -> B h T d", { h: heads }),
  );
}
