import { expect, test } from "vitest";
import { checkErrors, checkOp } from "../../test/support/check.ts";
import { at, build as fill, reducePlain } from "../../test/support/check-plain.ts";
import { float32, type NdArray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { gradients } from "../autodiff/gradients.ts";
import { input } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import {
  batchNorm,
  batchNormFrozen,
  groupNorm,
  instanceNorm,
  layerNorm,
  mul,
  square,
  standardizeWeight,
  sum,
} from "./index.ts";

const common = { dtype: "float32", gradientTolerance: 1e-2 } as const;
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: number[]) => mean(values.map((v) => (v - mean(values)) ** 2));

/** (x − mean) / √(variance + ε) over `axes`, then gamma and beta of axis `channel`. */
function normalized(
  x: NdArray,
  axes: number[],
  gamma: NdArray,
  beta: NdArray,
  channel: number,
  epsilon = 1e-5,
): NdArray {
  const means = reducePlain(mean, axes)(x);
  const variances = reducePlain(variance, axes)(x);
  return fill(x.shape, (index) => {
    const normal = (at(x, index) - at(means, index)) / Math.sqrt(at(variances, index) + epsilon);
    return normal * at(gamma, [index[channel]]) + at(beta, [index[channel]]);
  });
}

const vector = { shape: [4], range: [0.5, 1.5] } as const;

/** d Σ y⁴ / dx of a batch norm. */
function fourthPowerSlope(x: NdArray, gamma: NdArray, beta: NdArray): NdArray {
  const axes = [0, 2, 3];
  const normal = normalized(
    x,
    axes,
    fill([4], () => 1),
    fill([4], () => 0),
    1,
  );
  const d = fill(x.shape, (i) => 4 * at(gamma, [i[1]]) * (at(normal, i) * at(gamma, [i[1]]) + at(beta, [i[1]])) ** 3);
  const variances = reducePlain(variance, axes)(x);
  const ofD = reducePlain(mean, axes)(d);
  const ofProducts = reducePlain(mean, axes)(fill(x.shape, (i) => at(d, i) * at(normal, i)));
  return fill(x.shape, (i) => {
    const slope = at(d, i) - at(ofD, i) - at(normal, i) * at(ofProducts, i);
    return slope / Math.sqrt(at(variances, i) + 1e-5);
  });
}

checkOp(
  "batchNorm",
  (x, gamma, beta) => batchNorm(x, gamma, beta).y,
  [
    { inputs: [[3, 4, 3, 5], vector, [4]], forward: (x, g, b) => normalized(x, [0, 2, 3], g, b, 1) },
    { title: "no pixels", inputs: [[6, 4], vector, [4]], forward: (x, g, b) => normalized(x, [0], g, b, 1) },
    {
      title: "mean of the batch",
      inputs: [[3, 4, 3, 5], vector, [4]],
      build: (x, gamma, beta) => batchNorm(x, gamma, beta).mean,
      forward: (x) => toNumbers(reducePlain(mean, [0, 2, 3])(x)),
      differentiable: [0],
    },
    {
      title: "variance of the batch",
      inputs: [[3, 4, 3, 5], vector, [4]],
      build: (x, gamma, beta) => batchNorm(x, gamma, beta).variance,
      forward: (x) => toNumbers(reducePlain(variance, [0, 2, 3])(x)),
      differentiable: [0],
    },
    {
      title: "its gradient, which has one itself",
      inputs: [[3, 4, 3, 5], vector, [4]],
      build: (x, gamma, beta) => {
        const { y } = batchNorm(x, gamma, beta);
        return gradients(sum(square(square(y))), [x])[0];
      },
      forward: fourthPowerSlope,
    },
  ],
  common,
);

checkOp(
  "batchNormFrozen",
  (x, gamma, beta, mean, variance) => batchNormFrozen(x, gamma, beta, mean, variance),
  [
    {
      inputs: [[2, 4, 3, 3], vector, [4], [4], vector],
      forward: (x, gamma, beta, means, variances) =>
        fill(x.shape, (index) => {
          const c = [index[1]];
          return ((at(x, index) - at(means, c)) / Math.sqrt(at(variances, c) + 1e-5)) * at(gamma, c) + at(beta, c);
        }),
    },
  ],
  common,
);

function groupsOf(x: NdArray, groups: number): NdArray {
  return { ...x, shape: [x.shape[0], groups, x.shape[1] / groups, ...x.shape.slice(2)] };
}

checkOp(
  "groupNorm",
  (x, gamma, beta) => groupNorm(x, gamma, beta, { groups: 2 }),
  [1, 2, 4].map((groups) => ({
    title: `${groups} groups`,
    inputs: [[2, 4, 3, 5], vector, [4]],
    build: (x, gamma, beta) => groupNorm(x, gamma, beta, { groups, epsilon: 1e-3 }),
    forward: (x, gamma, beta) => {
      const split = groupsOf(x, groups);
      const one = fill([1], () => 1);
      const zero = fill([1], () => 0);
      const normal = normalized(split, [2, 3, 4], { ...one }, zero, 5, 1e-3);
      return fill(x.shape, (index) => {
        const flat = { ...normal, shape: x.shape };
        return at(flat, index) * at(gamma, [index[1]]) + at(beta, [index[1]]);
      });
    },
  })),
  common,
);

checkOp(
  "instanceNorm",
  (x, gamma, beta) => instanceNorm(x, gamma, beta),
  [{ inputs: [[2, 4, 3, 5], vector, [4]], forward: (x, g, b) => normalized(x, [2, 3], g, b, 1) }],
  common,
);

checkOp(
  "layerNorm",
  (x, gamma, beta) => layerNorm(x, gamma, beta),
  [
    { inputs: [[2, 3, 4], vector, [4]], forward: (x, g, b) => normalized(x, [2], g, b, 2) },
    { inputs: [[5, 4], vector, [4]], forward: (x, g, b) => normalized(x, [1], g, b, 1) },
  ],
  common,
);

function standardized(w: NdArray, deviation: (variance: number) => number): NdArray {
  const means = reducePlain(mean, [1, 2, 3])(w);
  const variances = reducePlain(variance, [1, 2, 3])(w);
  return fill(w.shape, (index) => (at(w, index) - at(means, index)) / deviation(at(variances, index)));
}

checkOp(
  "standardizeWeight",
  (w) => standardizeWeight(w),
  [
    { inputs: [[3, 2, 3, 3]], forward: (w) => standardized(w, (v) => Math.sqrt(v + 1e-5)) },
    {
      title: "epsilon beside the deviation",
      inputs: [[3, 2, 3, 3]],
      build: (w) => standardizeWeight(w, { epsilon: 0.1, mode: "sqrt(var)+eps" }),
      forward: (w) => standardized(w, (v) => Math.sqrt(v) + 0.1),
    },
  ],
  common,
);

const x = input("x", [2, 4, 3, 3]);
const four = input("four", [4]);
const five = input("five", [5]);
checkErrors("norms", [
  [/batchNorm: gamma must be \[4\]/, () => batchNorm(x, five, four)],
  [/batchNormFrozen: variance must be \[4\]/, () => batchNormFrozen(x, four, four, four, five)],
  [/channels must be a multiple of groups/, () => groupNorm(x, four, four, { groups: 3 })],
  [/instanceNorm|groupNorm: beta must be \[4\]/, () => instanceNorm(x, four, five)],
  [/layerNorm: gamma and beta must be \[3\]/, () => layerNorm(x, four, four)],
  [/standardizeWeight: expected w/, () => standardizeWeight(four)],
]);

/** Normal numbers around `centre`; the pixels in the middle, at which a norm looks first, may be far from all others. */
function around(centre: number, middle: number): Float32Array {
  const random = new Random(centre, "far");
  return Float32Array.from(
    { length: 2 * 4 * 16 * 16 },
    (_, i) => centre + random.normal() + (i % 256 === 128 ? middle : 0),
  );
}

test.each([
  [30, 0, 1e-6],
  [100, 0, 1e-6],
  [1e4, 0, 1e-5],
  [-1e5, 0, 1e-4],
  [100, 1000, 1e-4],
  [0, 1e4, 1e-4],
])("norms keep their digits %d deviations from 0, some pixels %d further", async (centre, middle, tolerance) => {
  const values = around(centre, middle);
  const x = input("x", [2, 4, 16, 16]);
  const feeds = {
    x: float32(x.shape, values),
    one: float32([4], [1, 1, 1, 1]),
    zero: float32([4], [0, 0, 0, 0]),
    u: float32(x.shape, around(0, 0)),
  };
  const [one, zero, u] = [input("one", [4]), input("zero", [4]), input("u", x.shape)];
  const groupOf = {
    batch: (i: number) => Math.floor(i / 256) % 4,
    group: (i: number) => Math.floor(i / 512),
    instance: (i: number) => Math.floor(i / 256),
  };
  const norms = {
    batch: batchNorm(x, one, zero).y,
    group: groupNorm(x, one, zero, { groups: 2 }),
    instance: instanceNorm(x, one, zero),
  };
  for (const name of ["batch", "group", "instance"] as const) {
    const y = norms[name];
    const got = await evaluate({ y, dx: gradients(sum(mul(y, u)), [x])[0] }, feeds);
    const members: number[][] = [];
    values.forEach((_, i) => {
      const group = groupOf[name](i);
      members[group] ??= [];
      members[group].push(i);
    });
    for (const indices of members) {
      const numbers = indices.map((i) => values[i]);
      const [m, deviation] = [mean(numbers), Math.sqrt(variance(numbers) + 1e-5)];
      const normal = numbers.map((value) => (value - m) / deviation);
      const dy = indices.map((i) => feeds.u.data[i] as number);
      const [meanD, meanP] = [mean(dy), mean(dy.map((d, k) => d * normal[k]))];
      const slopes = dy.map((d, k) => (d - meanD - normal[k] * meanP) / deviation);
      for (const [actual, expected] of [
        [toNumbers(got.y), normal],
        [toNumbers(got.dx), slopes],
      ]) {
        const scale = Math.max(...expected.map(Math.abs));
        const error = Math.max(...indices.map((i, k) => Math.abs(actual[i] - expected[k]))) / scale;
        expect(error, `${name}`).toBeLessThan(tolerance);
      }
    }
  }
});
