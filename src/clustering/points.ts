import { float32, type NdArray } from "../array/ndarray.ts";
import { show } from "../array/shape.ts";
import { InputError, problem } from "../errors.ts";

/** Vectors that are clustered: `data[i · width + j]`, all finite. */
export interface Points {
  readonly count: number;
  readonly width: number;
  readonly data: Float32Array;
}

/** features: [N, D] float32, N and D at least 1. Throws InputError, which begins with `where`, for others and for numbers that are not finite. */
export function pointsOf({ shape, data }: NdArray, where: string): Points {
  const [count, width] = shape;
  if (shape.length !== 2 || !(data instanceof Float32Array) || data.length === 0) {
    throw new InputError(problem(where, "expected features float32 [N, D]", show(shape), "Give a row for each."));
  }
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const got = `${data[bad]} in row ${Math.floor(bad / width)}`;
    throw new InputError(problem(where, "expected finite features", got, "Look for what made it."));
  }
  return { count, width, data };
}

/** Throws InputError where `clusters` is no whole number of at least 1. */
export function requireClusters(clusters: number, where: string): void {
  if (Number.isInteger(clusters) && clusters >= 1) return;
  throw new InputError(problem(where, "expected a whole number of clusters from 1", String(clusters), "Try 8."));
}

/** ‖a_i − b_j‖² of row `i` of one matrix and row `j` of another, both of `width` columns. */
export function squaredDistance(
  a: Float32Array | Float64Array,
  i: number,
  b: Float32Array | Float64Array,
  j: number,
  width: number,
): number {
  let total = 0;
  for (let from = i * width, to = j * width, end = from + width; from < end; from++, to++) {
    const difference = a[from] - b[to];
    total += difference * difference;
  }
  return total;
}

/** ‖x_i − x_j‖² of all pairs: [N, N], row by row. */
export function pairwiseDistances({ count, width, data }: Points): Float64Array {
  const distances = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      distances[i * count + j] = squaredDistance(data, i, data, j, width);
      distances[j * count + i] = distances[i * count + j];
    }
  }
  return distances;
}

/** The same clusters, numbered 0, 1, … as they first occur: equal partitions have equal labels. */
export function numbered(labels: Int32Array): Int32Array {
  const numbers = new Map<number, number>();
  return labels.map((label) => {
    const number = numbers.get(label) ?? numbers.size;
    numbers.set(label, number);
    return number;
  });
}

/** features: [N, D] float32; labels: N of 0 … K − 1, each of which occurs → the mean of each cluster, [K, D]. Throws InputError. */
export function clusterMeans(features: NdArray, labels: Int32Array): NdArray {
  const { count, width, data } = pointsOf(features, "clusterMeans");
  if (labels.length !== count) {
    throw new InputError(
      problem("clusterMeans", `expected ${count} labels`, String(labels.length), "Give one for each row."),
    );
  }
  const clusters = Math.max(...labels) + 1;
  const sizes = new Uint32Array(clusters);
  const sums = new Float64Array(clusters * width);
  for (let i = 0; i < count; i++) {
    sizes[labels[i]]++;
    for (let j = 0; j < width; j++) sums[labels[i] * width + j] += data[i * width + j];
  }
  const empty = sizes.indexOf(0);
  if (empty >= 0 || Math.min(...labels) < 0) {
    const got = empty >= 0 ? `no row of cluster ${empty}` : "a label below 0";
    throw new InputError(problem("clusterMeans", "expected clusters numbered from 0", got, "Number them anew."));
  }
  return float32(
    [clusters, width],
    Float32Array.from(sums, (sum, i) => sum / sizes[Math.floor(i / width)]),
  );
}
