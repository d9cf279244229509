import type { GaussianFilter } from "./gaussian-filter.ts";
import { type Lattice, lattice } from "./lattice.ts";

/**
 * Approximately every pair of points, in time and memory that grow with the points: values are spread over the corners of
 * a lattice, blurred along its directions and gathered again.
 *
 * features: [points, dimensions].
 */
export function latticeFilter(features: Float32Array, dimensions: number): GaussianFilter {
  const layout = lattice(features, dimensions);
  const { points, corners, shares } = layout;
  const sides = dimensions + 1;
  /** What d + 1 blurs make too large. */
  const correction = 1 / (1 + 2 ** -dimensions);
  let values = new Float32Array(0);
  let count = 0;
  return {
    points,
    spread(given, labels, factors) {
      count = labels;
      if (values.length === layout.vertices * labels) values.fill(0);
      else values = new Float32Array(layout.vertices * labels);
      for (let point = 0; point < points; point++) {
        const factor = factors === null ? 1 : factors[point];
        const from = point * labels;
        for (let t = point * sides; t < (point + 1) * sides; t++) {
          const share = factor * shares[t];
          const to = corners[t] * labels;
          for (let l = 0; l < labels; l++) values[to + l] += share * given[from + l];
        }
      }
      for (const line of layout.lines) blur(values, line, labels);
    },
    gather(into, first, end, scale, factors) {
      for (let point = first, to = 0; point < end; point++, to += count) {
        const factor = scale * correction * (factors === null ? 1 : factors[point]);
        for (let t = point * sides; t < (point + 1) * sides; t++) {
          const share = factor * shares[t];
          const from = corners[t] * count;
          for (let l = 0; l < count; l++) into[to + l] += share * values[from + l];
        }
      }
    },
  };
}

/** v + ½ · (before + after) along each line, in place: of the one before only what it was is kept. */
function blur(values: Float32Array, line: Lattice["lines"][number], labels: number): void {
  const before = new Float32Array(labels);
  for (let i = 0; i < line.length; i++) {
    const entry = line[i];
    if (entry < 0) {
      const at = (-1 - entry) * labels;
      for (let l = 0; l < labels; l++) values[at + l] += 0.5 * before[l];
      before.fill(0);
      continue;
    }
    const at = entry * labels;
    const after = line[i + 1] < 0 ? (-1 - line[i + 1]) * labels : line[i + 1] * labels;
    for (let l = 0; l < labels; l++) {
      const own = values[at + l];
      values[at + l] = own + 0.5 * (before[l] + values[after + l]);
      before[l] = own;
    }
  }
}
