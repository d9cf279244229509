import { type FilterMaker, strideOf } from "../../src/refinement/gaussian-filter.ts";
import { Workspace } from "../../src/refinement/workspace.ts";

/** Σⱼ k(i, j) · valuesⱼ. features: [points, dimensions]; values: [points, labels] → the same. */
export function filtered(
  maker: FilterMaker,
  features: Float32Array,
  dimensions: number,
  values: Float32Array,
  labels: number,
): Float32Array {
  const workspace = new Workspace();
  const stride = strideOf(labels);
  const filter = maker(workspace, features, dimensions, stride);
  const size = filter.points * stride;
  const [given, sums] = [workspace.reserve(size), workspace.reserve(size)];
  const rows = workspace.floats(given, size).fill(0);
  for (let i = 0; i < values.length; i++) rows[Math.floor(i / labels) * stride + (i % labels)] = values[i];
  filter.spread(given, stride, 0);
  workspace.floats(sums, size).fill(0);
  filter.gather(sums, 0, filter.points, 1, 0);
  const result = workspace.floats(sums, size);
  return values.map((_, i) => result[Math.floor(i / labels) * stride + (i % labels)]);
}
