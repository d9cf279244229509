/** Mean-field inference of a fully connected CRF with Gaussian edges (Krähenbühl and Koltun, 2011). */
import type { GaussianFilter } from "./gaussian-filter.ts";

/** How a kernel's sums are made comparable from pixel to pixel: by factors before filtering, after it, or half of each. */
export const normalizations = ["symmetric", "before", "after", "none"] as const;
export type Normalization = (typeof normalizations)[number];

/** One kernel of the pairwise energy, with the factors that normalize it. */
export interface Edges {
  readonly filter: GaussianFilter;
  /** How much agreeing with others counts (Potts compatibility). */
  readonly weight: number;
  /** A number a point; null: 1. */
  readonly before: Float32Array | null;
  readonly after: Float32Array | null;
}

/** Normalizes a filter by its sums of ones. */
export function edgesOf(filter: GaussianFilter, weight: number, normalization: Normalization): Edges {
  if (normalization === "none") return { filter, weight, before: null, after: null };
  const sums = sumsOf(filter);
  const factors = sums.map((sum) => (normalization === "symmetric" ? 1 / Math.sqrt(sum + 1e-20) : 1 / (sum + 1e-20)));
  return {
    filter,
    weight,
    before: normalization === "after" ? null : factors,
    after: normalization === "before" ? null : factors,
  };
}

/** Σⱼ k(i, j). */
function sumsOf(filter: GaussianFilter): Float32Array {
  const sums = new Float32Array(filter.points);
  filter.spread(new Float32Array(filter.points).fill(1), 1, null);
  filter.gather(sums, 0, filter.points, 1, null);
  return sums;
}

/** Points whose messages are held at once. */
const band = 512;

/**
 * Marginals Q [points, labels] after `iterations` updates of all points at once: Q ← softmax(−unary + Σ weight · K̃ Q),
 * beginning with softmax(−unary). negativeUnary: [points, labels], that is, log probabilities.
 */
export function meanField(
  negativeUnary: Float32Array,
  labels: number,
  edges: readonly Edges[],
  iterations: number,
): Float32Array {
  const points = negativeUnary.length / labels;
  const marginals = Float32Array.from(negativeUnary);
  for (let point = 0; point < points; point++) softmax(marginals, point * labels, marginals, point * labels, labels);
  const energies = new Float32Array(band * labels);
  for (let iteration = 0; iteration < iterations; iteration++) {
    for (const { filter, before } of edges) filter.spread(marginals, labels, before);
    for (let first = 0; first < points; first += band) {
      const end = Math.min(points, first + band);
      energies.set(negativeUnary.subarray(first * labels, end * labels));
      for (const { filter, weight, after } of edges) filter.gather(energies, first, end, weight, after);
      for (let point = first; point < end; point++) {
        softmax(energies, (point - first) * labels, marginals, point * labels, labels);
      }
    }
  }
  return marginals;
}

/** exp(x) / Σ exp(x) of `labels` numbers; their largest is taken off first. */
function softmax(from: Float32Array, at: number, into: Float32Array, to: number, labels: number): void {
  let largest = from[at];
  for (let l = 1; l < labels; l++) if (from[at + l] > largest) largest = from[at + l];
  let sum = 0;
  for (let l = 0; l < labels; l++) {
    const value = Math.exp(from[at + l] - largest);
    into[to + l] = value;
    sum += value;
  }
  for (let l = 0; l < labels; l++) into[to + l] /= sum;
}
