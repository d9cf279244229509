import type { FilterMaker } from "./gaussian-filter.ts";
import { buildLattice } from "./lattice.ts";

/**
 * Approximately every pair of points, in time and memory that grow with the points: values are spread over the corners of
 * a lattice, blurred along its directions and gathered again.
 */
export const latticeFilter: FilterMaker = (workspace, features, dimensions, stride) => {
  const { points, corners, shares, vertices, lines } = buildLattice(workspace, features, dimensions);
  const sides = dimensions + 1;
  /** What d + 1 blurs make too large. */
  const correction = 1 / (1 + 2 ** -dimensions);
  const values = workspace.reserve(vertices * stride);
  const { kernels } = workspace;
  let spreadStride = stride;
  return {
    points,
    spread(given, stride, factors) {
      spreadStride = stride;
      workspace.floats(values, vertices * stride).fill(0);
      kernels.spread(values, given, corners, shares, factors, points, sides, stride);
      for (const { address, count } of lines) kernels.blur(values, address, count, stride);
    },
    gather(into, first, end, scale, factors) {
      kernels.gather(into, values, corners, shares, factors, first, end, sides, spreadStride, scale * correction);
    },
  };
};
