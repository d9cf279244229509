import { afterAll, beforeAll, expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { float32 } from "../array/ndarray.ts";
import type { Dataset } from "../data/dataset.ts";
import { onesInitializer } from "../graph/initializer.ts";
import type { Stage, Trial } from "../methods/method.ts";
import { recipes } from "../methods/transunet/recipe.ts";
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
async function judged(scores: ReturnType<Trial["scores"]>, { readable = true } = {}) {
  const trial: Trial = {
    ...{ unit: "share", images: 2, scores: () => scores },
    inputs: () => ({ x: { dtype: "float32", shape: [1, 1] } }),
    prepare: () => (readable ? { x: float32([1], [1]) } : null),
    outputs: (scope, { x }) => ({ y: mul(x, scope.parameter("w", [1], onesInitializer)) }),
  };
  const validation: Dataset = {
    ...{ name: "photos", split: "val", classes: [], kinds: ["mask"], ids: ["a"], valueMap: {}, source: () => "a" },
    read: async () => ({ id: "a", source: "a", image: { width: 1, height: 1, data: new Uint8Array(3) }, labels: {} }),
  };
  const notes: string[] = [];
  const result = await judge({
    ...{ platform: memoryPlatform(), engine, folder: "run", step: 7, validation, training: () => validation },
    planned: {
      stage: { name: "encoder", learnsFrom: ["mask"], whole: false, trial } as unknown as Stage,
      recipe: recipes["transunet-tiny"],
    },
    run: { record: { classes: [], frequencies: [], shortSide: 0 } } as unknown as Run,
    weights: { w: float32([1], [1]) },
    onNote: (line) => void notes.push(line),
  });
  return { result, notes };
}

const note =
  "photos: nothing in split val can be scored for stage encoder, so step 7 has no score. See: tessera inspect";

test("scores are given without a word, also where some are over nothing", async () => {
  const scores = { "mean average precision": 0, other: null };
  expect(await judged(scores)).toEqual({ result: { unit: "share", scores }, notes: [] });
});

test("scores that are all over nothing stay null, and it is said", async () => {
  const scores = { "mean average precision": null };
  expect(await judged(scores)).toEqual({ result: { unit: "share", scores }, notes: [note] });
});

test("nothing to judge by is no score, and it is said", async () => {
  expect(await judged({}, { readable: false })).toEqual({ result: null, notes: [note] });
});
