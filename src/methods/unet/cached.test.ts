import { beforeAll, describe, expect, test } from "vitest";
import { type MemoryPlatform, memoryPlatform } from "../../../test/support/memory-platform.ts";
import { freshWeights, movedWeights } from "../../../test/support/weights.ts";
import { item, type Named, type NdArray, ndarray } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { addEncoder, findEncoder } from "../../backbones/encoders.ts";
import type { Dataset } from "../../data/dataset.ts";
import type { Features, Sample } from "../../data/sample.ts";
import { Interrupted, UsageError } from "../../errors.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { padImage } from "../../image/pad.ts";
import { networkOf } from "../../networks/network.ts";
import { inEncoder } from "../../networks/transfer.ts";
import { decoderMaps, encodedBy } from "../../networks/unet/network.ts";
import { imageInput } from "../../nn/image-input.ts";
import type { IndexedImage } from "../../platform/platform.ts";
import { labelsFolder, withStageLabels } from "../../runs/stage-labels.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { openLocalEngine } from "../../runtime/local-engine.ts";
import { nodeBackend } from "../../runtime/node.ts";
import { runPass } from "../../training/pass.ts";
import { train } from "../../training/train.ts";
import { widenHalf } from "../../weights/half-precision.ts";
import type { Method, Task } from "../method.ts";
import { segmentationStage } from "../segmentation-stage.ts";
import type { Pass, TrainingStage } from "../stage.ts";
import { trainingModel } from "../stages.ts";
import { unet } from "./index.ts";
import { recipes, type UNetRecipe } from "./recipe.ts";

const task: Task = {
  classes: ["a", "b", "c"].map((name) => ({ name, color: [0, 0, 0] })),
  frequencies: [0.5, 0.3, 0.2],
};
const tiny: UNetRecipe = {
  ...recipes["unet-tiny"],
  ...{ name: "unet-tiny", batchSize: 1, encoderRate: 0, cacheMegabytes: 1 },
};

function stagesOf(recipe: UNetRecipe, given = task): { pass: Pass; train: TrainingStage } {
  const [pass, head] = unet.stages(recipe, given);
  if (pass.kind !== "pass" || head.kind !== "training") throw new Error(`${pass.kind}, ${head.kind}`);
  return { pass, train: head };
}

/** Noise, with a mask of stripes. */
function drawn(id: string, width: number, height: number): Sample {
  const random = new Random("drawn", id);
  return {
    ...{
      id,
      source: id,
      image: { width, height, data: Uint8Array.from({ length: 3 * width * height }, () => random.integer(256)) },
    },
    labels: { mask: { width, height, data: Uint8Array.from({ length: width * height }, (_, i) => (i >> 2) % 3) } },
  };
}

function datasetOf(samples: readonly Sample[]): Dataset {
  return {
    ...{ name: "drawn", split: "train", classes: task.classes, kinds: ["mask"], valueMap: {} },
    ids: samples.map(({ id }) => id),
    source: (index) => samples[index].source,
    read: async (index) => samples[index],
  };
}

/** Masks are kept as they are: what files of them hold, others test. */
function memoryWithMasks(): MemoryPlatform {
  const memory = memoryPlatform();
  const masks = new Map<string, IndexedImage>();
  return {
    ...memory,
    async encodeIndexedPng(image) {
      const name = `mask ${masks.size}`;
      masks.set(name, image);
      return new TextEncoder().encode(name);
    },
    async decodeMask(path) {
      const { width, height, data } = masks.get(await memory.readText(path))!;
      return { width, height, data, channels: 1, bits: 8 };
    },
  };
}

/** Weights of the whole network whose running averages are not 0 and 1, and whose head tells features apart. */
function weightsOf(recipe: UNetRecipe): Record<string, NdArray> {
  const { cropHeight, cropWidth } = recipe;
  const model = new Model();
  const whole = unet.model(recipe, task);
  if (whole.kind !== "semantic") throw new Error(whole.kind);
  whole.scores(model.scope, input("image", [1, cropHeight, cropWidth, 3], "uint8"));
  const [weights, moved] = [freshWeights(model), movedWeights(model)];
  // A fresh head gives nearly the same for all features.
  for (const name of Object.keys(weights)) if (!inEncoder(name)) weights[name] = moved[name];
  for (const [name, { data }] of Object.entries(weights)) {
    if (name.endsWith("running_mean")) data.fill(0.05 as never);
    if (name.endsWith("running_var")) data.fill(1.3 as never);
  }
  return weights;
}

/** Of one sample as the stage prepares it. */
async function lossOf(stage: TrainingStage, sample: Sample, weights: Named<NdArray>): Promise<number> {
  const { model, losses } = trainingModel(stage);
  const arrays = await stage.prepare(sample, new Random(1));
  const batch = Object.entries(arrays).map(
    ([name, { dtype, shape, data }]) => [name, ndarray(dtype, [1, ...shape], data)] as const,
  );
  expect([...model.parameters.keys()].every((name) => weights[name] !== undefined)).toBe(true);
  const { crossEntropy } = await evaluate(losses.terms, { ...weights, ...Object.fromEntries(batch) });
  return item(crossEntropy);
}

/** The features that the pass writes of samples, as the stage after it reads them. */
async function cached(recipe: UNetRecipe, samples: readonly Sample[], weights: Named<NdArray>): Promise<Sample[]> {
  const platform = memoryWithMasks();
  const engine = await openLocalEngine(nodeBackend, { threads: 1 });
  const { pass, train: head } = stagesOf(recipe);
  const dataset = datasetOf(samples);
  try {
    await runPass({ platform, engine, folder: "run", stage: pass, weights, dataset, classes: task.classes });
  } finally {
    await engine.close();
  }
  const unreadable = { ...dataset, read: () => Promise.reject(new Error("a photograph was read again")) };
  const place = labelsFolder("run", pass.name);
  const joined = await withStageLabels(platform, place, pass.writes!, unreadable, head.learnsFrom, {
    photographs: head.photographs,
  });
  return Promise.all(samples.map((_, index) => joined.read(index)));
}

const convolutional = { decoder: "convolutional", decoderChannels: [12, 8] } as const;
const heads: [string, Partial<UNetRecipe>, number[]][] = [
  ["linear", { decoder: "linear" }, [32]],
  ["convolutional", { ...convolutional, encoderStride: 16 }, [16]],
  ["U-Net", {}, [4, 8, 16, 32]],
];

describe.each(heads)("of a %s head", (_, change, strides) => {
  const recipe = { ...tiny, ...change };
  const weights = weightsOf(recipe);
  const sample = drawn("one", 50, 61);
  let features: Features;
  let read: Sample;
  beforeAll(async () => {
    [read] = await cached(recipe, [sample], weights);
    features = read.labels.features!;
  });

  test("the features on disk are those of the network with running averages, to half precision", async () => {
    expect([features.width, features.height, features.maps.map(({ stride }) => stride)]).toEqual([50, 61, strides]);
    const model = new Model();
    const maps = decoderMaps(
      encodedBy(model.scope, imageInput(input("image", [1, 64, 64, 3], "uint8")), recipe),
      recipe,
    );
    const image = ndarray("uint8", [1, 64, 64, 3], padImage(sample.image, 64, 64).data);
    const whole = await evaluate(Object.fromEntries(maps.map(({ stride, map }) => [`${stride}`, map])), {
      ...weights,
      image,
    });
    for (const { stride, values } of features.maps) {
      const exact = whole[stride].data as Float32Array;
      expect(exact.some((value) => value !== 0)).toBe(true);
      const half = widenHalf(values.data as Uint16Array);
      const off = half.map((value, i) => Math.abs(value - exact[i]) / (Math.abs(exact[i]) + 1e-3));
      expect(Math.max(...off)).toBeLessThan(2 ** -10);
    }
  });

  test("the loss on them is that of the same head through the whole network", async () => {
    const { train: head } = stagesOf(recipe);
    const through = segmentationStage((scope, image) => networkOf(recipe).logits(scope, image, 3), recipe, task, {
      ...{ name: "through", trains: (name) => !inEncoder(name) },
    });
    const losses = await Promise.all([lossOf(head, read, weights), lossOf(through, sample, weights)]);
    expect(Math.abs(losses[0] - Math.log(3))).toBeGreaterThan(0.02);
    expect(Math.abs(losses[0] / losses[1] - 1)).toBeLessThan(1e-3);
  });
});

describe("each photograph", () => {
  const recipe = { ...tiny, decoder: "linear" } as const;
  const weights = weightsOf(recipe);

  test("is encoded once, whoever stops the pass on the way", async () => {
    const platform = memoryWithMasks();
    const engine = await openLocalEngine(nodeBackend, { threads: 1 });
    const { pass } = stagesOf(recipe);
    const visits: string[] = [];
    const stop = new AbortController();
    const stage: Pass = {
      ...pass,
      async visit(sample, run) {
        visits.push(sample.id);
        if (visits.length === 2) stop.abort();
        return pass.visit(sample, run);
      },
    };
    const samples = ["a", "b", "c"].map((id) => drawn(id, 40, 40));
    const options = {
      ...{ platform, engine, folder: "run", stage, weights, dataset: datasetOf(samples), classes: task.classes },
    };
    try {
      await expect(runPass({ ...options, signal: stop.signal })).rejects.toThrow(Interrupted);
      await runPass(options);
    } finally {
      await engine.close();
    }
    expect(visits).toEqual(["a", "b", "c"]);
  });

  test("takes the bytes that were said beforehand, however large it is", async () => {
    const small = { ...recipe, cacheSide: 150 };
    const samples = [drawn("small", 20, 30), drawn("wide", 300, 100)];
    const read = await cached(small, samples, weights);
    const { room } = stagesOf(small).pass;
    for (const [index, { labels }] of read.entries()) {
      const { width, height, maps } = labels.features!;
      expect([width, height]).toEqual(
        [
          [20, 30],
          [150, 50],
        ][index],
      );
      const bytes = maps.reduce((sum, { values }) => sum + values.data.byteLength, 0);
      const said = room!.bytes(samples[index].image);
      const { width: across, height: down } = samples[index].image;
      expect([said >= bytes, said - bytes <= 1000 + 0.1 * across * down]).toEqual([true, true]);
    }
  });
});

test("a run encodes photographs as large as it trains on them, reads none again, and keeps no features when it ends", async () => {
  const recipe = { ...tiny, decoder: "linear", steps: 3, evaluateEvery: 0 } as const;
  const platform = memoryWithMasks();
  const samples = ["a", "b", "c"].map((id) => drawn(id, 100, 120));
  const sizes: string[] = [];
  let [isPassed, reads] = [false, 0];
  const method = {
    ...unet,
    stages(settings: UNetRecipe, given: Task) {
      const { pass, train: head } = stagesOf(settings, given);
      const visit: Pass["visit"] = (sample, run) => {
        sizes.push(`${sample.image.width}x${sample.image.height}`);
        return pass.visit(sample, run);
      };
      return [{ ...pass, visit }, head];
    },
  } as unknown as Method;
  const dataset = datasetOf(samples);
  const counted: Dataset = {
    ...dataset,
    read(...asked) {
      if (isPassed) reads++;
      return dataset.read(...asked);
    },
  };
  const engine = await openLocalEngine(nodeBackend, { threads: 1 });
  const from = [{ weights: weightsOf(recipe), stage: "train", recipe, source: "before" }];
  const watcher = {
    pass({ done, total }: { readonly done: number; readonly total: number }) {
      isPassed = done === total;
    },
  };
  try {
    const { steps } = await train({
      ...{
        method,
        recipe,
        platform,
        engine,
        folder: "run",
        dataset: counted,
        validation: null,
        from,
        shortSide: 50,
        watcher,
      },
    });
    expect(steps).toBe(4);
  } finally {
    await engine.close();
  }
  expect(sizes).toEqual(["50x60", "50x60", "50x60"]);
  expect([isPassed, reads]).toEqual([true, 0]);
  expect([...platform.files.keys()].filter((path) => path.startsWith("run/labels"))).toEqual([]);
});

test("numbers too large for half floats are kept as the largest, none as infinite", async () => {
  const recipe = { ...tiny, decoder: "linear" } as const;
  const weights = weightsOf(recipe);
  const last = Object.keys(weights).findLast((name) => name.startsWith("encoder.") && name.endsWith("norm.bias"))!;
  weights[last].data.fill(1e6 as never);
  const [{ labels }] = await cached(recipe, [drawn("one", 30, 30)], weights);
  const [{ values }] = labels.features!.maps;
  expect([...new Set(widenHalf(values.data as Uint16Array))]).toEqual([65504]);
});

describe("values that do not go with kept features are refused", () => {
  test.each<[Partial<UNetRecipe>, string]>([
    [
      { encoderRate: 0.2 },
      "encoderRate must be 0 where features are kept (cacheMegabytes above 0), got 0.2. Add --set encoderRate=0, or cacheMegabytes=0.",
    ],
    [{ frozenSteps: 3 }, "frozenSteps must be 0 where features are kept"],
    [{ scaleMax: 2 }, "scaleMax must be 1 where features are kept"],
    [{ scaleMin: 0.5 }, "scaleMin must be 1 where features are kept"],
    [{ photometric: 1 }, "photometric must be 0 where features are kept"],
    [{ cropMaxShare: 0.75 }, "cropMaxShare must be 1 where features are kept"],
    [{ cacheMegabytes: -1 }, "cacheMegabytes must be a number of at least 0, got -1. 0 keeps no features."],
    [{ cacheSide: 0.5 }, "cacheSide must be a whole number from 1 to 8192, got 0.5. 1024 is usual."],
  ])("%o", (change, message) => {
    const refused = () => unet.validate({ ...tiny, ...change });
    expect(refused).toThrow(message);
    expect(refused).toThrow(UsageError);
  });
});

test("features are not kept of an encoder of one size: photographs are padded to others", () => {
  addEncoder("of-one-size", { ...findEncoder("resnet18"), size: [64, 64] });
  expect(() => unet.validate({ ...tiny, encoder: "of-one-size" })).toThrow(
    "cacheMegabytes must be 0 for of-one-size, which takes pictures of one size alone, got 1. Add --set cacheMegabytes=0.",
  );
});
