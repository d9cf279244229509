import { expect, test } from "vitest";
import { float32, type NdArray } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { kMeans } from "./k-means.ts";
import { meanShift, usualBandwidth } from "./mean-shift.ts";
import { clusterMeans, numbered } from "./points.ts";
import { spectralClustering } from "./spectral.ts";

const rows = (...points: readonly (readonly number[])[]): NdArray =>
  float32([points.length, points[0].length], points.flat());

/** Normal blobs of deviation 0.5 around the corners of a simplex with sides of 14, in turn, and which each is of. */
function blobs(count: number, clusters: number, width: number, seed: number): [NdArray, number[]] {
  const random = new Random("blobs", seed);
  const labels = Array.from({ length: count }, (_, i) => (i < clusters ? i : random.integer(clusters)));
  const points = labels.map((label) =>
    Array.from({ length: width }, (_, j) => (j === label ? 10 : 0) + 0.5 * random.normal()),
  );
  return [rows(...points), labels];
}

/** Points on two circles about the origin, of radius 1 and 5. */
function rings(seed: number): [NdArray, number[]] {
  const random = new Random("rings", seed);
  const labels = Array.from({ length: 120 }, (_, i) => (i % 3 === 0 ? 0 : 1));
  const points = labels.map((label, i) => {
    const [angle, radius] = [i * 2.399963, (label === 0 ? 1 : 5) + 0.1 * random.normal()]; // the golden angle
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
  return [rows(...points), labels];
}

const methods: Record<string, (features: NdArray, clusters: number, seed: number) => Int32Array> = {
  kMeans: (features, clusters, seed) => kMeans(features, clusters, new Random(seed)),
  spectralClustering: (features, clusters, seed) => spectralClustering(features, clusters, new Random(seed)),
  meanShift: (features) => meanShift(features, 5),
};

for (const [name, cluster] of Object.entries(methods)) {
  test.each([
    [60, 3, 3],
    [90, 4, 32],
    [50, 2, 384],
    [120, 6, 8],
  ])(`${name} finds blobs: %i points, %i blobs, %i numbers each`, (count, clusters, width) => {
    // The farther noise alone carries points apart, the fewer numbers of it: 0.5 · sqrt(2 · 384) = 13.9.
    for (let seed = 0; seed < 5; seed++) {
      const [features, labels] = blobs(count, clusters, width, seed);
      const found =
        name === "meanShift" ? meanShift(features, Math.sqrt(width) * 0.5 + 4) : cluster(features, clusters, seed);
      expect([...found]).toEqual([...numbered(Int32Array.from(labels))]);
    }
  });

  test(`${name} gives the same labels for the same points and seed`, () => {
    const [features] = blobs(40, 4, 5, 1);
    expect(cluster(features, 3, 7)).toEqual(cluster(features, 3, 7));
  });

  test(`${name} puts points that coincide together, and one point alone`, () => {
    expect([...cluster(rows([1, 2], [1, 2], [1, 2]), 2, 1)]).toEqual([0, 0, 0]);
    expect([...cluster(rows([3]), 4, 1)]).toEqual([0]);
  });

  test(`${name} with points at two places finds the two`, () => {
    const [near, far] = [
      [0, 0],
      [90, 0],
    ];
    const points = [near, far, far, near, near, far, near, far, far, near, near, near, far, far, far, near, near, far];
    expect([...cluster(rows(...points), 2, 1)]).toEqual(points.map((point) => (point === near ? 0 : 1)));
  });

  test(`${name} refuses what is no matrix of finite numbers`, () => {
    expect(() => cluster(float32([4], [1, 2, 3, 4]), 2, 1)).toThrow(
      `${name}: expected features float32 [N, D], got [4].`,
    );
    expect(() => cluster(float32([0, 4], []), 2, 1)).toThrow(`${name}: expected features float32 [N, D], got [0, 4].`);
    expect(() => cluster(rows([1, 2], [3, Number.NaN]), 2, 1)).toThrow("expected finite features, got NaN in row 1.");
  });
}

test.each(["kMeans", "spectralClustering"])("%s refuses other numbers of clusters than whole ones from 1", (name) => {
  for (const clusters of [0, 1.5, Number.NaN]) {
    expect(() => methods[name](rows([1], [2]), clusters, 1)).toThrow(
      `whole number of clusters from 1, got ${clusters}.`,
    );
  }
});

test("k-means on a line by hand", () => {
  const line = rows([0], [11], [1], [10], [30]);
  expect([...kMeans(line, 3, new Random(1))]).toEqual([0, 1, 0, 1, 2]);
  expect([...kMeans(line, 1, new Random(1))]).toEqual([0, 0, 0, 0, 0]);
  expect([...kMeans(line, 9, new Random(1))]).toEqual([0, 1, 2, 3, 4]);
});

test("k-means rests where no point is nearer to another mean", () => {
  const random = new Random("cloud");
  const points = Array.from({ length: 200 }, () => [random.normal(), random.normal(), random.normal()]);
  const features = rows(...points);
  const labels = kMeans(features, 7, new Random(2));
  const means = clusterMeans(features, labels);
  expect(means.shape).toEqual([7, 3]);
  const nearest = points.map((point) => {
    const distances = Array.from({ length: 7 }, (_, k) =>
      point.reduce((sum, value, j) => sum + (value - Number(means.data[3 * k + j])) ** 2, 0),
    );
    return distances.indexOf(Math.min(...distances));
  });
  expect(nearest).toEqual([...labels]);
});

test("spectral clustering parts rings, which k-means cannot", () => {
  for (let seed = 0; seed < 5; seed++) {
    const [features, labels] = rings(seed);
    expect([...spectralClustering(features, 2, new Random(seed))]).toEqual(labels);
    expect([...kMeans(features, 2, new Random(seed))]).not.toEqual(labels);
  }
});

test("mean shift by hand: two crowds and one alone", () => {
  // Within 1.5: 0, 1, 2 climb to 1; 10 and 11 to 10.5; 20 stays.
  expect([...meanShift(rows([0], [10], [1], [2], [20], [11]), 1.5)]).toEqual([0, 1, 0, 0, 2, 1]);
});

test("mean shift with a bandwidth of 0 joins what coincides, with a huge one everything", () => {
  const points = rows([0.1], [5], [0.1], [5], [7]);
  expect([[...meanShift(points, 0)], [...meanShift(points, 100)]]).toEqual([
    [0, 1, 0, 1, 2],
    [0, 0, 0, 0, 0],
  ]);
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("mean shift refuses a bandwidth of %d", (bandwidth) => {
  expect(() => meanShift(rows([1]), bandwidth)).toThrow(`expected a bandwidth of at least 0, got ${bandwidth}.`);
});

test("the usual bandwidth is the mean distance to the farthest of the nearest", () => {
  // Of three, 0.67 are two, the point itself one of them: distances 1, 1, 2.
  expect(usualBandwidth(rows([0], [1], [3]), 0.67)).toBeCloseTo(4 / 3, 12);
  expect(usualBandwidth(rows([0], [1], [3]))).toBe(0);
});

test("the usual bandwidth finds three blobs", () => {
  const [features, labels] = blobs(90, 3, 16, 4);
  expect([...meanShift(features, usualBandwidth(features))]).toEqual([...numbered(Int32Array.from(labels))]);
});

test("means of clusters by hand", () => {
  const means = clusterMeans(rows([1, 2], [3, 4], [5, 9]), Int32Array.of(0, 1, 0));
  expect([means.shape, [...(means.data as Float32Array)]]).toEqual([
    [2, 2],
    [3, 5.5, 3, 4],
  ]);
});

test.each([
  [Int32Array.of(0, 0), "expected 3 labels, got 2."],
  [Int32Array.of(0, 2, 2), "expected clusters numbered from 0, got no row of cluster 1."],
  [Int32Array.of(0, -1, 1), "expected clusters numbered from 0, got a label below 0."],
])("labels that do not fit are refused: %j", (labels, message) => {
  expect(() => clusterMeans(rows([1], [2], [3]), labels)).toThrow(`clusterMeans: ${message}`);
});
