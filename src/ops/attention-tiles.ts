/** Attention and its gradient with only a part of the scores in memory at any time. */
import type { Tensor } from "../graph/tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { sum } from "./broadcast.ts";
import { concat } from "./joining.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./shape.ts";
import { slice } from "./slicing.ts";
import { softmax } from "./softmax.ts";
import { zeroFrom } from "./waiting.ts";

export interface AttentionTiling {
  readonly scale: number;
  /** Scores of one tile, at most; a tile has at least one row. */
  readonly chunkElements: number;
}

/** Positions start … end − 1 of an axis. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/** q: [..., T, d], k: [..., S, d], v: [..., S, e] → softmax(scale · q kᵀ) v: [..., T, e]. */
export function attentionInTiles(q: Tensor, k: Tensor, v: Tensor, tiling: AttentionTiling): Tensor {
  const [queries, keys, values] = [q, k, v].map(asMatrices);
  const { matrices, rows } = tilesOf(queries, keys, tiling);
  const parts = matrices.map((some) => {
    const [itsKeys, itsValues] = [cut(keys, some), cut(values, some)];
    const pieces = rows.map((run) => matmul(probabilities(cut(queries, some, run), itsKeys, tiling), itsValues));
    return concat(pieces, { axis: 1 });
  });
  return reshape(concat(parts, { axis: 0 }), [...q.shape.slice(0, -1), v.shape.at(-1)!]);
}

/**
 * dq, dk and dv from [q, k, v, y, dy], tile after tile.
 *
 * ONNX Runtime takes nodes in an order of its own: probabilities that depend on q and k alone could all be computed
 * early and wait. So a zero is added to each tile's queries and dy that is made from numbers of the tile before, of the
 * first one from dy: no tile can be begun before the last one is done. Where these numbers are not finite, neither are
 * the gradients that they are part of.
 */
export function attentionGradientInTiles(inputs: readonly Tensor[], tiling: AttentionTiling): readonly Tensor[] {
  const [q, k, v, y, dy] = inputs.map(asMatrices);
  const { scale } = tiling;
  const { matrices, rows } = tilesOf(q, k, tiling);
  const weighted = sum(mul(dy, y), { axes: [2], keepDims: true }); // [N, T, 1]
  let zero = zeroFrom([dy]);
  const parts = matrices.map((some) => {
    const [keys, values] = [cut(k, some), cut(v, some)];
    const dqs: Tensor[] = [];
    let dk: Tensor | null = null;
    let dv: Tensor | null = null;
    for (const run of rows) {
      const queries = add(cut(q, some, run), zero);
      const d = add(cut(dy, some, run), zero);
      const p = probabilities(queries, keys, tiling); // [n, t, S]
      const ds = mul(p, sub(matmul(d, values, { transposeB: true }), cut(weighted, some, run)));
      const dq = matmul(ds, keys, { scale }); // [n, t, d]
      dk = plus(dk, matmul(ds, queries, { transposeA: true, scale })); // [n, S, d]
      dv = plus(dv, matmul(p, d, { transposeA: true })); // [n, S, e]
      dqs.push(dq);
      zero = zeroFrom([dq, dk, dv]);
    }
    return [concat(dqs, { axis: 1 }), dk!, dv!];
  });
  return [0, 1, 2].map((which) =>
    reshape(
      concat(
        parts.map((part) => part[which]),
        { axis: 0 },
      ),
      inputs[which].shape,
    ),
  );
}

function plus(total: Tensor | null, x: Tensor): Tensor {
  return total === null ? x : add(total, x);
}

function probabilities(queries: Tensor, keys: Tensor, { scale }: AttentionTiling): Tensor {
  return softmax(matmul(queries, keys, { transposeB: true, scale }));
}

/** [..., T, d] → [N, T, d]: one matrix for each head of each sample. */
function asMatrices(x: Tensor): Tensor {
  return x.shape.length === 3 ? x : reshape(x, [-1, ...x.shape.slice(-2)]);
}

/**
 * Which matrices and which rows go together: whole matrices where they fit, otherwise rows of one. Whole matrices need no
 * sums of dk and dv over tiles, and tiles that the processor's cache holds are faster than one large piece.
 */
function tilesOf(q: Tensor, k: Tensor, { chunkElements }: AttentionTiling): { matrices: Run[]; rows: Run[] } {
  const [count, queries] = q.shape;
  const keys = k.shape[1];
  const rows = runs(queries, chunkElements / keys);
  return { matrices: runs(count, rows.length > 1 ? 1 : chunkElements / (queries * keys)), rows };
}

/** 0 … size − 1 in runs of nearly equal length, at most `most` and at least 1. */
function runs(size: number, most: number): Run[] {
  const count = Math.ceil(size / Math.max(1, Math.floor(most)));
  const length = Math.ceil(size / count);
  return Array.from({ length: Math.ceil(size / length) }, (_, i) => ({
    start: i * length,
    end: Math.min((i + 1) * length, size),
  }));
}

/** Some of the matrices, and some rows of them. */
function cut(x: Tensor, matrices: Run, rows: Run = { start: 0, end: x.shape[1] }): Tensor {
  return slice(x, [
    { axis: 0, ...matrices },
    { axis: 1, ...rows },
  ]);
}
