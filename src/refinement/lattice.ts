/**
 * The permutohedral lattice of a set of points (Adams, Baek, Davis 2010): the corners of each point's simplex, the point's
 * share in each, and the lines of corners along which values are blurred.
 */
import type { Address, Workspace } from "./workspace.ts";

/** All addresses are of the workspace. */
export interface Lattice {
  readonly points: number;
  /** Corners of simplices that have points. */
  readonly vertices: number;
  /** Int32 [points, d + 1]: vertices of each point's simplex. */
  readonly corners: Address;
  /** Float32 [points, d + 1]: barycentric coordinates; a point's sum to 1. */
  readonly shares: Address;
  /**
   * For each of the d + 1 directions: int32, the vertices in lines, one after another, the last of each line as −1 − vertex.
   * Those without a neighbour in the direction are left out.
   */
  readonly lines: readonly { readonly address: Address; readonly count: number }[];
}

/** features: [points, d], whose Gaussian has a standard deviation of 1; none beyond ±10⁸. */
export function buildLattice(workspace: Workspace, features: Float32Array, dimensions: number): Lattice {
  const points = features.length / dimensions;
  const [d, sides] = [dimensions, dimensions + 1];
  const [corners, shares] = [workspace.reserve(points * sides), workspace.reserve(points * sides)];
  const { kernels } = workspace;
  const begin = workspace.end;
  const [given, scratch] = [workspace.reserve(features.length), workspace.reserve(16 * (d + 2))];
  const keys = workspace.reserve(points * sides * d);
  const slots = workspace.reserve(2 ** Math.ceil(Math.log2(2 * points * sides + 1024)));
  workspace.floats(given, features.length).set(features);
  const vertices = kernels.simplices(given, points, d, corners, shares, keys, slots, scratch);

  const [next, follows] = [workspace.reserve(vertices), workspace.reserve(vertices / 4)];
  const lines = Array.from({ length: sides }, (_, direction) => {
    const address = workspace.reserve(vertices);
    return { address, count: kernels.linesAlong(direction, vertices, d, keys, slots, address, next, follows, scratch) };
  });
  // Only the lines are kept, where what they were made of was.
  workspace.free(begin);
  const kept = lines.map(({ address, count }) => {
    const to = workspace.reserve(count);
    workspace.move(to, address, count);
    return { address: to, count };
  });
  return { points, vertices, corners, shares, lines: kept };
}
