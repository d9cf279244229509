import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MemoryPlatform, memoryPlatform } from "../../test/support/memory-platform.ts";
import { float32, type Named, type NdArray, toNumbers } from "../array/ndarray.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Sample } from "../data/sample.ts";
import { InputError, Interrupted } from "../errors.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Method } from "../methods/method.ts";
import type { PredictionModel } from "../methods/model.ts";
import type { Recipe } from "../methods/recipe.ts";
import type { Losses, Stage, Trained, TrainingStage } from "../methods/stage.ts";
import { recipes } from "../methods/transunet/recipe.ts";
import { dropout } from "../nn/dropout.ts";
import { linear } from "../nn/linear.ts";
import { cast, log, max, mean, neg, square, sub } from "../ops/index.ts";
import { latestCheckpoint, listCheckpoints, readCheckpoint } from "../runs/checkpoint.ts";
import { isEvaluation, openLog, readMetrics } from "../runs/log.ts";
import { weightsOf } from "../runs/open-run.ts";
import type { Run } from "../runs/run.ts";
import { runFormat } from "../runs/run-record.ts";
import type { Engine } from "../runtime/engine.ts";
import { openLocalEngine } from "../runtime/local-engine.ts";
import { nodeBackend } from "../runtime/node.ts";
import { Session } from "./session.ts";

/** One pixel each; its colour is its index. */
function dataset(name: string, size: number): Dataset {
  const ids = Array.from({ length: size }, (_, index) => `${name}${index}`);
  const pixel = { width: 1, height: 1 };
  return {
    ...{ name, split: "train", classes: [], kinds: ["mask"], ids, valueMap: {}, source: (index) => ids[index] },
    read: async (index, kinds = ["mask"]) => ({
      ...{ id: ids[index], source: ids[index], image: { ...pixel, data: Uint8Array.of(index, 1, 2) } },
      labels: kinds.includes("mask") ? { mask: { ...pixel, data: Uint8Array.of(0) } } : {},
    }),
  };
}

const recipe: Recipe = {
  ...recipes["transunet-tiny"],
  ...{ steps: 3, batchSize: 2, logEvery: 2, checkpointEvery: 100, keepCheckpoints: 10, evaluateEvery: 2 },
  ...{ averageDecay: 0.5, learningRate: 0.1, warmupSteps: 0 },
};

/** body → a head of the stage's own, with dropout between; the target is the mean of what is fed. */
function loss(head: string) {
  return (scope: Scope, { x }: Named<Tensor>): Losses => {
    const hidden = dropout(scope.at("body"), linear(scope.at("body"), x, 4), 0.25);
    const error = mean(square(sub(linear(scope.at(head), hidden, 1), mean(x, { axes: [1], keepDims: true }))));
    return { terms: { error }, watched: { largest: max(x) } };
  };
}

/** Samples that the stages were fed, by stage. */
const fed: Record<string, Sample[]> = { learn: [], use: [] };

function stage(name: string, head: string, settings: Recipe): Omit<TrainingStage, "learnsFrom"> {
  return {
    ...{ kind: "training", name, settings },
    inputs: { x: { dtype: "float32", shape: [settings.batchSize, 3] } },
    // Preparing may take its time.
    async prepare(sample, random) {
      fed[name].push(sample);
      return {
        x: float32(
          [3],
          [...sample.image.data].map((value) => value / 10 + random.uniform()),
        ),
      };
    },
    loss: loss(head),
  };
}

const learning = (settings: Recipe): TrainingStage => ({
  ...stage("learn", "guess", { ...settings, steps: 3 }),
  learnsFrom: [],
  trials: [
    {
      ...{ name: "error", images: 2 },
      prepare: (_sample, random) => ({ x: float32([3], random.fillUniform(new Float32Array(3))) }),
      outputs: (scope, batch) => loss("guess")(scope, batch).terms,
      scores: (results) => [
        { name: "error", value: results.reduce((sum, { error }) => sum + Number(error.data[0]), 0), unit: "plain" },
      ],
    },
  ],
});

const using = (settings: Recipe): TrainingStage => ({
  ...stage("use", "head", settings),
  learnsFrom: ["mask"],
  begin: ({ weights }) => ({
    weights: Object.fromEntries(Object.entries(weights).filter(([name]) => name.startsWith("body."))),
    notes: ["guess is left behind"],
  }),
});

/** Predicts when body and head are there. */
const model: PredictionModel = {
  ...{ kind: "semantic", stride: 1 },
  scores: (scope, image) => linear(scope.at("head"), linear(scope.at("body"), cast(image, "float32"), 4), 1),
};

interface Outcome {
  readonly platform: MemoryPlatform;
  readonly notes: string[];
}

describe("a session of two stages", () => {
  let engine: Engine;
  let through: Outcome;
  beforeAll(async () => {
    engine = await openLocalEngine(nodeBackend, { threads: 1 });
    through = await train(memoryPlatform());
  });
  afterAll(() => engine.close());

  /** Trains on from what `platform` holds, until `stopAt` if that comes first. */
  async function train(
    platform: MemoryPlatform,
    {
      stages = (settings) => [learning(settings), using(settings)],
      from = [],
      unlabelled = null,
      stopAt = 0,
      changes = {},
    }: {
      readonly stages?: (settings: Recipe) => readonly Stage[];
      readonly from?: readonly Trained[];
      readonly unlabelled?: Dataset | null;
      readonly stopAt?: number;
      readonly changes?: Partial<Recipe>;
    } = {},
  ): Promise<Outcome> {
    const method = { name: "two", stages, model: () => model } as unknown as Method;
    const fixed = { classes: [], frequencies: [], shortSide: 0, window: [1, 1] };
    const record = { format: runFormat, ...fixed } as unknown as Run["record"];
    const run: Run = { method, recipe: { ...recipe, ...changes }, record };
    const stop = new AbortController();
    const notes: string[] = [];
    const start = await latestCheckpoint(platform, "run", () => {});
    const options = {
      ...{ ...run, platform, engine, folder: "run", dataset: dataset("labelled", 5), unlabelled, from },
      ...{ validation: null, signal: stop.signal },
      watcher: {
        note: (line: string) => void notes.push(line),
        step: ({ step }: { readonly step: number }) => {
          if (step === stopAt) stop.abort();
        },
      },
    };
    const session = new Session(options, run, await openLog(platform, "run", start?.progress.step ?? 0), start);
    await session.trainStages();
    return { platform, notes };
  }

  /** All that must not depend on how often a run was stopped. */
  const outcome = ({ files }: MemoryPlatform) =>
    Object.fromEntries(
      [...files]
        .filter(([name]) => name.includes("step-00000006") || name.endsWith("metrics.jsonl"))
        .map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]),
    );

  test("trains one after the other, and says so", () => {
    expect(through.notes).toEqual([
      "stage 1 of 2, learn: 3 steps of 2",
      "guess is left behind",
      "use: head with first values",
      "stage 2 of 2, use: 3 steps of 2",
    ]);
  });

  test("logs each stage by its name, cut at its end, and its trial where it makes no whole model", async () => {
    const lines = await readMetrics(through.platform, "run");
    expect(lines.map((line) => [line.step, line.stage, isEvaluation(line)])).toEqual([
      [2, "learn", false],
      [2, "learn", true],
      [3, "learn", false],
      [3, "learn", true],
      [4, "use", false],
      [6, "use", false],
    ]);
  });

  test("logs what is only watched beside the terms, which alone make the loss", async () => {
    for (const line of await readMetrics(through.platform, "run")) {
      if (isEvaluation(line)) continue;
      expect([Object.keys(line.terms), Object.keys(line.watched ?? {})]).toEqual([["error"], ["largest"]]);
      expect(line.loss).toBeCloseTo(line.terms.error, 6);
    }
  });

  test.each([1, 2, 3, 4, 5])(
    "stopped after step %i and resumed ends with the bytes of one run through",
    async (stopAt) => {
      const platform = memoryPlatform();
      await expect(train(platform, { stopAt })).rejects.toThrow(Interrupted);
      expect((await listCheckpoints(platform, "run")).at(-1)).toBe(stopAt);
      await train(platform);
      expect(Object.keys(outcome(platform)).length).toBeGreaterThan(3);
      expect(outcome(platform)).toEqual(outcome(through.platform));
    },
  );

  test("hands over the weights that prediction would use: their averages", async () => {
    // A second stage that learns nothing still has what it began with.
    const { platform } = await train(memoryPlatform(), {
      stages: (settings) => [learning(settings), using({ ...settings, learningRate: 0, weightDecay: 0 })],
    });
    const [left, kept] = await Promise.all([3, 6].map((step) => readCheckpoint(platform, "run", step)));
    const body = (weights: Named<NdArray>) => toNumbers(weights["body.weight"]);
    expect(body(kept.tensors.weights)).toEqual(body(left.tensors.averages));
    expect(body(weightsOf(left))).toEqual(body(left.tensors.averages));
    expect(body(left.tensors.weights)).not.toEqual(body(left.tensors.averages));
  });

  test("feeds images alone, those without labels too, to a stage that needs none", async () => {
    for (const samples of Object.values(fed)) samples.length = 0;
    await train(memoryPlatform(), { unlabelled: dataset("more", 40), changes: { batchSize: 8 } });
    expect(fed.learn.every(({ labels }) => labels.mask === undefined)).toBe(true);
    expect(fed.learn.some(({ id }) => id.startsWith("2/more"))).toBe(true);
    expect(fed.use.every(({ labels, id }) => labels.mask !== undefined && id.startsWith("labelled"))).toBe(true);
  });

  test("goes on where a watched number was none, and logs it as none", async () => {
    const odd = (settings: Recipe): Stage[] => [
      {
        ...learning(settings),
        loss: (scope, batch) => ({ ...loss("guess")(scope, batch), watched: { odd: log(neg(max(batch.x))) } }),
      },
    ];
    const platform = memoryPlatform();
    await expect(train(platform, { stages: odd, stopAt: 1 })).rejects.toThrow(Interrupted);
    expect((await readCheckpoint(platform, "run", 1)).progress.window.sums["watched:odd"]).toBeNaN();
    await train(platform, { stages: odd });
    const [line] = await readMetrics(platform, "run");
    expect(isEvaluation(line) ? null : line.watched).toEqual({ odd: null });
    const through = await train(memoryPlatform(), { stages: odd });
    expect(platform.files.get("run/metrics.jsonl")).toEqual(through.platform.files.get("run/metrics.jsonl"));
  });

  test("refuses a checkpoint of a stage that is at another place by now", async () => {
    const { platform } = await train(memoryPlatform(), { stages: (settings) => [learning(settings)] });
    const resumed = train(platform, { stages: (settings) => [using(settings), learning(settings)] });
    await expect(resumed).rejects.toThrow(
      "run: expected stage learn, which the checkpoint is of, as stage 1 of method two, got use. Resume with the method as it was, or choose another --out.",
    );
    const begun = train(through.platform, { stages: (settings) => [using(settings)] });
    await expect(begun).rejects.toThrow(
      "expected stage use, which the checkpoint is of, as stage 2 of method two, got none",
    );
  });

  describe("whose loss compares the samples of several batches", () => {
    const comparing = (settings: Recipe): Stage => ({
      ...stage("learn", "guess", settings),
      learnsFrom: [],
      embed: (scope, { x }) => ({ z: dropout(scope.at("body"), linear(scope.at("body"), x, 4), 0.25) }),
      loss: (_scope, { z }) => ({
        terms: { apart: neg(mean(square(sub(z, mean(z, { axes: [0], keepDims: true }))))) },
      }),
    });
    const options = { stages: (settings: Recipe) => [comparing(settings)], changes: { steps: 6, accumulate: 3 } };

    test("goes on as if it had not been stopped", async () => {
      const whole = outcome((await train(memoryPlatform(), options)).platform);
      const platform = memoryPlatform();
      await expect(train(platform, { ...options, stopAt: 2 })).rejects.toThrow(Interrupted);
      await train(platform, options);
      expect(outcome(platform)).toEqual(whole);
    });

    test("refuses an embedding without the batch as its first axis", async () => {
      const wrong = (settings: Recipe): Stage => ({
        ...(comparing(settings) as TrainingStage),
        embed: (scope, { x }) => ({ z: mean(linear(scope.at("body"), x, 4), { axes: [0] }) }),
      });
      await expect(train(memoryPlatform(), { ...options, stages: (settings) => [wrong(settings)] })).rejects.toThrow(
        "stage learn: embed: expected the batch of 2 as the first axis of z, got [4]. Correct the method.",
      );
    });
  });

  test("is scored by the steps of its stage, once at its end", async () => {
    const pass: Stage = {
      ...{ kind: "pass", name: "count", learnsFrom: [], outputs: () => ({}), visit: async () => ({}) },
    };
    const changes = { evaluateEvery: 3 };
    const { platform } = await train(memoryPlatform(), { stages: (settings) => [pass, learning(settings)], changes });
    const scored = (await readMetrics(platform, "run")).filter(isEvaluation).map(({ step }) => step);
    expect(scored).toEqual([4]);
  });

  describe("begun from another run", () => {
    const earlier = (weights: Named<NdArray>): Trained[] => [{ weights, stage: "x", recipe, source: "before" }];
    const body = { "body.weight": float32([4, 3], new Float32Array(12)), "body.bias": float32([4], [1, 2, 3, 4]) };

    test("takes its weights, and says what starts anew", async () => {
      const { notes, platform } = await train(memoryPlatform(), {
        from: earlier(body),
        stages: (settings) => [learning({ ...settings, learningRate: 0, weightDecay: 0 })],
      });
      expect(notes).toEqual(["learn: guess with first values"]);
      const { tensors } = (await latestCheckpoint(platform, "run", () => {}))!;
      expect(toNumbers(tensors.weights["body.bias"])).toEqual([1, 2, 3, 4]);
      expect(toNumbers(tensors.weights["guess.weight"]).some((value) => value !== 0)).toBe(true);
    });

    test("refuses half a part", async () => {
      const refused = train(memoryPlatform(), { from: earlier({ "body.bias": body["body.bias"] }) });
      await expect(refused).rejects.toThrow("before: expected all weights of body, got none called body.weight");
      await expect(refused).rejects.toThrow(InputError);
    });

    test("is not begun from it again once it is resumed", async () => {
      const platform = memoryPlatform();
      await expect(train(platform, { from: earlier(body), stopAt: 2 })).rejects.toThrow(Interrupted);
      const whole = await train(memoryPlatform(), { from: earlier(body) });
      await train(platform, { from: earlier({ ...body, "body.bias": float32([4], [9, 9, 9, 9]) }) });
      expect(outcome(platform)).toEqual(outcome(whole.platform));
    });
  });
});
