/** Sums over all pairs of points, weighted by a Gaussian of their distance: what the terms of a dense CRF ask for. */

/** Filters values with k(i, j) = exp(−|fᵢ − fⱼ|² / 2) of features f that it was made of; j = i is one of the pairs. */
export interface GaussianFilter {
  readonly points: number;
  /** Takes values [points, labels], each point's multiplied by its factor first; null: by 1. */
  spread(values: Float32Array, labels: number, factors: Float32Array | null): void;
  /**
   * Adds scale · factorᵢ · Σⱼ k(i, j) · (what was spread at j) for the points i from `first` up to `end`, exclusive.
   * into: [end − first, labels].
   */
  gather(into: Float32Array, first: number, end: number, scale: number, factors: Float32Array | null): void;
}

/** Σⱼ k(i, j) · valuesⱼ. values: [points, labels] → the same. */
export function filtered(filter: GaussianFilter, values: Float32Array, labels: number): Float32Array {
  const sums = new Float32Array(filter.points * labels);
  filter.spread(values, labels, null);
  filter.gather(sums, 0, filter.points, 1, null);
  return sums;
}
