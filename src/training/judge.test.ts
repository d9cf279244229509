import { afterAll, beforeAll, expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { float32 } from "../array/ndarray.ts";
import type { Dataset } from "../data/dataset.ts";
import { onesInitializer } from "../graph/initializer.ts";
import type { TrainingStage, Trial } from "../methods/stage.ts";
import { transunet } from "../methods/transunet/index.ts";
import { recipes } from "../methods/transunet/recipe.ts";
import type { Measure } from "../metrics/measure.ts";
import { mul } from "../ops/index.ts";
import type { Run } from "../runs/run.ts";
import type { Engine } from "../runtime/engine.ts";
import { openLocalEngine } from "../runtime/local-engine.ts";
import { nodeBackend } from "../runtime/node.ts";
import { judge } from "./judge.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openLocalEngine(nodeBackend, { threads: 1 });
});
afterAll(() => engine.close());

/** What a stage's trial came to, and what was said of it. */
async function judged(measures: readonly Measure[], { readable = true } = {}) {
  const trial: Trial = {
    ...{ name: "look", images: 2, scores: () => measures },
    prepare: () => (readable ? { x: float32([1], [1]) } : null),
    outputs: (scope, { x }) => ({ y: mul(x, scope.parameter("w", [1], onesInitializer)) }),
    pictures: () =>
      ["same", "other"].map((name) => ({
        ...{ name, caption: "1 dB", changes: name === "other" },
        image: { width: 1, height: 1, data: new Uint8Array(3) },
      })),
  };
  const validation: Dataset = {
    ...{ name: "photos", split: "val", classes: [], kinds: ["mask"], ids: ["a"], valueMap: {}, source: () => "a" },
    read: async () => ({ id: "a", source: "a", image: { width: 1, height: 1, data: new Uint8Array(3) }, labels: {} }),
  };
  const stage = { name: "encoder", learnsFrom: ["mask"], settings: recipes["transunet-tiny"], trials: [trial] };
  const notes: string[] = [];
  const platform = { ...memoryPlatform(), encodeImage: async () => Uint8Array.of(1) };
  const result = await judge({
    ...{ platform, engine, folder: "run", step: 7, validation, training: () => validation },
    stage: stage as unknown as TrainingStage,
    run: {
      ...{ method: transunet, recipe: recipes["transunet-tiny"] },
      record: { classes: [], frequencies: [], shortSide: 0, window: [64, 64] },
    } as unknown as Run,
    weights: { w: float32([1], [1]) },
    onNote: (line) => void notes.push(line),
  });
  return { result, notes, files: [...platform.files.keys()].sort() };
}

const note =
  "photos: nothing in split val can be scored for stage encoder, so step 7 has no score. See: tessera inspect";
const share = (name: string, value: number | null): Measure => ({ name, value, unit: "share" });

test("scores are given without a word, also where some are over nothing; no checkpoint is best by them", async () => {
  const measures = [share("mean average precision", 0), share("other", null)];
  const { result, notes } = await judged(measures);
  expect([result?.measures, result?.score, notes]).toEqual([measures, null, []]);
});

test("scores that are all over nothing stay null, and it is said", async () => {
  const measures = [share("mean average precision", null)];
  const { result, notes } = await judged(measures);
  expect([result?.measures, notes]).toEqual([measures, [note]]);
});

test("nothing to judge by is no score, and it is said", async () => {
  const { result, notes, files } = await judged([], { readable: false });
  expect([result, notes, files]).toEqual([null, [note], []]);
});

test("pictures are kept; those that change have the step in their name", async () => {
  const { result, files } = await judged([share("x", 1)]);
  const expected = ["pictures/encoder/a/same.png", "pictures/encoder/a/other-00000007.png"];
  expect(result!.pictures!.map(({ file }) => file)).toEqual(expected);
  expect(files).toEqual(expected.map((file) => `run/${file}`).sort());
  expect(result!.pictures![0]).toEqual({ sample: "a", name: "same", file: expected[0], caption: "1 dB" });
});
