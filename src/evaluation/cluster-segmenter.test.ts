/** Drawn pictures of three colours with noise: patches that look like another class by themselves are right in their cluster. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkEngine, checkModel } from "../../test/support/check-model.ts";
import { fromNumbers, ndarray } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { constant } from "../graph/tensor.ts";
import type { Image } from "../image/image.ts";
import type { PatchFeatures } from "../methods/patches.ts";
import { cast, matmul, mul } from "../ops/index.ts";
import type { TrainedModel } from "../prediction/model.ts";
import type { Engine } from "../runtime/engine.ts";
import { type ClusteringName, clusterSegmenter } from "./cluster-segmenter.ts";

let engine: Engine;
let trained: TrainedModel;
beforeAll(async () => {
  engine = await checkEngine();
  const color = [0, 0, 0] as const;
  const classes = ["red", "green", "blue"].map((name) => ({ name, color }));
  trained = { ...checkModel(), task: { classes, frequencies: [] }, weights: {} };
});
afterAll(() => engine.close());

/** Each pixel is a patch, its colour the vector; a class is as near as its colour is strong. */
const features: PatchFeatures = {
  prepare: ({ width, height, data }) => ({ image: ndarray("uint8", [height, width, 3], data) }),
  outputs: (_, { image }) => ({
    patches: mul(cast(image, "float32"), 1 / 255),
    whole: constant(fromNumbers("float32", [1, 3], [0, 0, 0])),
  }),
  scores: (_, vectors) => matmul(vectors, constant(fromNumbers("float32", [3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]))),
};

/** A dark stripe that is a little red, a greenish one, and a bright one that is a little blue; and the class of each pixel. */
function stripes(width: number, height: number, noise: number): { image: Image; truth: number[] } {
  const random = new Random("stripes");
  const truth = Array.from({ length: width * height }, (_, i) => Math.floor((3 * (i % width)) / width));
  const data = Uint8Array.from(
    truth.flatMap((label) =>
      [0, 1, 2].map((channel) => 40 + 80 * label + (channel === label ? 8 : 0) + Math.round(noise * random.normal())),
    ),
  );
  return { image: { width, height, data }, truth };
}

const share = (labels: Uint8Array, truth: readonly number[]) =>
  truth.filter((label, i) => labels[i] === label).length / truth.length;

async function segmented(clustering: ClusteringName, image: Image, clusters = 3) {
  const segmenter = clusterSegmenter(engine, trained, features, { clustering, clusters });
  try {
    return await segmenter.segment(image);
  } finally {
    await segmenter.close();
  }
}

describe.each<ClusteringName>(["k-means", "mean-shift", "spectral"])("%s", (clustering) => {
  test("gives all patches of a cluster the class of their mean", async () => {
    const { image, truth } = stripes(15, 9, 8);
    const alone = Uint8Array.from(truth, (_, i) => {
      const pixel = [...image.data.subarray(3 * i, 3 * i + 3)];
      return pixel.indexOf(Math.max(...pixel));
    });
    const { labels, areas } = await segmented(clustering, image);
    expect(share(alone, truth)).toBeLessThan(0.8);
    expect(share(labels.data, truth)).toBe(1);
    expect(areas).toEqual([0, 1, 2].map((k) => labels.data.filter((label) => label === k).length));
  });

  test("gives the same again, whatever came between", async () => {
    const { image } = stripes(12, 7, 30);
    const segmenter = clusterSegmenter(engine, trained, features, { clustering, clusters: 5 });
    const first = await segmenter.segment(image);
    await segmenter.segment(stripes(9, 9, 5).image);
    expect((await segmenter.segment(image)).labels).toEqual(first.labels);
    await segmenter.close();
  });

  test("takes a picture of one colour", async () => {
    const { image } = stripes(1, 1, 0);
    const flat: Image = { width: 4, height: 3, data: Uint8Array.from({ length: 36 }, (_, i) => image.data[i % 3]) };
    expect(new Set((await segmented(clustering, flat)).labels.data)).toEqual(new Set([0]));
  });
});

test("one cluster has the class that the whole picture is nearest to", async () => {
  const { image } = stripes(12, 6, 0);
  const greener = { ...image, data: image.data.map((value, i) => (i % 3 === 1 ? value + 20 : value)) };
  expect(new Set((await segmented("k-means", greener, 1)).labels.data)).toEqual(new Set([1]));
});
