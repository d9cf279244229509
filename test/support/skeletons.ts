/** Three methods in miniature, for what they ask of the shared rooms: segments, open words, labels that a pass writes. */
import { float32, fromNumbers, type Named, type NdArray, ndarray } from "../../src/array/ndarray.ts";
import { maskOf } from "../../src/data/labels.ts";
import type { ClassInfo, Sample, Segment } from "../../src/data/sample.ts";
import { normalInitializer, zerosInitializer } from "../../src/graph/initializer.ts";
import type { Scope } from "../../src/graph/scope.ts";
import { constant, type Tensor } from "../../src/graph/tensor.ts";
import { IGNORE } from "../../src/image/image.ts";
import { resizeImage, resizeLabels } from "../../src/image/resize.ts";
import { binaryCrossEntropy } from "../../src/losses/binary-cross-entropy.ts";
import { crossEntropy } from "../../src/losses/cross-entropy.ts";
import type { Citation, Method, Task } from "../../src/methods/method.ts";
import { baseRecipe, type Recipe } from "../../src/methods/recipe.ts";
import type { Pass, TrainingStage, Trial } from "../../src/methods/stage.ts";
import { conv2d } from "../../src/nn/conv.ts";
import { imageInput } from "../../src/nn/image-input.ts";
import { batchNorm2d } from "../../src/nn/norm.ts";
import * as ops from "../../src/ops/index.ts";

const paper: Citation = { authors: "nobody", title: "A skeleton", venue: "tests", url: "https://example.org" };

function recipeOf(method: string, changes: Partial<Recipe>): Recipe {
  return {
    ...baseRecipe,
    name: `${method}-tiny`,
    method,
    logEvery: 5,
    checkpointEvery: 10,
    evaluateEvery: 20,
    ...changes,
  };
}

/** Two convolutions that make a quarter of the size. x: [B, 3, H, W] → [B, width, ⌈H/4⌉, ⌈W/4⌉] */
function features(scope: Scope, x: Tensor, width: number): Tensor {
  const options = { kernel: 3, stride: 2, padding: 1 } as const;
  const hidden = ops.relu(conv2d(scope.at("first"), x, width, options));
  return ops.relu(conv2d(scope.at("second"), hidden, width, options));
}

const imageArray = ({ image }: Sample, side: number): NdArray =>
  ndarray("uint8", [side, side, 3], resizeImage(image, side, side).data);

/**
 * Panoptic: a class for each cell of a view of 65 x 65 pixels; connected cells of one thing, and all cells of one kind of
 * stuff, are a segment.
 */
const side = 65;
const cells = 17;

function cellScores(scope: Scope, image: Tensor, { classes }: Task): Tensor {
  return conv2d(scope.at("head"), features(scope.at("body"), imageInput(image), 24), classes.length, { kernel: 1 });
}

export const components: Method = {
  ...{ name: "components", paper, vocabulary: "closed", validate: () => {} },
  recipes: { "components-tiny": recipeOf("components", { steps: 120, learningRate: 5e-3, batchSize: 8 }) },
  stages: (settings, task): TrainingStage[] => [
    {
      ...{ kind: "training", name: "train", learnsFrom: ["panoptic"], settings },
      inputs: {
        image: { dtype: "uint8", shape: [settings.batchSize, side, side, 3] },
        cells: { dtype: "uint8", shape: [settings.batchSize, cells, cells] },
      },
      prepare(sample): Named<NdArray> {
        if (sample.labels.panoptic === undefined) throw new Error("a sample without segments was given");
        const mask = resizeLabels(maskOf(sample.labels.panoptic), cells, cells);
        return { image: imageArray(sample, side), cells: ndarray("uint8", [cells, cells], mask.data) };
      },
      loss(scope, { image, cells: truth }) {
        const logits = cellScores(scope, image, task);
        const right = ops.equal(ops.argMax(logits, { axis: 1 }), ops.cast(truth, "int64"));
        return {
          terms: { crossEntropy: crossEntropy(logits, truth) },
          watched: { accuracy: ops.mean(ops.cast(right, "float32")) },
        };
      },
    },
  ],
  model: (_recipe, task) => ({
    ...{ kind: "panoptic", size: [side, side], padding: [124, 116, 104] },
    outputs: (scope, image) => ({ probabilities: ops.softmax(cellScores(scope, image, task), { axis: 1 }) }),
    segments({ probabilities: { data } }, { width, height, scaledWidth, scaledHeight }) {
      const plane = cells * cells;
      const best = Array.from({ length: plane }, (_, cell) => {
        const scores = task.classes.map((_class, k) => Number(data[k * plane + cell]));
        const score = Math.max(...scores);
        return { classIndex: scores.indexOf(score), score };
      });
      const cellOf = (place: number, scaled: number, full: number) =>
        Math.min(cells - 1, Math.round((((place + 0.5) * scaled) / full - 0.5) / 4));
      const { ids, segments } = connected(best, task.classes);
      const map = Uint32Array.from({ length: width * height }, (_, i) => {
        const row = cellOf(Math.floor(i / width), scaledHeight, height);
        return ids[row * cells + cellOf(i % width, scaledWidth, width)];
      });
      const left = new Set(map);
      return { width, height, data: map, segments: segments.filter(({ id }) => left.has(id)) };
    },
  }),
};

function connected(best: readonly { classIndex: number; score: number }[], classes: readonly ClassInfo[]) {
  const ids = new Uint32Array(best.length);
  const segments: Segment[] = [];
  const stuff = new Map<number, number>();
  for (let start = 0; start < best.length; start++) {
    if (ids[start] !== 0) continue;
    const { classIndex } = best[start];
    const isThing = classes[classIndex].thing === true;
    const id = (isThing ? undefined : stuff.get(classIndex)) ?? segments.length + 1;
    const members = [start];
    ids[start] = id;
    for (let at = 0; at < members.length; at++) {
      const cell = members[at];
      const neighbours = [
        cell - cells,
        cell + cells,
        ...(cell % cells > 0 ? [cell - 1] : []),
        ...(cell % cells < cells - 1 ? [cell + 1] : []),
      ];
      for (const next of neighbours) {
        if (ids[next] !== 0 || best[next]?.classIndex !== classIndex) continue;
        ids[next] = id;
        members.push(next);
      }
    }
    if (id <= segments.length) continue; // more of the same stuff
    stuff.set(classIndex, id);
    const score = members.reduce((sum, cell) => sum + best[cell].score, 0) / members.length;
    segments.push({ id, classIndex, crowd: false, score });
  }
  return { ids, segments };
}

/** Open words: an image's mean feature is drawn to its caption's words; a pixel's class is the words nearest to its feature. */
const tableSize = 8192;
const wordWidth = 16;
const mostWords = 24;

/** Places of a text's first words in the table, padded by 0; two words may share one. */
function wordIds(text: string): bigint[] {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const ids = words.map((word) => {
    const code = [...word].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)!) % (tableSize - 1), 7);
    return BigInt(code + 1);
  });
  return Array.from({ length: mostWords }, (_, i) => ids[i] ?? 0n);
}

const unit = (x: Tensor, axis: number): Tensor =>
  ops.div(x, ops.sqrt(ops.add(ops.sum(ops.square(x), { axes: [axis], keepDims: true }), 1e-6)));

/** Sum of the words' vectors, of length 1. ids: [texts, most words] int64 → [texts, width] */
function wordVectors(scope: Scope, ids: Tensor): Tensor {
  const table = scope.parameter("table", [tableSize, wordWidth], normalInitializer(0.3));
  const there = ops.cast(ops.greater(ids, constant(fromNumbers("int64", [], [0]))), "float32");
  return unit(ops.sum(ops.mul(ops.gather(table, ids), ops.unsqueeze(there, -1)), { axes: [1] }), 1);
}

/** image: [B, H, W, 3] uint8 → a vector of length 1 for each of a quarter of the pixels. */
function pixelVectors(scope: Scope, image: Tensor): Tensor {
  const x = features(scope.at("body"), imageInput(image), 24);
  return unit(conv2d(scope.at("projection"), x, wordWidth, { kernel: 1 }), 1);
}

const sharpness = 8;

export const words: Method = {
  ...{ name: "words", paper, vocabulary: "open", validate: () => {} },
  recipes: {
    "words-tiny": recipeOf("words", { steps: 60, cropHeight: 64, cropWidth: 64, batchSize: 8, learningRate: 5e-3 }),
  },
  stages: (settings): TrainingStage[] => [
    {
      ...{ kind: "training", name: "align", learnsFrom: ["captions"], settings },
      inputs: {
        image: { dtype: "uint8", shape: [settings.batchSize, 64, 64, 3] },
        words: { dtype: "int64", shape: [settings.batchSize, mostWords] },
      },
      async prepare(sample, random) {
        const caption = random.pick(sample.labels.captions ?? [""]);
        return {
          image: imageArray(sample, 64),
          words: ndarray("int64", [mostWords], BigInt64Array.from(wordIds(caption))),
        };
      },
      loss(scope, { image, words: ids }) {
        const images = unit(ops.mean(pixelVectors(scope.at("image"), image), { axes: [2, 3] }), 1);
        const scores = ops.mul(ops.matmul(images, wordVectors(scope.at("text"), ids), { transposeB: true }), sharpness);
        const own = constant(
          fromNumbers(
            "int64",
            [settings.batchSize],
            Array.from({ length: settings.batchSize }, (_, i) => i),
          ),
        );
        return { terms: { contrast: crossEntropy(scores, own) } };
      },
    },
  ],
  model: (_recipe, { classes }) => ({
    ...{ kind: "semantic", stride: 4, windowing: "halves" },
    scores(scope, image) {
      const texts = classes.map(({ name, words: others = [name] }) => wordIds(others.join(" ")));
      const ids = constant(ndarray("int64", [classes.length, mostWords], BigInt64Array.from(texts.flat())));
      const vectors = wordVectors(scope.at("text"), ids);
      const pixels = pixelVectors(scope.at("image"), image);
      const kernel = ops.reshape(vectors, [classes.length, wordWidth, 1, 1]);
      const scores = ops.softmax(ops.mul(ops.conv(pixels, kernel, {}), sharpness), { axis: 1 });
      return ops.resize(scores, [image.shape[1], image.shape[2]]);
    },
  }),
};

/**
 * Tags: maps of classes are learned from tags, a pass turns them into masks and counts the mean colour, and a network is
 * trained on those masks. Its norm does not train, but counts the batches' statistics.
 */
function tagMaps(scope: Scope, image: Tensor, { classes }: Task): Tensor {
  const x = features(scope.at("body"), imageInput(image), 16);
  return conv2d(scope.at("classes"), x, classes.length, { kernel: 1 });
}

function maskScores(scope: Scope, image: Tensor, { classes }: Task): Tensor {
  const centre = scope.parameter("centre", [3], zerosInitializer);
  const x = ops.sub(ops.cast(image, "float32"), centre); // [B, H, W, 3]
  const network = scope.at("network");
  const hidden = features(network, ops.div(ops.transpose(x, [0, 3, 1, 2]), 64), 16);
  return conv2d(network.at("head"), batchNorm2d(scope.at("still"), hidden), classes.length, { kernel: 1 });
}

const only = (weights: Named<NdArray>, ...parts: readonly string[]): Named<NdArray> =>
  Object.fromEntries(Object.entries(weights).filter(([name]) => parts.includes(name.split(".")[0])));

export const tagged: Method = {
  ...{ name: "tagged", paper, vocabulary: "closed", validate: () => {} },
  recipes: {
    "tagged-tiny": recipeOf("tagged", {
      steps: 12,
      cropHeight: 64,
      cropWidth: 64,
      evaluateEvery: 12,
      keepCheckpoints: 9,
    }),
  },
  stages(settings, task) {
    const batch = settings.batchSize;
    const image = { dtype: "uint8", shape: [batch, 64, 64, 3] } as const;
    const classify: TrainingStage = {
      ...{ kind: "training", name: "classify", learnsFrom: ["tags"], settings },
      inputs: { image, tags: { dtype: "float32", shape: [batch, task.classes.length] } },
      prepare(sample) {
        const tags = new Float32Array(task.classes.length);
        for (const tag of sample.labels.tags ?? []) tags[tag] = 1;
        return { image: imageArray(sample, 64), tags: float32([tags.length], tags) };
      },
      loss: (scope, inputs) => ({
        terms: {
          tags: binaryCrossEntropy(
            ops.mean(tagMaps(scope.at("maps"), inputs.image, task), { axes: [2, 3] }),
            inputs.tags,
          ),
        },
      }),
    };
    const masks: Pass = {
      ...{ kind: "pass", name: "masks", learnsFrom: ["tags"], writes: ["mask"] },
      outputs: (scope, inputs) => ({ maps: tagMaps(scope.at("maps"), inputs.image, task) }),
      async visit(sample, run) {
        const { width, height, data } = sample.image;
        const { maps } = await run({ image: ndarray("uint8", [1, height, width, 3], data) });
        const [, , rows, columns] = maps.shape;
        const cells = rows * columns;
        const scores = Array.from(maps.data, Number);
        // Less their means: after a few steps one class has larger scores than all others everywhere.
        const means = task.classes.map((_, tag) => {
          const own = scores.slice(tag * cells, (tag + 1) * cells);
          return own.reduce((sum, each) => sum + each, 0) / cells;
        });
        const small = Uint8Array.from({ length: cells }, (_, cell) => {
          const value = (tag: number) => scores[tag * cells + cell] - means[tag];
          const [first = IGNORE, ...others] = sample.labels.tags ?? [];
          return others.reduce((best, tag) => (value(tag) > value(best) ? tag : best), first);
        });
        const mask = resizeLabels({ width: columns, height: rows, data: small }, width, height);
        const colors = [0, 0, 0];
        for (let i = 0; i < data.length; i++) colors[i % 3] += data[i];
        return {
          labels: { mask },
          sums: {
            colors: float32(
              [3],
              colors.map((sum) => sum / (width * height)),
            ),
            count: float32([1], [1]),
          },
        };
      },
      weights: ({ colors, count }) => ({
        centre: float32(
          [3],
          Array.from(colors.data as Float64Array, (sum) => sum / Number(count.data[0])),
        ),
      }),
    };
    const segment: TrainingStage = {
      ...{ kind: "training", name: "segment", learnsFrom: ["mask"], settings },
      begin: ({ weights }) => ({ weights: only(weights, "centre"), kept: only(weights, "maps"), notes: [] }),
      inputs: { image, cells: { dtype: "uint8", shape: [batch, 16, 16] } },
      prepare(sample) {
        const mask = resizeLabels(sample.labels.mask!, 16, 16);
        return { image: imageArray(sample, 64), cells: ndarray("uint8", [16, 16], mask.data) };
      },
      loss: (scope, { image: x, cells: truth }) => ({
        terms: { crossEntropy: crossEntropy(maskScores(scope, x, task), truth) },
      }),
      trains: (name) => name.startsWith("network."),
      rests: () => false,
    };
    return [classify, masks, segment];
  },
  model: (_recipe, task) => ({
    ...{ kind: "semantic", stride: 4, windowing: "none" },
    scores: (scope, image) => {
      const scores = ops.softmax(maskScores(scope, image, task), { axis: 1 });
      return ops.resize(scores, [image.shape[1], image.shape[2]]);
    },
  }),
  // Of a stage before the last, whose weights are kept.
  views: (_recipe, task): readonly Trial[] => [
    {
      ...{ name: "maps", images: 2, learnsFrom: [] },
      prepare: (sample) => ({ image: imageArray(sample, 64) }),
      outputs: (scope, { image }) => ({
        first: ops.sigmoid(ops.slice(tagMaps(scope.at("maps"), image, task), [{ axis: 1, start: 0, end: 1 }])),
      }),
      pictures({ first }) {
        const data = Uint8Array.from({ length: 3 * 256 }, (_, i) =>
          Math.round(255 * Number(first.data[Math.floor(i / 3)])),
        );
        return [{ name: task.classes[0].name, image: { width: 16, height: 16, data }, changes: true, caption: "" }];
      },
    },
  ],
};
