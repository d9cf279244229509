import { sameShape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { node, nodes, type Tensor } from "../graph/tensor.ts";
import { add, mul, neg, sub } from "./arithmetic.ts";
import { type AttentionTiling, attentionGradientInTiles, attentionInTiles } from "./attention-tiles.ts";
import { constantLike, sum } from "./broadcast.ts";
import { matmul } from "./matmul.ts";
import { requireFloat } from "./require.ts";
import { softmax } from "./softmax.ts";

export interface AttentionOptions {
  /** Factor of the scores, such as 1/√d. */
  readonly scale?: number;
  /** Scores that are in memory at once; where there are no more of them in all, they are computed in one piece. */
  readonly chunkElements?: number;
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017, eq. 1): y = softmax(scale · q kᵀ) v.
 *
 * q: [..., T, d], k: [..., S, d], v: [..., S, e], one float type and equal axes before the last two → y: [..., T, e].
 * Up to `chunkElements` scores (all axes together) it is `matmul`, `softmax`, `matmul`, and the probabilities are kept
 * for the backward pass. Above, they are computed in tiles of that size and thrown away, and the gradient computes them
 * again, tile after tile, from q and k (as Rabe and Staats 2021 and Dao et al. 2022): q, k, v and y are all that is kept.
 * Gradients of gradients are computed in one piece.
 */
export function attention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { scale = 1, chunkElements = 2 ** 24 }: AttentionOptions = {},
): Tensor {
  const { output, scores } = checked(q, k, v);
  if (!(chunkElements >= 1)) {
    throw new InputError(`attention: chunkElements must be 1 or above, got ${chunkElements}. Leave it out.`);
  }
  if (scores <= chunkElements) return matmul(softmax(scoresOf(q, k, scale)), v);
  const tiling = { scale, chunkElements };
  return node("TiledAttention", [q, k, v], {
    output: { dtype: q.dtype, shape: output },
    gradient: (dy, y) => attentionGradient([q, k, v, y, dy], tiling),
    lower: ([q, k, v]) => [attentionInTiles(q!, k!, v!, tiling)],
  });
}

function scoresOf(q: Tensor, k: Tensor, scale: number): Tensor {
  return matmul(q, k, { transposeB: true, scale }); // [..., T, S]
}

/**
 * dq, dk and dv. With P = softmax(scale · q kᵀ) and dP = dy vᵀ: dS = P · (dP − Σ dy·y), where Σ dy·y over the last axis is
 * the softmax's Σ dP·P, and dq = scale · dS k, dk = scale · dSᵀ q, dv = Pᵀ dy.
 */
function attentionGradient(inputs: readonly Tensor[], tiling: AttentionTiling): readonly Tensor[] {
  return nodes("TiledAttentionGrad", inputs, {
    outputs: inputs.slice(0, 3),
    gradient: (_, __, { dys }) =>
      secondGradient(
        inputs,
        dys.map((d, i) => d ?? constantLike(inputs[i], 0)),
        tiling.scale,
      ),
    lower: (inputs) => attentionGradientInTiles(inputs as readonly Tensor[], tiling),
  });
}

/** Gradients of `attentionGradient` with respect to q, k, v, y and dy, from those of dq, dk and dv. */
function secondGradient([q, k, v, y, dy]: readonly Tensor[], [a, b, c]: readonly Tensor[], scale: number): Tensor[] {
  const overKeys = { axes: [-1], keepDims: true };
  const p = softmax(scoresOf(q, k, scale)); // [..., T, S], as all that follow
  const centred = sub(matmul(dy, v, { transposeB: true }), sum(mul(dy, y), overKeys)); // dP − Σ dy·y
  const ds = mul(p, centred);
  const towardsDs = add(scoresOf(a, k, scale), scoresOf(q, b, scale));
  const towardsDp = mul(p, towardsDs);
  const shares = sum(towardsDp, overKeys); // [..., T, 1]
  const towardsP = add(mul(towardsDs, centred), matmul(dy, c, { transposeB: true }));
  const towardsScores = mul(p, sub(towardsP, sum(mul(p, towardsP), overKeys)));
  return [
    add(matmul(towardsScores, k, { scale }), matmul(ds, b, { scale })),
    add(matmul(towardsScores, q, { transposeA: true, scale }), matmul(ds, a, { transposeA: true, scale })),
    matmul(towardsDp, dy, { transposeA: true }),
    neg(mul(dy, shares)),
    sub(add(matmul(towardsDp, v), matmul(p, c)), mul(y, shares)),
  ];
}

function checked(q: Tensor, k: Tensor, v: Tensor): { output: readonly number[]; scores: number } {
  requireFloat("attention", q);
  const leading = q.shape.slice(0, -2);
  const [queries, width] = q.shape.slice(-2);
  const [keys, values] = v.shape.slice(-2);
  const fits =
    [q, k, v].every(({ dtype, shape }) => dtype === q.dtype && shape.length >= 2) &&
    sameShape(k.shape, [...leading, keys, width]) &&
    sameShape(v.shape, [...leading, keys, values]);
  if (!fits) {
    const got = [q, k, v].map(({ dtype, shape }) => `${dtype} ${show(shape)}`).join(", ");
    throw new InputError(
      `attention: expected q [..., T, d], k [..., S, d] and v [..., S, e] of one type with equal leading axes, got ${got}. Reshape or cast them.`,
    );
  }
  return { output: [...leading, queries, values], scores: leading.reduce((a, b) => a * b, queries * keys) };
}
