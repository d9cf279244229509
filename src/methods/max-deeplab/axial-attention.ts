/** Attention along one axis of a map at a time, with learned vectors for distances (Wang et al. 2020, Axial-DeepLab, eq. 5). */
import { fromNumbers } from "../../array/ndarray.ts";
import { recomputed } from "../../autodiff/recompute.ts";
import { truncatedNormalInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import { batchNorm2d, batchNorms } from "../../nn/norm.ts";
import { add, gather, matmul, rearrange, reshape, sigmoid, slice, softmax, split, transpose } from "../../ops/index.ts";
import { norms } from "./layers.ts";

export interface AxialOptions {
  readonly heads: number;
  /** Widths of keys and values, all heads together. */
  readonly keyDepth: number;
  readonly valueDepth: number;
  readonly maxSpan: number;
  /** What scores are sums of, each normalized; default all: query · key, query · distance, key · distance. */
  readonly similarity?: { readonly content: boolean; readonly query: boolean; readonly key: boolean };
  /** What is retrieved: values, vectors of distances; default both. */
  readonly retrieval?: { readonly content: boolean; readonly position: boolean };
  readonly activation?: "softmax" | "sigmoid";
  /** Nothing behind the projection is kept for the backward pass, which computes it again. */
  readonly recompute?: boolean;
}

export interface AxialResult {
  /** [B, valueDepth, H, W]. */
  readonly y: Tensor;
  /** Sums of the normalized scores, and the weights: [columns or rows of the batch, heads, L, L]. */
  readonly scores: Tensor;
  readonly weights: Tensor;
}

const everySimilarity = { content: true, query: true, key: true };
const everyRetrieval = { content: true, position: true };

/**
 * Each column (or row) is a sequence of its own. Scores have no factor 1/√d: norms take its place. The vectors of distances are shared by
 * all heads; row `key − query + maxSpan − 1` of a table, so that they serve any length.
 *
 * x: [B, C, H, W] → as `AxialResult` says.
 */
export function axialAttention(
  scope: Scope,
  x: Tensor,
  axis: "height" | "width",
  {
    heads,
    keyDepth,
    valueDepth,
    maxSpan,
    similarity = everySimilarity,
    retrieval = everyRetrieval,
    activation = "softmax",
    recompute = false,
  }: AxialOptions,
): AxialResult {
  for (const depth of [keyDepth, valueDepth]) {
    if (depth % heads !== 0)
      throw scope.error(`widths must be multiples of heads, got ${depth} and ${heads}. Change either.`);
  }
  const projected = conv2d(scope.at("qkv"), x, 2 * keyDepth + valueDepth, {
    ...{ kernel: 1, bias: false, initializer: truncatedNormalInitializer(x.shape[1] ** -0.5) },
  });
  const options = { heads, keyDepth, valueDepth, maxSpan, similarity, retrieval, activation };
  if (!recompute) return attend(scope, projected, axis, options);
  let found: AxialResult | null = null;
  const y = recomputed(scope, projected, (again) => {
    found = attend(scope, again, axis, options);
    return found.y;
  });
  return { ...found!, y };
}

/** From the projection on. projected: [B, 2 · keyDepth + valueDepth, H, W], not normed. */
function attend(
  scope: Scope,
  projected: Tensor,
  axis: "height" | "width",
  {
    heads,
    keyDepth,
    valueDepth,
    maxSpan,
    similarity,
    retrieval,
    activation,
  }: Required<Omit<AxialOptions, "recompute">>,
): AxialResult {
  const [batch, , height, width] = projected.shape;
  const [length, others] = axis === "height" ? [height, width] : [width, height];
  const qkv = batchNorm2d(scope.at("normQkv"), projected, norms);
  const [q, k, v] = split(qkv, [keyDepth, keyDepth, valueDepth], { axis: 1 });

  // L is the axis that attention runs along, O the other one; n = B · O sequences.
  const map = axis === "height" ? "L O" : "O L";
  const perSequence = (part: Tensor) => rearrange(part, `B (h d) ${map} -> (B O) h L d`, { h: heads });
  const perPosition = (part: Tensor) => rearrange(part, `B (h d) ${map} -> L (B O h) d`, { h: heads });
  const distances = (name: string, depth: number, sign: 1 | -1) => {
    const table = scope.at(name).parameter("embeddings", [2 * maxSpan - 1, depth], truncatedNormalInitializer(1));
    return reshape(gather(table, rows(length, maxSpan, sign), { axis: 0 }), [length, length, depth]);
  };
  const sequences = batch * others;
  const square = (scores: Tensor) => reshape(scores, [sequences, heads, length, length]);

  const terms: Tensor[] = [];
  if (similarity.content) terms.push(matmul(perSequence(q), perSequence(k), { transposeB: true }));
  if (similarity.query) {
    const table = distances("queryRpe", keyDepth / heads, 1); // [query, key, d]
    const scores = matmul(perPosition(q), table, { transposeB: true }); // [query, n·h, key]
    terms.push(square(transpose(scores, [1, 0, 2])));
  }
  if (similarity.key) {
    const table = distances("keyRpe", keyDepth / heads, -1); // [key, query, d]
    const scores = matmul(perPosition(k), table, { transposeB: true }); // [key, n·h, query]
    terms.push(square(transpose(scores, [1, 2, 0])));
  }
  if (terms.length === 0) throw scope.error("scores need at least one term, got none. Switch one on.");
  const scores = total(batchNorms(scope.at("normSimilarity"), terms, norms)); // [n, h, L, L]
  const weights = activation === "softmax" ? softmax(scores, { axis: -1 }) : sigmoid(scores);

  const found: Tensor[] = [];
  const sizes = { B: batch, O: others, h: heads };
  if (retrieval.content) {
    const values = matmul(weights, perSequence(v)); // [n, h, L, e]
    found.push(rearrange(values, `(B O) h L e -> B (h e) ${map}`, { B: batch }));
  }
  if (retrieval.position) {
    const table = distances("valueRpe", valueDepth / heads, 1); // [query, key, e]
    const byQuery = transpose(reshape(weights, [sequences * heads, length, length]), [1, 0, 2]); // [query, n·h, key]
    found.push(rearrange(matmul(byQuery, table), `L (B O h) e -> B (h e) ${map}`, sizes));
  }
  if (found.length === 0) throw scope.error("attention must retrieve something, got nothing. Switch a term on.");
  return { y: total(batchNorms(scope.at("normRetrievedOutput"), found, norms)), scores, weights };
}

/**
 * Along the height, every `stride`-th row is kept, then along the width, and every `stride`-th column is.
 * x: [B, C, H, W] → [B, valueDepth, ⌈H / stride⌉, ⌈W / stride⌉], and what it is between the two.
 */
export function axialAttention2d(
  scope: Scope,
  x: Tensor,
  { stride = 1, ...options }: AxialOptions & { readonly stride?: number },
): { readonly y: Tensor; readonly afterHeight: Tensor } {
  const afterHeight = axialAttention(scope.at("heightAxis"), x, "height", options).y;
  const rowsKept = every(afterHeight, 2, stride);
  const { y } = axialAttention(scope.at("widthAxis"), rowsKept, "width", options);
  return { y: every(y, 3, stride), afterHeight };
}

/** Every `stride`-th index of an axis, from the first on. */
export function every(x: Tensor, axis: number, stride: number): Tensor {
  return stride === 1 ? x : slice(x, [{ axis, start: 0, end: x.shape[axis], step: stride }]);
}

function total(terms: readonly Tensor[]): Tensor {
  return terms.reduce((left, right) => add(left, right));
}

/** Rows of a table of distances for each pair of positions (i, j): int64 [L · L], of key j − query i, or of key i − query j. */
function rows(length: number, maxSpan: number, sign: 1 | -1): Tensor {
  const row = (i: number, j: number) => Math.min(Math.max(sign * (j - i) + maxSpan - 1, 0), 2 * maxSpan - 2);
  const all = Array.from({ length: length * length }, (_, at) => row(Math.floor(at / length), at % length));
  return constant(fromNumbers("int64", [length * length], all));
}
