import { fromNumbers } from "../array/ndarray.ts";
import type { Initializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { add, attention, axisSize, matmul, rearrange, softmax } from "../ops/index.ts";
import { dropout } from "./dropout.ts";
import { type LinearOptions, linear } from "./linear.ts";

export interface MultiHeadOptions {
  readonly heads: number;
  /** Probability of dropping an attention weight. */
  readonly attentionDropout?: number;
  /** Probability of dropping an element of the result. */
  readonly dropout?: number;
  /** Whether query, key and value projections have a bias; the output projection always has. */
  readonly bias?: boolean;
  readonly weightInitializer?: Initializer;
  /** Of the output projection's weight; default: as the others. */
  readonly outWeightInitializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

export interface SelfAttentionOptions extends MultiHeadOptions {
  /** A token attends to itself and those before it only. Default: to all. */
  readonly causal?: boolean;
}

/**
 * Multi-head self-attention: softmax(q·kᵀ/√d)·v per head, d = D / heads (Vaswani et al. 2017, sec. 3.2). Linear layers
 * `query`, `key`, `value` and `out`.
 *
 * Many tokens need little memory (see the operator `attention`), but not with dropout on the attention weights or where
 * it is causal: then all of them, T² a head, are kept for the backward pass.
 *
 * x: [B, T, D] → [B, T, D].
 */
export function selfAttention(scope: Scope, x: Tensor, { causal = false, ...options }: SelfAttentionOptions): Tensor {
  return multiHeadAttention(scope, x, x, options, causal);
}

/**
 * Multi-head attention of some tokens to others: queries from `x`, keys and values from `memory`; else as `selfAttention`.
 *
 * x: [B, T, D], memory: [B, S, D] → [B, T, D].
 */
export function crossAttention(scope: Scope, x: Tensor, memory: Tensor, options: MultiHeadOptions): Tensor {
  return multiHeadAttention(scope, x, memory, options, false);
}

function multiHeadAttention(
  scope: Scope,
  x: Tensor,
  memory: Tensor,
  {
    heads,
    attentionDropout = 0,
    dropout: rate = 0,
    bias = true,
    weightInitializer,
    outWeightInitializer = weightInitializer,
    biasInitializer,
  }: MultiHeadOptions,
  causal: boolean,
): Tensor {
  const width = axisSize(x, -1);
  checkHeads(scope, width, heads);
  const initializers: LinearOptions = { weightInitializer, biasInitializer };

  const project = (name: string, tokens: Tensor) =>
    rearrange(linear(scope.at(name), tokens, width, { ...initializers, bias }), "B T (h d) -> B h T d", { h: heads });
  const [q, k, v] = [project("query", x), project("key", memory), project("value", memory)]; // each [B, heads, T or S, d]
  const drops = scope.training && attentionDropout !== 0;
  const weights = () => dropout(scope.at("attention"), attentionWeights(q, k, { causal }), attentionDropout);
  const mixed = drops || causal ? matmul(weights(), v) : attention(q, k, v, { scale: scoreScale(q) }); // [B, heads, T, d]
  const merged = rearrange(mixed, "B h T d -> B T (h d)"); // [B, T, D]
  const out = linear(scope.at("out"), merged, width, { ...initializers, weightInitializer: outWeightInitializer });
  return dropout(scope, out, rate);
}

/**
 * softmax(q·kᵀ/√d). q: [..., T, d], k: [..., S, d] → [..., T, S], each row summing to 1; `causal`: 0 where the column
 * is behind the row.
 */
export function attentionWeights(q: Tensor, k: Tensor, { causal = false }: { causal?: boolean } = {}): Tensor {
  const scores = matmul(q, k, { transposeB: true, scale: scoreScale(q) }); // [..., T, S]
  return softmax(causal ? add(scores, behind(scores)) : scores, { axis: -1 });
}

/** −∞ where the column is behind the row, else 0. scores: [..., T, S] → [T, S]. */
function behind({ dtype, shape }: Tensor): Tensor {
  const [rows, columns] = shape.slice(-2);
  const values = Array.from({ length: rows * columns }, (_, i) =>
    i % columns > Math.floor(i / columns) ? Number.NEGATIVE_INFINITY : 0,
  );
  return constant(fromNumbers(dtype, [rows, columns], values));
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
