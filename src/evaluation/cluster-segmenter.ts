/** Patches put together by clustering, without having learned how: the paper's baselines of GroupViT (Xu et al. 2022, table 4). */
import { requireArrays } from "../array/check-arrays.ts";
import { float32, type NdArray } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { kMeans } from "../clustering/k-means.ts";
import { meanShift, usualBandwidth } from "../clustering/mean-shift.ts";
import { clusterMeans } from "../clustering/points.ts";
import { spectralClustering } from "../clustering/spectral.ts";
import type { PatchFeatures } from "../methods/patches.ts";
import { cardOf } from "../prediction/card.ts";
import { writeLabels } from "../prediction/enlarge.ts";
import { graphRunner } from "../prediction/graph-runner.ts";
import type { TrainedModel } from "../prediction/model.ts";
import type { Segmenter } from "../prediction/segmenter.ts";
import type { Engine } from "../runtime/engine.ts";
import { withBatchAxis } from "./trial.ts";

/** features: [N, D] → the cluster of each, from 0. Mean shift finds how many there are. */
const clusterings = {
  "k-means": kMeans,
  "mean-shift": (features: NdArray) => meanShift(features, usualBandwidth(features)),
  spectral: spectralClustering,
} as const satisfies Readonly<Record<string, (features: NdArray, clusters: number, random: Random) => Int32Array>>;

export type ClusteringName = keyof typeof clusterings;

export interface ClusterOptions {
  readonly clustering: ClusteringName;
  /** Of each photograph, where the clustering asks for how many. */
  readonly clusters: number;
}

/**
 * Segments with the features of a model, but its patches are clustered in each photograph, and the mean of a cluster is what the
 * classes are compared with, all its patches having the cluster's scores. They are enlarged as those of single patches are, and the
 * background has the same rule, so that what differs from the model itself is the clustering alone. Photographs are seen whole.
 */
export function clusterSegmenter(
  engine: Engine,
  trained: TrainedModel,
  features: PatchFeatures,
  { clustering, clusters }: ClusterOptions,
): Segmenter {
  const { weights, source } = trained;
  const card = cardOf(trained);
  const encoder = graphRunner(engine, weights, source, (scope, inputs) => features.outputs(scope, inputs));
  const scorer = graphRunner(engine, weights, source, (scope, { vectors, whole }) => ({
    scores: features.scores(scope, vectors, whole),
  }));
  return {
    ...{ card, source: `${source}, ${clustering}` },
    async segment(image) {
      const inputs = features.prepare(image);
      requireArrays(inputs, "prepare of patches");
      const { patches, whole } = await encoder.run(withBatchAxis(inputs));
      const [, rows, columns, width] = patches.shape;
      const points: NdArray = { ...patches, shape: [rows * columns, width] };
      // Drawn anew for each photograph, so that it does not matter which came before.
      const labels = clusterings[clustering](points, clusters, new Random("clusters", clustering));
      const vectors = padded(clusterMeans(points, labels));
      const { scores } = await scorer.run({ vectors: { ...vectors, shape: [1, ...vectors.shape] }, whole });
      const count = scores.shape[2];
      const planes = new Float32Array(count * labels.length);
      for (const [patch, cluster] of labels.entries()) {
        for (let k = 0; k < count; k++) planes[k * labels.length + patch] = Number(scores.data[cluster * count + k]);
      }
      const { height, width: across } = image;
      const data = new Uint8Array(height * across);
      const map = { height: rows, width: columns, top: 0, left: 0, rows, columns, data: planes };
      writeLabels(data, [height, across], { top: 0, bottom: height, left: 0, right: across }, [map], count);
      const areas = new Array<number>(count).fill(0);
      for (const label of data) areas[label]++;
      return { labels: { width: across, height, data }, areas };
    },
    async close() {
      await encoder.release();
      await scorer.release();
    },
  };
}

/** As many rows as the next power of two, the first once more for those that are missing: few programs do for any number of clusters. */
function padded({ shape: [count, width], data }: NdArray): NdArray {
  const rows = 2 ** Math.ceil(Math.log2(count));
  const first = data.subarray(0, width) as Float32Array;
  const all = new Float32Array(rows * width);
  all.set(data as Float32Array);
  for (let row = count; row < rows; row++) all.set(first, row * width);
  return float32([rows, width], all);
}
