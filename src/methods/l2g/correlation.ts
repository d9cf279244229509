/** Pixel correlation modules: scores or features averaged over places that look alike (Wang et al. 2020, SEAM, sec. 3.3). */

import { xavierUniformInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import { add, concat, div, matmul, relu, reshape, slice, sqrt, sum, sumSquare } from "../../ops/index.ts";

const epsilon = 1e-5;

export interface CorrelationOptions {
  /** Channels of the embedding that places are compared by. */
  readonly channels: number;
  /** Similarities that are in memory at once, at most, for whole columns: N places make N² of them. */
  readonly most?: number;
}

/**
 * Each place becomes the mean of all, weighted by the cosine of their embeddings where that is positive. With the parameter
 * `weight` [channels, F, 1, 1] of `scope`. Every column of the weights sums to 1, so columns are computed apart where all would take
 * too much memory.
 *
 * x: [B, D, h, w]; features: [B, F, h, w] → [B, D, h, w].
 */
export function correlate(
  scope: Scope,
  x: Tensor,
  features: Tensor,
  { channels, most = 2 ** 24 }: CorrelationOptions,
): Tensor {
  const [batch, width, rows, columns] = x.shape;
  const places = rows * columns;
  const embedded = conv2d(scope, features, channels, {
    ...{ kernel: 1, bias: false, initializer: xavierUniformInitializer(4) },
  });
  const flat = reshape(embedded, [batch, channels, places]);
  // Added to the norm itself, not under its root.
  const unit = div(flat, add(sqrt(sumSquare(flat, { axes: [1], keepDims: true })), epsilon)); // [B, F, N]
  const values = reshape(x, [batch, width, places]);
  const block = Math.max(1, Math.min(places, Math.floor(most / places)));
  const parts: Tensor[] = [];
  for (let start = 0; start < places; start += block) {
    const own = block === places ? unit : slice(unit, [{ axis: 2, start, end: Math.min(start + block, places) }]);
    const alike = relu(matmul(unit, own, { transposeA: true })); // [B, N, block]
    const shares = div(alike, add(sum(alike, { axes: [1], keepDims: true }), epsilon));
    parts.push(matmul(values, shares)); // [B, D, block]
  }
  return reshape(parts.length === 1 ? parts[0] : concat(parts, { axis: 2 }), [batch, width, rows, columns]);
}
