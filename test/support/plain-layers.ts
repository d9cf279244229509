/** Test support: layers of encoders in double precision, by plain loops over numbers. */
import { type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import type { Grid, PositionResizing } from "../../src/nn/embedding.ts";
import { at, build, elementwisePlain, indicesOf } from "./check-plain.ts";
import { convPlain, type PlainWindow } from "./check-plain-window.ts";

export const addPlain = elementwisePlain((a, b) => a + b);
export const reluPlain = elementwisePlain((a) => Math.max(a, 0));
export const relu6Plain = elementwisePlain((a) => Math.min(Math.max(a, 0), 6));

/** By running averages. x: [B, C, H, W]. */
export function normPlain(weights: Named<NdArray>, name: string, x: NdArray, epsilon = 1e-5): NdArray {
  const [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(
    (leaf) => weights[`${name}.${leaf}`],
  );
  return build(x.shape, (index) => {
    const channel = [index[1]];
    const even = (at(x, index) - at(mean, channel)) / Math.sqrt(at(variance, channel) + epsilon);
    return even * (gamma === undefined ? 1 : at(gamma, channel)) + (beta === undefined ? 0 : at(beta, channel));
  });
}

/** Convolution, its padding the same on all sides where one number is given, and its norm. */
export function convNormPlain(
  weights: Named<NdArray>,
  [conv, norm]: readonly [string, string],
  x: NdArray,
  { padding = 0, epsilon, ...window }: PlainWindow & { readonly padding?: number; readonly epsilon?: number } = {},
): NdArray {
  const pads = window.pads ?? [padding, padding, padding, padding];
  return normPlain(weights, norm, convPlain(x, weights[`${conv}.weight`], null, { ...window, pads }), epsilon);
}

/** Tokens as rows of numbers. */
export type Rows = readonly (readonly number[])[];

/** The last axis as rows. */
export function rowsOf(array: NdArray): Rows {
  const width = array.shape.at(-1)!;
  const numbers = toNumbers(array);
  return Array.from({ length: numbers.length / width }, (_, i) => numbers.slice(i * width, (i + 1) * width));
}

export function linearPlain(weights: Named<NdArray>, name: string, rows: Rows): Rows {
  const [weight, bias] = [weights[`${name}.weight`], weights[`${name}.bias`]];
  return rows.map((row) =>
    toNumbers(bias).map((start, i) => row.reduce((sum, value, j) => sum + value * at(weight, [i, j]), start)),
  );
}

export function layerNormPlain(weights: Named<NdArray>, name: string, rows: Rows, epsilon = 1e-6): Rows {
  const [gamma, beta] = [weights[`${name}.weight`], weights[`${name}.bias`]].map(toNumbers);
  return rows.map((row) => {
    const mean = row.reduce((sum, value) => sum + value) / row.length;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
    return row.map((value, i) => ((value - mean) / Math.sqrt(variance + epsilon)) * gamma[i] + beta[i]);
  });
}

/** x·Φ(x), Φ by its power series. */
export function geluPlain(x: number): number {
  let [term, sum] = [x / Math.SQRT2, x / Math.SQRT2];
  for (let n = 1; n < 100; n++) {
    term *= -(x * x) / 2 / n;
    sum += term / (2 * n + 1);
  }
  return x * (0.5 + sum / Math.sqrt(Math.PI));
}

/** Each head mixes values by how well its queries fit the keys. */
export function attentionPlain(weights: Named<NdArray>, name: string, rows: Rows, heads: number): Rows {
  const [query, key, value] = ["query", "key", "value"].map((part) => linearPlain(weights, `${name}.${part}`, rows));
  const size = rows[0].length / heads;
  const mixed = query.map((q) =>
    q.map((_, column) => {
      const start = column - (column % size);
      const fits = key.map((k) => {
        let product = 0;
        for (let d = start; d < start + size; d++) product += q[d] * k[d];
        return Math.exp(product / Math.sqrt(size));
      });
      const total = fits.reduce((sum, fit) => sum + fit);
      return value.reduce((sum, v, i) => sum + (fits[i] / total) * v[column], 0);
    }),
  );
  return linearPlain(weights, `${name}.out`, mixed);
}

/** A transformer's layer, with LayerScale where it has weights for it. */
export function transformerPlain(weights: Named<NdArray>, name: string, rows: Rows, heads: number): Rows {
  const added = (before: Rows, branch: Rows, scale: string): Rows => {
    const factors = weights[`${name}.${scale}`];
    return before.map((row, t) =>
      row.map((value, d) => value + branch[t][d] * (factors === undefined ? 1 : at(factors, [d]))),
    );
  };
  const attended = attentionPlain(weights, `${name}.attention`, layerNormPlain(weights, `${name}.norm1`, rows), heads);
  const middle = added(rows, attended, "scale1");
  const hidden = linearPlain(weights, `${name}.mlp.hidden`, layerNormPlain(weights, `${name}.norm2`, middle));
  const out = linearPlain(
    weights,
    `${name}.mlp.out`,
    hidden.map((row) => row.map(geluPlain)),
  );
  return added(middle, out, "scale2");
}

/** Patches of the first picture of x [B, 3, H, W], row by row, each as a token. */
export function patchesPlain(weights: Named<NdArray>, x: NdArray, patch: number): Rows {
  const map = convPlain(x, weights["patches.weight"], weights["patches.bias"], { strides: [patch, patch] });
  const [, width, rows, columns] = map.shape;
  return indicesOf([rows, columns]).map(([row, column]) =>
    Array.from({ length: width }, (_, d) => at(map, [0, d, row, column])),
  );
}

/** Keys' cubic (1981). */
function cubic(a: number, distance: number): number {
  const t = Math.abs(distance);
  if (t <= 1) return (a + 2) * t ** 3 - (a + 3) * t ** 2 + 1;
  return t < 2 ? a * (t ** 3 - 5 * t ** 2 + 8 * t - 4) : 0;
}

/** Four neighbours of where output `i` reads, those outside taken from the border (PyTorch's `interpolate`). */
function neighbours(i: number, step: number, inputs: number): [index: number, weight: number][] {
  const centre = (i + 0.5) * step - 0.5;
  return [-1, 0, 1, 2].map((k) => {
    const j = Math.floor(centre) + k;
    return [Math.min(Math.max(j, 0), inputs - 1), cubic(-0.75, centre - j)];
  });
}

/** All inputs that the kernel reaches, widened when shrinking, their weights made to add up to 1 (Pillow). */
function reached(i: number, outputs: number, inputs: number): [index: number, weight: number][] {
  const scale = Math.max(inputs / outputs, 1);
  const centre = ((i + 0.5) * inputs) / outputs;
  const all = Array.from({ length: inputs }, (_, j) => [j, cubic(-0.5, (j + 0.5 - centre) / scale)] as const);
  const total = all.reduce((total, [, weight]) => total + weight, 0);
  return all.map(([j, weight]) => [j, weight / total]);
}

/** Positions of a grid, bicubic at another: from four neighbours each, or all that a widened kernel reaches (`antialias`). */
export function positionsPlain(
  table: Rows,
  [rows, columns]: Grid,
  to: Grid,
  { antialias = false, offset = 0 }: PositionResizing,
): Rows {
  const along = (i: number, outputs: number, inputs: number) =>
    antialias ? reached(i, outputs, inputs) : neighbours(i, inputs / (outputs + offset), inputs);
  return Array.from({ length: to[0] * to[1] }, (_, t) => {
    const down = along(Math.floor(t / to[1]), to[0], rows);
    const across = along(t % to[1], to[1], columns);
    return table[0].map((_, d) =>
      down.reduce(
        (total, [y, a]) => total + across.reduce((row, [x, b]) => row + a * b * table[y * columns + x][d], 0),
        0,
      ),
    );
  });
}
