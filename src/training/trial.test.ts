import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { float32, type Named, type NdArray } from "../array/ndarray.ts";
import type { Dataset } from "../data/dataset.ts";
import { InputError } from "../errors.ts";
import { onesInitializer } from "../graph/initializer.ts";
import type { Stage, Trial } from "../methods/method.ts";
import { recipes } from "../methods/transunet/recipe.ts";
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
    ...{ unit: "share", images },
    inputs: () => ({ x: { dtype: "float32", shape: [1, 2] } }),
    prepare({ image: { data } }, _recipe, _task, random) {
      if (even && data[0] % 2 === 1) return null;
      return { x: float32([2], [data[0], random.uniform()]) };
    },
    outputs: (scope, { x }) => ({ y: mul(x, scope.parameter("w", [1], onesInitializer)) }),
    scores: (results: readonly Named<NdArray>[]) => ({
      count: results.length,
      sum: results.reduce((total, { y }) => total + Number(y.data[0]), 0),
      noise: results.reduce((total, { y }) => total + Number(y.data[1]), 0),
    }),
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
    const platform = { ...memoryPlatform(), encodeImage: async () => Uint8Array.of(1) };
    const recipe = recipes["transunet-tiny"];
    const result = await runTrial(trial, {
      ...{ platform, engine, planned: { stage: { name: "denoise" } as Stage, recipe }, dataset: dataset(5) },
      ...{ task: { classes: [], frequencies: [] }, weights: { w: float32([1], [10]), more: float32([1], [0]) } },
      ...{ folder: "run", step: 7, onBadImage: "fail", ...changes },
    });
    expect(loaded).toBe(0);
    return { result, files: [...platform.files.keys()].sort() };
  }

  test("scores all samples with the weights that it is given", async () => {
    const { result } = await run(trialOf());
    expect(result).toMatchObject({ unit: "share", scores: { count: 5, sum: 100 } });
  });

  test("draws the same numbers at every step", async () => {
    const [one, other] = [await run(trialOf()), await run(trialOf(), { step: 8 })];
    expect(one.result!.scores.noise).toBeGreaterThan(0);
    expect(other.result!.scores).toEqual(one.result!.scores);
  });

  test("takes no more samples than it wants, spread over the data set", async () => {
    const { result } = await run(trialOf({ images: 4 }), { dataset: dataset(40) });
    expect(result!.scores).toMatchObject({ count: 4, sum: 10 * (0 + 10 + 20 + 30) });
  });

  test("leaves out samples that it cannot judge", async () => {
    expect((await run(trialOf({ even: true }))).result!.scores).toMatchObject({ count: 3, sum: 10 * (0 + 2 + 4) });
  });

  test("of nothing that it can judge has no result", async () => {
    const { result, files } = await run(trialOf({ even: true }), { dataset: dataset(0) });
    expect([result, files]).toEqual([null, []]);
  });

  test("keeps pictures of three samples; those that change have the step in their name", async () => {
    const { result, files } = await run(trialOf(), { dataset: dataset(9) });
    const expected = ["id0", "id3", "id6"].flatMap((sample) => [
      `pictures/denoise/${sample}/same.png`,
      `pictures/denoise/${sample}/other-00000007.png`,
    ]);
    expect(result!.pictures!.map(({ file }) => file)).toEqual(expected);
    expect(files).toEqual(expected.map((file) => `run/${file}`).sort());
    expect(result!.pictures![2]).toMatchObject({ sample: "id3", name: "same", caption: "30" });
  });

  test("without pictures says nothing of them", async () => {
    const { result, files } = await run(trialOf({ shown: false }));
    expect(Object.keys(result!)).toEqual(["unit", "scores"]);
    expect(files).toEqual([]);
  });

  describe("where a sample cannot be read", () => {
    test("fails with its message", async () => {
      await expect(run(trialOf(), { dataset: dataset(5, [2]) })).rejects.toThrow("id2: expected a picture, got none");
      expect(loaded).toBe(0);
    });

    test("or goes on without it, if it is to be skipped", async () => {
      const { result } = await run(trialOf(), { dataset: dataset(5, [0, 2]), onBadImage: "skip" });
      expect(result!.scores).toMatchObject({ count: 3, sum: 10 * (1 + 3 + 4) });
    });
  });

  test("fails where its pictures cannot be written, also if samples are to be skipped", async () => {
    const full = () => Promise.reject(new InputError("run/a.png: expected room on the disk, got none. Make some."));
    const platform = { encodeImage: async () => new Uint8Array(1), writeFile: full };
    await expect(run(trialOf(), { platform, onBadImage: "skip" })).rejects.toThrow("expected room on the disk");
    expect(loaded).toBe(0);
  });

  test("needs every weight that it declares", async () => {
    await expect(run(trialOf(), { weights: {} })).rejects.toThrow("weight w is not among those of the stage");
  });
});
