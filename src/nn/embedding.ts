import { cubicReading } from "../array/cubic.ts";
import type { NdArray } from "../array/ndarray.ts";
import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { type Initializer, normalInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { gather, reshape, resize, transpose } from "../ops/index.ts";
import type { ResizeOptions } from "../ops/resize.ts";

/** Rows and columns of a grid of tokens. */
export type Grid = readonly [rows: number, columns: number];

/**
 * A table of `count` vectors, looked up by index. indices: integers 0 … count − 1, any shape [...] → [..., width].
 * Parameter: `weight` [count, width].
 */
export function embedding(
  scope: Scope,
  indices: Tensor,
  { count, width, initializer = normalInitializer(0.02) }: { count: number; width: number; initializer?: Initializer },
): Tensor {
  return gather(scope.parameter("weight", [count, width], initializer), indices, { axis: 0 });
}

export interface PositionResizing extends Omit<ResizeOptions, "scale"> {
  /**
   * What is added to the wanted rows and columns before their ratio to those of the table is taken, so that vectors are
   * read a little nearer together (DINOv2's 0.1). Default: none.
   */
  readonly offset?: number;
}

/**
 * Position vectors of a grid of tokens, resized to another grid. By default bilinear with aligned corners on each axis, so
 * that output i reads at i·(g − 1)/(g′ − 1). In graph, for a table whose grid the picture's does not match.
 *
 * table: [1, rows·columns, D], row-major → [1, rows′·columns′, D].
 */
export function resizePositions(
  table: Tensor,
  from: Grid,
  to: Grid,
  { offset, ...options }: PositionResizing = { mode: "bilinear", alignCorners: true },
): Tensor {
  if (from[0] === to[0] && from[1] === to[1]) return table;
  const [, , width] = table.shape;
  const planes = reshape(transpose(table, [0, 2, 1]), [1, width, from[0], from[1]]); // [1, D, rows, columns]
  const scale = offset === undefined ? undefined : ([0, 1].map((i) => (to[i] + offset) / from[i]) as [number, number]);
  const resized = resize(planes, to, { ...options, scale }); // [1, D, rows′, columns′]
  return transpose(reshape(resized, [1, width, to[0] * to[1]]), [0, 2, 1]); // [1, rows′·columns′, D]
}

/**
 * The same on the host, once, for weights from a file: a table for another grid, perhaps with a class token in front
 * (TransUNet `load_from`; google-research/vision_transformer `checkpoint.py`).
 *
 * source: [1, M, D]. If M is the wanted count it is returned as it is; if M is one more, the class token (index 0) is
 * dropped; otherwise the grid is `from`, or square after dropping the class token, or square without one.
 * Returns [1, rows·columns, D]. Throws InputError when M fits no grid.
 */
export function resizePositionTable(source: NdArray, [rows, columns]: Grid, from?: Grid): NdArray {
  const [, count, width] = source.shape;
  const data = source.data as Float32Array;
  const wanted = rows * columns;
  const sameGrid = from === undefined || (from[0] === rows && from[1] === columns);
  if (sameGrid && count === wanted) return source;
  if (sameGrid && count - 1 === wanted) {
    return { dtype: "float32", shape: [1, wanted, width], data: data.slice(width) };
  }
  const [sourceRows, sourceColumns] = from ?? squareGrid(count);
  const first = count - sourceRows * sourceColumns; // 1 with a class token, 0 without
  if (first !== 0 && first !== 1) {
    throw new InputError(
      `position embedding: expected ${sourceRows * sourceColumns} tokens for a ${sourceRows} × ${sourceColumns} grid, ` +
        `got ${show(source.shape)}. Pass the grid that the file was trained with.`,
    );
  }
  const result = new Float32Array(wanted * width);
  const across = Array.from({ length: columns }, (_, i) => alignedReading(i, columns, sourceColumns));
  for (let row = 0; row < rows; row++) {
    const down = alignedReading(row, rows, sourceRows);
    for (let column = 0; column < columns; column++) {
      const right = across[column];
      for (const [y, weightY] of down) {
        for (const [x, weightX] of right) {
          const weight = weightY * weightX;
          const start = (first + y * sourceColumns + x) * width;
          const out = (row * columns + column) * width;
          for (let d = 0; d < width; d++) result[out + d] += weight * data[start + d];
        }
      }
    }
  }
  return { dtype: "float32", shape: [1, wanted, width], data: result };
}

/**
 * The numbers of `resizePositions` with `mode: "bicubic"` (a = −0.75, half-pixel centres, edges repeated), on the host: for weights
 * from a file whose grid is another. table: [1, rows·columns, D] float32 → [1, rows′·columns′, D].
 */
export function bicubicPositionTable(table: NdArray, from: Grid, to: Grid): NdArray {
  const [, count, width] = table.shape;
  if (count !== from[0] * from[1]) {
    throw new InputError(
      `position embedding: expected ${from[0] * from[1]} tokens for a ${from[0]} × ${from[1]} grid, got ${show(table.shape)}. Pass the grid that the file was trained with.`,
    );
  }
  if (from[0] === to[0] && from[1] === to[1]) return table;
  const data = table.data as Float32Array;
  const result = new Float32Array(to[0] * to[1] * width);
  const across = Array.from({ length: to[1] }, (_, i) => cubicReading(i, to[1], from[1]));
  for (let row = 0; row < to[0]; row++) {
    const down = cubicReading(row, to[0], from[0]);
    for (let column = 0; column < to[1]; column++) {
      const out = (row * to[1] + column) * width;
      for (let d = 0; d < width; d++) {
        let sum = 0;
        for (const [y, weightY] of down) {
          for (const [x, weightX] of across[column]) sum += weightY * weightX * data[(y * from[1] + x) * width + d];
        }
        result[out + d] = sum;
      }
    }
  }
  return { dtype: "float32", shape: [1, to[0] * to[1], width], data: result };
}

/** Which source positions output `index` reads, and how much of each. */
function alignedReading(index: number, size: number, sourceSize: number): [position: number, weight: number][] {
  const exact = size === 1 ? 0 : (index * (sourceSize - 1)) / (size - 1);
  const low = Math.min(Math.floor(exact), sourceSize - 1);
  const fraction = exact - low;
  return fraction === 0 || low + 1 >= sourceSize
    ? [[low, 1]]
    : [
        [low, 1 - fraction],
        [low + 1, fraction],
      ];
}

function squareGrid(count: number): Grid {
  for (const tokens of [count - 1, count]) {
    const side = Math.sqrt(tokens);
    if (Number.isInteger(side)) return [side, side];
  }
  throw new InputError(
    `position embedding: expected a square grid with or without a class token, got ${count} tokens. Pass the grid that the file was trained with.`,
  );
}
