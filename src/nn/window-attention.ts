/** Attention within windows of a map, and the transformer block that is made of it (Liu et al. 2021, Swin Transformer). */
import { float32, fromNumbers } from "../array/ndarray.ts";
import { type Initializer, truncatedNormalInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import {
  add,
  concat,
  gather,
  matmul,
  minimum,
  pad,
  reshape,
  roll,
  slice,
  softmax,
  split,
  squeeze,
  transpose,
  windowMerge,
  windowPartition,
} from "../ops/index.ts";
import { checkHeads } from "./attention.ts";
import { dropPath } from "./dropout.ts";
import { type LinearOptions, linear } from "./linear.ts";
import { layerNorm } from "./norm.ts";
import { mlp } from "./transformer.ts";

export interface WindowAttentionOptions extends LinearOptions {
  readonly heads: number;
  /** Rows and columns of a window, in tokens. */
  readonly window: number;
  /** How far windows are moved down and to the right, in tokens, below `window`. Default: not at all. */
  readonly shift?: number;
  /** Of the table of relative biases. */
  readonly biasTableInitializer?: Initializer;
  /**
   * Numbers that one layer may hold at once where nothing trains; larger maps are computed some rows of windows at a time, with the
   * same results. Default: 64 million.
   */
  readonly mostElements?: number;
}

const usualMost = 2 ** 26;

/** What is added to a score whose two tokens are no neighbours in the map. */
const apart = -100;

/**
 * Multi-head self-attention of the tokens within each window, with a learned bias for each relative position (Liu et al. 2021,
 * sec. 3.2). The map is padded with zeros below and to the right up to whole windows: these tokens are keys like others.
 * Shifted windows come back at the other side, where tokens that are no neighbours in the map are kept apart by −100.
 *
 * Parameters: `qkv` (query, key and value one behind another), `out`, `relativeBias` [(2·window − 1)², heads], its rows in
 * order of the difference of rows, then of columns, from 1 − window.
 *
 * x: [B, H, W, C] → [B, H, W, C].
 */
export function windowAttention(
  scope: Scope,
  x: Tensor,
  {
    heads,
    window,
    shift = 0,
    biasTableInitializer = truncatedNormalInitializer(0.02),
    mostElements = usualMost,
    ...initializers
  }: WindowAttentionOptions,
): Tensor {
  const [, height, width, channels] = x.shape;
  checkHeads(scope, channels, heads);
  if (!(Number.isInteger(window) && window >= 1 && Number.isInteger(shift) && shift >= 0 && shift < window)) {
    throw scope.error(
      `expected a window of whole tokens and a shift from 0 to below it, got ${window} and ${shift}. Correct them.`,
    );
  }
  const [rows, columns] = [Math.ceil(height / window), Math.ceil(width / window)];
  const padded = pad(x, { after: [0, rows * window - height, columns * window - width, 0] });
  const moved = roll(padded, { shifts: [-shift, -shift], axes: [1, 2] }); // [B, H′, W′, C]
  const table = scope.parameter("relativeBias", [(2 * window - 1) ** 2, heads], biasTableInitializer);
  const biases = relativeBiases(table, window);

  const attend = (place: Scope, part: Tensor, first: number): Tensor => {
    const [batch, partHeight, partWidth] = part.shape;
    const grid = [partHeight / window, columns] as const;
    const [tokens, windows] = [window * window, batch * grid[0] * columns];
    const cut = reshape(windowPartition(part, window), [windows, tokens, channels]);
    const projected = linear(place.at("qkv"), cut, 3 * channels, initializers);
    const apart = reshape(projected, [windows, tokens, 3, heads, channels / heads]);
    const [q, k, v] = split(transpose(apart, [2, 0, 3, 1, 4]), [1, 1, 1], { axis: 0 }).map((each) => squeeze(each, 0)); // [windows, heads, T, d]
    const scores = matmul(q, k, { transposeB: true, scale: (channels / heads) ** -0.5 }); // [windows, heads, T, T]
    const biased = add(scores, biases);
    const separated = shift === 0 ? biased : keptApart(biased, grid, window, shift, first + grid[0] === rows);
    const mixed = matmul(softmax(separated), v); // [windows, heads, T, d]
    const merged = reshape(transpose(mixed, [0, 2, 1, 3]), [windows, tokens, channels]);
    const out = linear(place.at("out"), merged, channels, initializers);
    return windowMerge(reshape(out, [windows, window, window, channels]), window, partHeight, partWidth);
  };
  // Query, key and value, or the scores of all heads, whichever are more.
  const elementsInRow = columns * window * window * Math.max(3 * channels, heads * window * window);
  const map = inRowsOf(scope, moved, window, mostElements / elementsInRow, attend);
  return slice(roll(map, { shifts: [shift, shift], axes: [1, 2] }), [
    { axis: 1, start: 0, end: height },
    { axis: 2, start: 0, end: width },
  ]);
}

/**
 * f of a map, all at once where it trains or is small; else of each sample by itself, at most `most` rows of `unit` tokens at a time.
 * f is told which of these rows is its first. x: [B, H, W, C], H a multiple of `unit` → what f gives, of the same sizes.
 */
function inRowsOf(
  scope: Scope,
  x: Tensor,
  unit: number,
  most: number,
  f: (scope: Scope, part: Tensor, first: number) => Tensor,
): Tensor {
  const [batch, height] = x.shape;
  const rows = height / unit;
  if (scope.model.training || batch * rows <= most) return f(scope, x, 0);
  const count = Math.ceil(rows / Math.max(1, Math.floor(most)));
  const length = Math.ceil(rows / count);
  const place = scope.shared();
  const samples = Array.from({ length: batch }, (_, sample) => {
    const starts = Array.from({ length: Math.ceil(rows / length) }, (_, i) => i * length);
    const parts = starts.map((start) => {
      const part = slice(x, [
        { axis: 0, start: sample, end: sample + 1 },
        { axis: 1, start: start * unit, end: Math.min(start + length, rows) * unit },
      ]);
      return f(place, part, start);
    });
    return concat(parts, { axis: 1 });
  });
  return concat(samples, { axis: 0 });
}

/**
 * For each pair of tokens of a window, the row of the table of their relative position:
 * (yₐ − y_b + M − 1)·(2M − 1) + (xₐ − x_b + M − 1), tokens in row-major order. [M²·M²] whole numbers.
 */
export function relativePositions(window: number): number[] {
  const tokens = Array.from({ length: window * window }, (_, i) => [Math.floor(i / window), i % window]);
  return tokens.flatMap(([ya, xa]) =>
    tokens.map(([yb, xb]) => (ya - yb + window - 1) * (2 * window - 1) + (xa - xb + window - 1)),
  );
}

/** table: [(2·window − 1)², heads] → [heads, T, T]. */
function relativeBiases(table: Tensor, window: number): Tensor {
  const tokens = window * window;
  const index = constant(fromNumbers("int64", [tokens * tokens], relativePositions(window)));
  const biases = gather(table, index, { axis: 0 }); // [T·T, heads]
  return transpose(reshape(biases, [tokens, tokens, table.shape[1]]), [2, 0, 1]);
}

/**
 * Scores of shifted windows, −100 added where two tokens were not neighbours before the map was rolled: only the map's last row and
 * its last column of windows hold such. isLast: whether the last of these rows is the map's.
 *
 * scores: [B·rows·columns, heads, T, T] → the same shape.
 */
function keptApart(
  scores: Tensor,
  [rows, columns]: readonly [rows: number, columns: number],
  window: number,
  shift: number,
  isLast: boolean,
): Tensor {
  const [count, heads, tokens] = scores.shape;
  const inRow = isLast
    ? splitMasks(rows, window, shift, (token) => Math.floor(token / window))
    : new Float32Array(rows * tokens * tokens);
  const inColumn = splitMasks(columns, window, shift, (token) => token % window);
  const mask = minimum(
    constant(float32([rows, 1, 1, tokens, tokens], inRow)),
    constant(float32([1, columns, 1, tokens, tokens], inColumn)),
  ); // [rows, columns, 1, T, T]
  const grid = reshape(scores, [count / (rows * columns), rows, columns, heads, tokens, tokens]);
  return reshape(add(grid, mask), scores.shape);
}

/** For each of `count` windows along one axis, 0 or −100 for each pair of tokens: the last window holds both ends of the map. */
function splitMasks(count: number, window: number, shift: number, place: (token: number) => number): Float32Array {
  const tokens = window * window;
  const masks = new Float32Array(count * tokens * tokens);
  const isBehind = Array.from({ length: tokens }, (_, token) => place(token) >= window - shift);
  const last = (count - 1) * tokens * tokens;
  for (let a = 0; a < tokens; a++) {
    for (let b = 0; b < tokens; b++) if (isBehind[a] !== isBehind[b]) masks[last + a * tokens + b] = apart;
  }
  return masks;
}

export interface WindowBlockOptions extends WindowAttentionOptions {
  /** Width of the MLP's hidden layer. */
  readonly hidden: number;
  /** Stochastic depth of both branches. */
  readonly dropPath?: number;
}

/**
 * Pre-norm transformer block whose attention stays within windows: x + attention(norm(x)), then x + mlp(norm(x)).
 * Parts: `norm1`, `attention`, `norm2`, `mlp`.
 *
 * x: [B, H, W, C] → [B, H, W, C].
 */
function windowBlock(
  scope: Scope,
  x: Tensor,
  { hidden, dropPath: rate = 0, ...attention }: WindowBlockOptions,
): Tensor {
  const { weightInitializer, biasInitializer } = attention;
  const attended = windowAttention(scope.at("attention"), layerNorm(scope.at("norm1"), x), attention);
  const between = add(x, dropPath(scope.at("attention"), attended, rate));
  const transform = (place: Scope, part: Tensor) =>
    mlp(place.at("mlp"), layerNorm(place.at("norm2"), part), { hidden, weightInitializer, biasInitializer });
  const most = (attention.mostElements ?? usualMost) / (x.shape[2] * hidden);
  return add(between, dropPath(scope.at("mlp"), inRowsOf(scope, between, 1, most, transform), rate));
}

export interface WindowBlocksOptions extends Omit<WindowBlockOptions, "shift" | "dropPath"> {
  readonly depth: number;
  /** Stochastic depth of each block. Default: none. */
  readonly dropPaths?: readonly number[];
}

/**
 * `depth` blocks, `block1`, `block2`, …: windows lie on the map's corner in the first, and are shifted by half a window in
 * every second.
 *
 * x: [B, H, W, C] → [B, H, W, C].
 */
export function windowBlocks(
  scope: Scope,
  x: Tensor,
  { depth, dropPaths = [], ...block }: WindowBlocksOptions,
): Tensor {
  let y = x;
  for (let i = 0; i < depth; i++) {
    const shift = i % 2 === 0 ? 0 : Math.floor(block.window / 2);
    y = windowBlock(scope.at(`block${i + 1}`), y, { ...block, shift, dropPath: dropPaths[i] });
  }
  return y;
}
