import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32, type Named, type NdArray } from "../array/ndarray.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Sample } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { onesInitializer } from "../graph/initializer.ts";
import type { Trial } from "../methods/stage.ts";
import { mul } from "../ops/index.ts";
import type { Engine } from "../runtime/engine.ts";
import { openLocalEngine } from "../runtime/local-engine.ts";
import { nodeBackend } from "../runtime/node.ts";
import { runTrial, type TrialOptions } from "./trial.ts";

/** Samples whose first byte is their index; `bad` ones cannot be read. */
function dataset(size: number, bad: readonly number[] = []): Dataset {
  const ids = Array.from({ length: size }, (_, index) => `id${index}`);
  return {
    ...{ name: "set", split: "val", classes: [], kinds: ["mask"], ids, valueMap: {}, source: (index) => ids[index] },
    async read(index) {
      if (bad.includes(index)) throw new InputError(`${ids[index]}: expected a picture, got none. Restore it.`);
      return {
        id: ids[index],
        source: ids[index],
        image: { width: 1, height: 1, data: Uint8Array.of(index, 0, 0) },
        labels: {},
      };
    },
  };
}

/** Judges a weight: each sample's index times it. Odd samples have nothing to be judged by if `even`. */
function trialOf({ images = 200, even = false, shown = true } = {}): Trial {
  return {
    ...{ name: "times", images },
    prepare({ image: { data } }, random) {
      if (even && data[0] % 2 === 1) return null;
      return { x: float32([2], [data[0], random.uniform()]) };
    },
    outputs: (scope, { x }) => ({ y: mul(x, scope.parameter("w", [1], onesInitializer)) }),
    scores: (results: readonly Named<NdArray>[]) =>
      Object.entries({
        count: results.length,
        sum: results.reduce((total, { y }) => total + Number(y.data[0]), 0),
        noise: results.reduce((total, { y }) => total + Number(y.data[1]), 0),
      }).map(([name, value]) => ({ name, value, unit: "plain" })),
    ...(shown && {
      pictures: ({ y }: Named<NdArray>) =>
        ["same", "other"].map((name) => ({
          ...{ name, caption: String(y.data[0]), changes: name === "other" },
          image: { width: 1, height: 1, data: new Uint8Array(3) },
        })),
    }),
  };
}

describe("a trial", () => {
  let engine: Engine;
  let loaded = 0;
  beforeAll(async () => {
    const local = await openLocalEngine(nodeBackend, { threads: 1 });
    engine = {
      ...local,
      async load(...options) {
        const program = await local.load(...options);
        loaded++;
        return { ...program, run: program.run, release: () => program.release().finally(() => void loaded--) };
      },
    };
  });
  afterAll(() => engine.close());

  async function run(trial: Trial, changes: Partial<TrialOptions> = {}) {
    const result = await runTrial(trial, {
      ...{ engine, dataset: dataset(5), seed: 3, onBadImage: "fail" },
      ...{ weights: { w: float32([1], [10]), more: float32([1], [0]) }, ...changes },
    });
    expect(loaded).toBe(0);
    const scores = Object.fromEntries((result?.measures ?? []).map(({ name, value }) => [name, value]));
    return { result, scores };
  }

  test("scores all samples with the weights that it is given", async () => {
    expect((await run(trialOf())).scores).toMatchObject({ count: 5, sum: 100 });
  });

  test("draws the same numbers each time, and others for another seed", async () => {
    const [one, again, other] = [await run(trialOf()), await run(trialOf()), await run(trialOf(), { seed: 4 })];
    expect(one.scores.noise).toBeGreaterThan(0);
    expect([again.scores, other.scores.noise === one.scores.noise]).toEqual([one.scores, false]);
  });

  test("takes no more samples than it wants, spread over the data set", async () => {
    const { scores } = await run(trialOf({ images: 4 }), { dataset: dataset(40) });
    expect(scores).toMatchObject({ count: 4, sum: 10 * (0 + 10 + 20 + 30) });
  });

  test("leaves out samples that it cannot judge", async () => {
    expect((await run(trialOf({ even: true }))).scores).toMatchObject({ count: 3, sum: 10 * (0 + 2 + 4) });
  });

  test("of nothing that it can judge has no result", async () => {
    expect((await run(trialOf({ even: true }), { dataset: dataset(0) })).result).toBeNull();
  });

  test("shows pictures of three samples, or as many as are asked for", async () => {
    const { result } = await run(trialOf(), { dataset: dataset(9) });
    expect(result!.pictures.map(({ sample }) => sample)).toEqual(["id0", "id3", "id6"]);
    const shown = result!.pictures[1].pictures.map(({ name, caption, changes }) => [name, caption, changes]);
    expect(shown).toEqual([
      ["same", "30", false],
      ["other", "30", true],
    ]);
    expect((await run(trialOf(), { dataset: dataset(9), pictured: 9 })).result!.pictures).toHaveLength(9);
  });

  test("without pictures shows none", async () => {
    expect((await run(trialOf({ shown: false }))).result!.pictures).toEqual([]);
  });

  describe("where a sample cannot be read", () => {
    test("fails with its message", async () => {
      await expect(run(trialOf(), { dataset: dataset(5, [2]) })).rejects.toThrow("id2: expected a picture, got none");
      expect(loaded).toBe(0);
    });

    test("or goes on without it, if it is to be skipped", async () => {
      const { scores } = await run(trialOf(), { dataset: dataset(5, [0, 2]), onBadImage: "skip" });
      expect(scores).toMatchObject({ count: 3, sum: 10 * (1 + 3 + 4) });
    });
  });

  test("runs samples of several shapes, each with a program of its own", async () => {
    const wide = {
      ...trialOf({ shown: false }),
      prepare: ({ image }: Sample) => ({
        x: float32([2 + image.data[0]], new Float32Array(2 + image.data[0]).fill(1)),
      }),
    };
    expect((await run(wide)).scores).toMatchObject({ count: 5, sum: 50 });
  });

  test("needs every weight that it declares", async () => {
    await expect(run(trialOf(), { weights: {} })).rejects.toThrow("trial times: expected the weight w, got none.");
  });
});
