import { float32, type NdArray } from "../array/ndarray.ts";
import type { Random } from "../array/random.ts";
import { kMeans } from "./k-means.ts";
import { type Points, pairwiseDistances, pointsOf, requireClusters } from "./points.ts";

/** A point's own scale is the distance to this neighbour, as in the paper. */
const neighbour = 7;
const mostRounds = 100;

/**
 * Spectral clustering (Ng, Jordan and Weiss 2001) with self-tuned affinities exp(−‖x_i − x_j‖² / (σ_i σ_j)), σ_i the distance to
 * the seventh neighbour (Zelnik-Manor and Perona 2004): k-means on the rows of the leading eigenvectors of D^−½ A D^−½, scaled
 * to length 1. Points that coincide count once. Finds clusters that are connected, of whatever form. Where eigenvalues lie so near to one another that 100 rounds do
 * not part them, the vectors are those of the last round.
 *
 * features: [N, D] float32 → N labels, at most `clusters`, numbered as they first occur. Throws InputError.
 */
export function spectralClustering(features: NdArray, clusters: number, random: Random): Int32Array {
  requireClusters(clusters, "spectralClustering");
  const { points, places } = distinct(pointsOf(features, "spectralClustering"));
  const { count } = points;
  const width = Math.min(clusters, count);
  const vectors = leadingVectors(normalizedAffinities(pairwiseDistances(points), count), count, width, random);
  const rows = new Float32Array(count * width);
  for (let i = 0; i < count; i++) {
    const row = vectors.subarray(i * width, (i + 1) * width);
    const length = Math.hypot(...row);
    for (const [k, value] of row.entries()) rows[i * width + k] = length > 0 ? value / length : 0;
  }
  const labels = kMeans(float32([count, width], rows), clusters, random);
  return places.map((place) => labels[place]); // places are in the order of their first points, and so are labels
}

/** Points that coincide taken once, and which of these each point is: nothing would hold their rows of eigenvectors together. */
function distinct({ count, width, data }: Points): { readonly points: Points; readonly places: Int32Array } {
  const known = new Map<string, number>();
  const places = Int32Array.from({ length: count }, (_, i) => {
    const key = data.subarray(i * width, (i + 1) * width).join();
    const place = known.get(key) ?? known.size;
    known.set(key, place);
    return place;
  });
  const once = new Float32Array(known.size * width);
  for (const [i, place] of places.entries()) once.set(data.subarray(i * width, (i + 1) * width), place * width);
  return { points: { count: known.size, width, data: once }, places };
}

/** D^−½ A D^−½ from squared distances, both [N, N]; nothing is akin to itself. */
function normalizedAffinities(distances: Float64Array, count: number): Float64Array {
  const scales = Float64Array.from({ length: count }, (_, i) => {
    const sorted = distances.slice(i * count, (i + 1) * count).sort();
    return Math.sqrt(sorted[Math.min(neighbour, count - 1)]);
  });
  const affinities = new Float64Array(count * count);
  const degrees = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      if (i === j) continue;
      const distance = distances[i * count + j];
      const affinity = Math.exp(-distance / (scales[i] * scales[j]));
      affinities[i * count + j] = affinity;
      degrees[i] += affinity;
    }
  }
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      if (affinities[i * count + j] > 0) affinities[i * count + j] /= Math.sqrt(degrees[i]) * Math.sqrt(degrees[j]);
    }
  }
  return affinities;
}

/**
 * Orthonormal columns, [N, wanted], that span the leading eigenvectors of a symmetric matrix whose eigenvalues are at most 1, by
 * inverse orthogonal iteration just above 1. Which basis of their space they are does not matter to the distances between rows.
 */
function leadingVectors(matrix: Float64Array, count: number, wanted: number, random: Random): Float64Array {
  const shifted = matrix.map((value, at) => (at % (count + 1) === 0 ? 1 + 1e-6 - value : -value));
  factorize(shifted, count);
  let vectors = Float64Array.from({ length: count * wanted }, () => random.normal());
  makeOrthonormal(vectors, count, wanted, random);
  for (let round = 0; round < mostRounds; round++) {
    const next = vectors.slice();
    solve(shifted, next, count, wanted);
    makeOrthonormal(next, count, wanted, random);
    // What the new vectors share with the old space: `wanted` where it is the same.
    let shared = 0;
    for (let a = 0; a < wanted; a++) {
      for (let b = 0; b < wanted; b++) shared += columnProduct(next, a, vectors, b, count, wanted) ** 2;
    }
    vectors = next;
    if (wanted - shared < 1e-9 * wanted) break;
  }
  return vectors;
}

/** Cholesky: a positive definite matrix L Lᵀ, [N, N], becomes L in its lower triangle. */
function factorize(matrix: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * count + j];
      for (let a = i * count, b = j * count, end = a + j; a < end; a++, b++) rest -= matrix[a] * matrix[b];
      matrix[i * count + j] = i === j ? Math.sqrt(rest) : rest / matrix[j * count + j];
    }
  }
}

/** The columns of `right`, [N, width], become those x for which L Lᵀ x is them. */
function solve(factor: Float64Array, right: Float64Array, count: number, width: number): void {
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const share = factor[i * count + j];
      for (let k = 0; k < width; k++) right[i * width + k] -= share * right[j * width + k];
    }
    for (let k = 0; k < width; k++) right[i * width + k] /= factor[i * count + i];
  }
  for (let i = count - 1; i >= 0; i--) {
    for (let k = 0; k < width; k++) right[i * width + k] /= factor[i * count + i];
    for (let j = 0; j < i; j++) {
      const share = factor[i * count + j];
      for (let k = 0; k < width; k++) right[j * width + k] -= share * right[i * width + k];
    }
  }
}

/** Gram and Schmidt, in place; a column that depends on those before it is drawn again. */
function makeOrthonormal(vectors: Float64Array, count: number, wanted: number, random: Random): void {
  for (let k = 0; k < wanted; k++) {
    const before = Math.sqrt(columnProduct(vectors, k, vectors, k, count, wanted));
    // Twice is enough for full orthogonality in floating point.
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < k; other++) {
        const share = columnProduct(vectors, k, vectors, other, count, wanted);
        for (let at = 0; at < vectors.length; at += wanted) vectors[at + k] -= share * vectors[at + other];
      }
    }
    const length = Math.sqrt(columnProduct(vectors, k, vectors, k, count, wanted));
    const depends = !(length > 1e-12 * before);
    for (let at = k; at < vectors.length; at += wanted) vectors[at] = depends ? random.normal() : vectors[at] / length;
    if (depends) k--;
  }
}

/** The product of column `a` of one [N, width] and column `b` of another. */
function columnProduct(
  left: Float64Array,
  a: number,
  right: Float64Array,
  b: number,
  count: number,
  width: number,
): number {
  let total = 0;
  for (let i = 0, at = 0; i < count; i++, at += width) total += left[at + a] * right[at + b];
  return total;
}
