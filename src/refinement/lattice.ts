/**
 * The permutohedral lattice of a set of points (Adams, Baek, Davis 2010): the corners of each point's simplex, the point's
 * share in each, and the lines of corners along which values are blurred.
 */
import { KeyTable } from "./key-table.ts";
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

/** features: [points, d], whose Gaussian has a standard deviation of 1. */
export function buildLattice(workspace: Workspace, features: Float32Array, dimensions: number): Lattice {
  const points = features.length / dimensions;
  const d = dimensions;
  const [cornersAt, sharesAt] = [workspace.reserve(points * (d + 1)), workspace.reserve(points * (d + 1))];
  const corners = workspace.integers(cornersAt, points * (d + 1));
  const shares = workspace.floats(sharesAt, points * (d + 1));
  const table = new KeyTable(d);
  const scale = Float64Array.from({ length: d }, (_, i) => (Math.sqrt(2 / 3) * (d + 1)) / Math.sqrt((i + 1) * (i + 2)));
  const elevated = new Float64Array(d + 1);
  const nearest = new Int32Array(d + 1);
  const rank = new Int32Array(d + 1);
  const share = new Float64Array(d + 2);
  const key = new Int32Array(d);
  /** Of the point before: neighbours mostly lie in one simplex. */
  const lastNearest = new Int32Array(d + 1).fill(-1);
  const lastRank = new Int32Array(d + 1);

  for (let point = 0; point < points; point++) {
    elevate(features, point * d, scale, elevated);
    findSimplex(elevated, nearest, rank);
    share.fill(0);
    let same = point > 0;
    for (let i = 0; i <= d; i++) {
      const part = (elevated[i] - nearest[i]) / (d + 1);
      share[d - rank[i]] += part;
      share[d + 1 - rank[i]] -= part;
      same &&= nearest[i] === lastNearest[i] && rank[i] === lastRank[i];
    }
    share[0] += 1 + share[d + 1];
    const at = point * (d + 1);
    for (let t = 0; t <= d; t++) {
      shares[at + t] = share[t];
      if (same) {
        corners[at + t] = corners[at + t - d - 1];
        continue;
      }
      for (let i = 0; i < d; i++) key[i] = nearest[i] + (rank[i] <= d - t ? t : t - d - 1);
      corners[at + t] = table.add(key);
    }
    if (same) continue;
    lastNearest.set(nearest);
    lastRank.set(rank);
  }
  const lines = Array.from({ length: d + 1 }, (_, direction) => linesAlong(workspace, table, direction));
  return { points, vertices: table.count, corners: cornersAt, shares: sharesAt, lines };
}

/** Into the plane of d + 1 coordinates whose sum is 0. */
function elevate(features: Float32Array, at: number, scale: Float64Array, elevated: Float64Array): void {
  let sum = 0;
  for (let j = scale.length; j > 0; j--) {
    const scaled = features[at + j - 1] * scale[j - 1];
    elevated[j] = sum - j * scaled;
    sum += scaled;
  }
  elevated[0] = sum;
}

/** The nearest lattice point whose coordinates are multiples of d + 1, and how the differences to it rank. */
function findSimplex(elevated: Float64Array, nearest: Int32Array, rank: Int32Array): void {
  const sides = elevated.length;
  let sum = 0;
  for (let i = 0; i < sides; i++) {
    const rounded = Math.round(elevated[i] / sides);
    nearest[i] = rounded * sides;
    sum += rounded;
    rank[i] = 0;
  }
  for (let i = 0; i < sides; i++) {
    const difference = elevated[i] - nearest[i];
    for (let j = i + 1; j < sides; j++) {
      if (difference < elevated[j] - nearest[j]) rank[i]++;
      else rank[j]++;
    }
  }
  if (sum === 0) return;
  // Rounding left the plane: the coordinates that were rounded furthest go back.
  for (let i = 0; i < sides; i++) {
    rank[i] += sum;
    const step = rank[i] < 0 ? sides : rank[i] >= sides ? -sides : 0;
    rank[i] += step;
    nearest[i] += step;
  }
}

/** `Lattice.lines` of one direction. */
function linesAlong(workspace: Workspace, table: KeyTable, direction: number): Lattice["lines"][number] {
  const { count, keys, width } = table;
  const next = new Int32Array(count);
  const follows = new Uint8Array(count);
  const key = new Int32Array(width);
  let neighbours = 0;
  for (let vertex = 0; vertex < count; vertex++) {
    for (let i = 0; i < width; i++) key[i] = keys[vertex * width + i] + (i === direction ? width : -1);
    const found = table.find(key);
    next[vertex] = found;
    if (found < 0) continue;
    follows[found] = 1;
    neighbours++;
  }
  let heads = 0;
  for (let vertex = 0; vertex < count; vertex++) if (follows[vertex] === 0 && next[vertex] >= 0) heads++;
  const length = neighbours + heads;
  const address = workspace.reserve(length);
  const lines = workspace.integers(address, length);
  let at = 0;
  for (let vertex = 0; vertex < count; vertex++) {
    if (follows[vertex] === 1 || next[vertex] < 0) continue;
    let current = vertex;
    for (; next[current] >= 0; current = next[current]) lines[at++] = current;
    lines[at++] = -1 - current;
  }
  return { address, count: length };
}
