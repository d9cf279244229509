import type { FilterMaker, GaussianFilter } from "./gaussian-filter.ts";
import type { Workspace } from "./workspace.ts";

/** Every pair of points, for small images: time grows with the square of the points, and so does memory, 2 · points² bytes. */
export const exactFilter: FilterMaker = (...given) => pairwiseFilter(...given, 1);

/** The same without the pairs of a point with itself, as textbook mean field has it. */
export const exactFilterOfOthers: FilterMaker = (...given) => pairwiseFilter(...given, 0);

function pairwiseFilter(
  workspace: Workspace,
  features: Float32Array,
  dimensions: number,
  mostStride: number,
  self: number,
): GaussianFilter {
  const points = features.length / dimensions;
  const [sums, own] = [workspace.reserve(2 * points * mostStride), workspace.reserve(2 * points * mostStride)];
  // k(i, j) for j < i, row after row.
  const kernel = workspace.reserve((points * (points - 1)) / 2);
  const pairs = workspace.floats(kernel, (points * (points - 1)) / 2);
  for (let i = 0, at = 0; i < points; i++) {
    for (let j = 0; j < i; j++, at++) {
      let squared = 0;
      for (let c = 0; c < dimensions; c++)
        squared += (features[i * dimensions + c] - features[j * dimensions + c]) ** 2;
      pairs[at] = Math.exp(-0.5 * squared);
    }
  }
  let stride = mostStride;
  return {
    points,
    spread(values, spreadStride, factors) {
      stride = spreadStride;
      const given = workspace.floats(values, points * stride);
      const scales = factors === 0 ? null : workspace.floats(factors, points);
      const rows = workspace.doubles(own, points * stride);
      const into = workspace.doubles(sums, points * stride);
      for (let i = 0; i < rows.length; i++) {
        rows[i] = given[i] * (scales?.[Math.floor(i / stride)] ?? 1);
        into[i] = self * rows[i];
      }
      workspace.kernels.addPairs(sums, own, kernel, points, stride);
    },
    gather(into, first, end, scale, factors) {
      const rows = workspace.floats(into, (end - first) * stride);
      const from = workspace.doubles(sums, points * stride);
      const scales = factors === 0 ? null : workspace.floats(factors, points);
      for (let i = first, to = 0; i < end; i++) {
        const factor = scale * (scales?.[i] ?? 1);
        for (let l = 0; l < stride; l++, to++) rows[to] += factor * from[i * stride + l];
      }
    },
  };
}
