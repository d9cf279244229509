/** Mean-field inference of a fully connected CRF with Gaussian edges (Krähenbühl and Koltun, 2011). */
import type { GaussianFilter } from "./gaussian-filter.ts";
import type { Address, Workspace } from "./workspace.ts";

/** How a kernel's sums are made comparable from pixel to pixel: by factors before filtering, after it, or half of each. */
export const normalizations = ["symmetric", "before", "after", "none"] as const;
export type Normalization = (typeof normalizations)[number];

/** One kernel of the pairwise energy, with the factors that normalize it. */
export interface Edges {
  readonly filter: GaussianFilter;
  /** How much agreeing with others counts (Potts compatibility). */
  readonly weight: number;
  /** A float32 a point; 0: none. */
  readonly before: Address;
  readonly after: Address;
}

/** Normalizes a filter by its sums of ones. scratch: 4 float32 a point that nobody needs any more. */
export function edgesOf(
  workspace: Workspace,
  filter: GaussianFilter,
  weight: number,
  normalization: Normalization,
  scratch: Address,
): Edges {
  if (normalization === "none") return { filter, weight, before: 0, after: 0 };
  const { points } = filter;
  const factors = workspace.reserve(points);
  const rows = workspace.floats(scratch, 4 * points).fill(1);
  filter.spread(scratch, 4, 0);
  rows.fill(0);
  filter.gather(scratch, 0, points, 1, 0);
  const power = normalization === "symmetric" ? -0.5 : -1;
  workspace.floats(factors, points).forEach((_, i, into) => {
    into[i] = (rows[4 * i] + 1e-20) ** power;
  });
  return {
    ...{ filter, weight },
    before: normalization === "after" ? 0 : factors,
    after: normalization === "before" ? 0 : factors,
  };
}

export interface MeanFieldRows {
  readonly negativeUnary: Address;
  readonly marginals: Address;
  readonly points: number;
  /** Labels, up to a multiple of 4; those that are none have a log probability of `noLabel`. */
  readonly stride: number;
}

/** Of a label that is none: no message makes it likely. */
export const noLabel = -1e30;

/** Points whose energies are held at once. */
const band = 512;

/**
 * Marginals Q after `iterations` updates of all points at once: Q ← softmax(−unary + Σ weight · K̃ Q), beginning with
 * softmax(−unary). Rows of `stride` float32 a point: negativeUnary, that is, log probabilities; marginals are written.
 */
export function meanField(
  workspace: Workspace,
  { negativeUnary, marginals, points, stride }: MeanFieldRows,
  edges: readonly Edges[],
  iterations: number,
): void {
  const { kernels } = workspace;
  kernels.softmax(marginals, negativeUnary, points, stride);
  const energies = workspace.reserve(band * stride);
  for (let iteration = 0; iteration < iterations; iteration++) {
    for (const { filter, before } of edges) filter.spread(marginals, stride, before);
    for (let first = 0; first < points; first += band) {
      const end = Math.min(points, first + band);
      const count = (end - first) * stride;
      const at = 4 * first * stride;
      workspace.floats(energies, count).set(workspace.floats(negativeUnary + at, count));
      for (const { filter, weight, after } of edges) filter.gather(energies, first, end, weight, after);
      kernels.softmax(marginals + at, energies, end - first, stride);
    }
  }
}
