import type { NdArray } from "../array/ndarray.ts";
import type { Random } from "../array/random.ts";
import { numbered, type Points, pointsOf, requireClusters, squaredDistance } from "./points.ts";

/** The best of so many starts is taken. */
const starts = 4;
const mostRounds = 100;

interface Found {
  readonly labels: Int32Array;
  /** Sum of the squared distances to the centres. */
  readonly spread: number;
}

/**
 * K-means (Lloyd 1982) from k-means++ starts (Arthur and Vassilvitskii 2007): the partition in which points are near the mean of
 * their cluster; the best of four starts. A centre that loses its points goes to the point that is worst off, so that only sets
 * with fewer different points than `clusters` have fewer clusters.
 *
 * features: [N, D] float32 → N labels, 0 … clusters − 1, numbered as they first occur. Throws InputError.
 */
export function kMeans(features: NdArray, clusters: number, random: Random): Int32Array {
  requireClusters(clusters, "kMeans");
  const points = pointsOf(features, "kMeans");
  let best: Found | undefined;
  for (let start = 0; start < starts; start++) {
    const found = settle(points, firstCentres(points, Math.min(clusters, points.count), random));
    if (best === undefined || found.spread < best.spread) best = found;
  }
  return numbered(best!.labels);
}

/** K-means++: the first centre is any point, each further one is drawn in proportion to its squared distance from the nearest. */
function firstCentres({ count, width, data }: Points, clusters: number, random: Random): Float64Array {
  const centres = new Float64Array(clusters * width);
  const nearest = new Float64Array(count).fill(Infinity);
  let chosen = random.integer(count);
  for (let k = 0; k < clusters; k++) {
    centres.set(data.subarray(chosen * width, (chosen + 1) * width), k * width);
    let total = 0;
    for (let i = 0; i < count; i++) {
      nearest[i] = Math.min(nearest[i], squaredDistance(data, i, centres, k, width));
      total += nearest[i];
    }
    let rest = random.uniform() * total;
    chosen = nearest.findIndex((distance) => {
      rest -= distance;
      return rest < 0;
    });
    if (chosen < 0) chosen = nearest.indexOf(Math.max(...nearest)); // all are centres, or rounding
  }
  return centres;
}

/** Lloyd's rounds: points to the nearest centre (the first of several), centres to the mean of their points. */
function settle(points: Points, centres: Float64Array): Found {
  const { count, width, data } = points;
  const clusters = centres.length / width;
  const labels = new Int32Array(count).fill(-1);
  const distances = new Float64Array(count);
  for (let round = 0; round < mostRounds; round++) {
    let changed = false;
    for (let i = 0; i < count; i++) {
      let [label, least] = [0, Infinity];
      for (let k = 0; k < clusters; k++) {
        const distance = squaredDistance(data, i, centres, k, width);
        if (distance < least) [label, least] = [k, distance];
      }
      changed ||= labels[i] !== label;
      labels[i] = label;
      distances[i] = least;
    }
    if (!changed) break;
    moveCentres(points, labels, distances.slice(), centres);
  }
  return { labels, spread: distances.reduce((sum, distance) => sum + distance, 0) };
}

/** `distances` of the points to their centres are used up. */
function moveCentres(
  { count, width, data }: Points,
  labels: Int32Array,
  distances: Float64Array,
  centres: Float64Array,
): void {
  const sizes = new Uint32Array(centres.length / width);
  for (const label of labels) sizes[label]++;
  for (const [k, size] of sizes.entries()) if (size > 0) centres.fill(0, k * width, (k + 1) * width);
  for (let i = 0; i < count; i++) {
    const to = labels[i] * width;
    for (let j = 0; j < width; j++) centres[to + j] += data[i * width + j] / sizes[labels[i]];
  }
  for (const [k, size] of sizes.entries()) {
    if (size > 0) continue;
    const farthest = distances.indexOf(Math.max(...distances));
    distances[farthest] = 0;
    centres.set(data.subarray(farthest * width, (farthest + 1) * width), k * width);
  }
}
