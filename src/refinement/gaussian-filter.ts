/** Sums over all pairs of points, weighted by a Gaussian of their distance: what the terms of a dense CRF ask for. */
import type { Address, Workspace } from "./workspace.ts";

/**
 * Filters rows of float32, one row a point, with k(i, j) = exp(−|fᵢ − fⱼ|² / 2) of the features that it was made of; j = i is
 * one of the pairs. Factors: the address of a float32 a point; 0: none.
 */
export interface GaussianFilter {
  readonly points: number;
  /** Takes the rows of all points, each times its factor. stride: numbers a row, at most those that it was made for. */
  spread(values: Address, stride: number, factors: Address): void;
  /** Adds scale · factorᵢ · Σⱼ k(i, j) · (what was spread at j) to rows for the points i from `first` up to `end`, exclusive. */
  gather(into: Address, first: number, end: number, scale: number, factors: Address): void;
}

/** Makes a filter of features [points, dimensions]. stride: most numbers of a row, a multiple of 4. */
export type FilterMaker = (
  workspace: Workspace,
  features: Float32Array,
  dimensions: number,
  stride: number,
) => GaussianFilter;

/** Labels as numbers of a row: the next multiple of 4. */
export function strideOf(labels: number): number {
  return 4 * Math.ceil(labels / 4);
}
