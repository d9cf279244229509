/** Training on captions: what a sample becomes, what is lowered, and that small batches make the step of a large one. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkEngine, checkImage } from "../../../test/support/check-model.ts";
import { stageBatch } from "../../../test/support/stage-batch.ts";
import { type Named, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import type { Sample } from "../../data/sample.ts";
import type { Engine } from "../../runtime/engine.ts";
import { clipTokenizer } from "../../text/clip-tokenizer.ts";
import { buildStageStep } from "../../training/stage-step.ts";
import { type GroupViTRecipe, recipes } from "./recipe.ts";
import { captionStage } from "./stage.ts";

const tiny = recipes["groupvit-tiny"];

const captions = [
  "A brown dog sleeps on the sofa.",
  "Two people ride bicycles along the road.",
  "A lamp beside a window",
  "Red boats in a harbour at night",
];

const sampleOf = (index: number, texts: readonly string[] = [captions[index % captions.length]]): Sample => ({
  ...{ id: `${index}`, source: `${index}.jpg`, image: checkImage(60 + index, 48, index) },
  labels: { captions: texts },
});

function batchOf(recipe: GroupViTRecipe, indices: readonly number[]): Promise<Named<NdArray>> {
  const samples = indices.map((index) => [sampleOf(index), new Random("sample", index)] as const);
  return stageBatch(captionStage(recipe), samples);
}

describe("what training is given of a sample", () => {
  const prepare = (sample: Sample, recipe: GroupViTRecipe = tiny, seed = 0) =>
    captionStage(recipe).prepare(sample, new Random(seed));
  const textsOf = async (ids: NdArray) => {
    const { decode, start, end } = await clipTokenizer();
    const [rows, places] = ids.shape;
    return Array.from({ length: rows }, (_, row) => {
      const all = toNumbers(ids).slice(row * places, (row + 1) * places);
      return decode(all.filter((id) => id !== 0 && id !== start && id !== end)).trim();
    });
  };

  test("is a view of the photograph, its caption and prompts of the caption's words", async () => {
    const { image, ids } = await prepare(sampleOf(0));
    expect([image.dtype, image.shape, ids.dtype, ids.shape]).toEqual(["uint8", [32, 32, 3], "int64", [3, 24]]);
    const [caption, ...prompts] = await textsOf(ids);
    expect(caption).toBe("a brown dog sleeps on the sofa .");
    expect(prompts).toHaveLength(2);
    for (const prompt of prompts) expect(prompt).toMatch(/\b(?:dog|sleeps|sofa)\b/);
    expect(prompts.every((prompt) => prompt !== caption)).toBe(true);
  });

  test("is the same for the same numbers, and draws among captions, words and views for others", async () => {
    const sample = sampleOf(0, captions);
    const all = await Promise.all([0, 0, 1, 2, 3, 4, 5].map((seed) => prepare(sample, tiny, seed)));
    expect(all[0]).toEqual(all[1]);
    expect(new Set(await Promise.all(all.map(async ({ ids }) => (await textsOf(ids))[0]))).size).toBeGreaterThan(2);
    expect(new Set(all.map(({ image }) => String(image.data))).size).toBe(6);
  });

  test("takes tags that a caption brings, and leaves them out of the text", async () => {
    const { ids } = await prepare(sampleOf(0, ["A/DT zorp/NN flies/VBZ ./."]));
    const [caption, ...prompts] = await textsOf(ids);
    expect(caption).toBe("a zorp flies .");
    for (const prompt of prompts) expect(prompt).toMatch(/zorp|flies/);
  });

  test("is the caption again where words are lacking, and nothing but it without prompts", async () => {
    const texts = await textsOf((await prepare(sampleOf(0, ["of the"]))).ids);
    expect(texts).toEqual(["of the", "of the", "of the"]);
    expect((await prepare(sampleOf(0), { ...tiny, prompts: 0 })).ids.shape).toEqual([1, 24]);
  });

  test("may take prompts of all captions, and says which words they are of and which are known", async () => {
    const recipe = { ...tiny, prompts: 4, promptSource: "photograph", promptMatches: "same-word" } as const;
    const [one, other] = await Promise.all(
      ["A DOG sleeps.", "A sofa."].map((text) => prepare(sampleOf(0, [text, "One dog and a lamp."]), recipe)),
    );
    const known = ({ knownWords }: Named<NdArray>) => new Set(toNumbers(knownWords).filter((code) => code !== -2));
    const drawn = toNumbers(one.promptWords);
    expect([known(one).size, drawn.length]).toEqual([3, 4]); // dog, sleeps, lamp; of one word in two cases
    for (const code of drawn) expect(code === -1 || known(one).has(code)).toBe(true);
    expect([...known(one)].filter((code) => known(other).has(code))).toHaveLength(2);
  });

  test("makes no prompt of stop words, in any case", async () => {
    const sample = sampleOf(0, ["A view with a sofa in the Middle."]);
    const promptsWithout = async (promptStopWords: readonly string[]) => {
      const [caption, ...prompts] = await textsOf(
        (await prepare(sample, { ...tiny, prompts: 3, promptStopWords })).ids,
      );
      return prompts.filter((text) => text !== caption); // what is lacking is the caption itself
    };
    expect(await promptsWithout([])).toHaveLength(3);
    const [only, ...others] = await promptsWithout(["view", "middle"]);
    expect(only).toMatch(/sofa/);
    expect(others).toEqual([]);
  });

  test("is refused without a caption, and for a vocabulary that has not these words", async () => {
    await expect(prepare(sampleOf(3, []))).rejects.toThrow("3.jpg: expected a caption, got none.");
    await expect(prepare(sampleOf(3), { ...tiny, textVocabulary: 96 })).rejects.toThrow(
      "groupvit: expected a text encoder with CLIP's vocabulary of 49408 symbols, got one with 96.",
    );
  });
});

describe("a step", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await checkEngine();
  });
  afterAll(() => engine.close());

  /** Plain descent, so that weights change by their gradients; nothing is drawn. */
  const still: GroupViTRecipe = {
    ...{ ...tiny, assignment: "soft", dropPath: 0, optimizer: "sgd", momentum: 0, weightDecay: 0, clipNorm: 0 },
    ...{ schedule: "constant", warmupSteps: 0, learningRate: 1e-3 },
  };

  async function stepOf(recipe: GroupViTRecipe, groups: readonly (readonly number[])[]) {
    const step = await buildStageStep(captionStage(recipe), engine);
    await step.initialize(3);
    const names = [...step.model.parameters.keys()];
    const first = await engine.get(names);
    const batches = await Promise.all(groups.map((indices) => batchOf(recipe, indices)));
    const result = await step.run(batches, { step: 0, seed: 3 });
    const last = await engine.get(names);
    await step.release();
    await engine.drop(step.variables.map(({ name }) => name));
    const change = (name: string) => {
      const before = toNumbers(first[name]);
      return toNumbers(last[name]).map((value, i) => value - before[i]);
    };
    return { result, changes: Object.fromEntries(names.map((name) => [name, change(name)])) };
  }

  test.each([
    ["with a temperature of its own", {}],
    ["without prompts", { prompts: 0 }],
  ] as const)("of small batches is that of the large one, its norms included: %s", async (_, changes) => {
    const [few, many] = [4, 12];
    const all = Array.from({ length: many }, (_each, i) => i);
    const groups = [0, 1, 2].map((part) => all.slice(part * few, (part + 1) * few));
    const parts = await stepOf({ ...still, ...changes, batchSize: few, accumulate: 3 }, groups);
    const whole = await stepOf({ ...still, ...changes, batchSize: many }, [all]);
    expect(parts.result.total).toBeCloseTo(whole.result.total, 4);
    for (const [name, value] of Object.entries(whole.result.watched)) {
      expect(parts.result.watched[name]).toBeCloseTo(value, 5);
    }
    expect(parts.result.gradientNorm / whole.result.gradientNorm).toBeCloseTo(1, 3);
    // Weights by their gradients, averages of the norms by what they saw.
    const most = (values: readonly number[]) => values.reduce((sum, value) => Math.max(sum, Math.abs(value)), 0);
    for (const [name, wanted] of Object.entries(whole.changes)) {
      const off = most(parts.changes[name].map((value, i) => value - wanted[i]));
      expect(off, name).toBeLessThan(5e-3 * most(wanted) + 3e-6);
    }
  });

  test("watches the temperatures and how many captions are found", async () => {
    const { result } = await stepOf({ ...tiny, batchSize: 4 }, [[0, 1, 2, 3]]);
    expect(Object.keys(result.terms)).toEqual(["contrastive", "multiLabel"]);
    expect(result.watched.temperature).toBeCloseTo(0.07, 4);
    expect(result.watched.multiLabelTemperature).toBeCloseTo(0.07, 4);
    expect([0, 0.25, 0.5, 0.75, 1]).toContain(result.watched.rightPairs);
    const shared = await stepOf({ ...tiny, batchSize: 4, sharedTemperature: true }, [[0, 1, 2, 3]]);
    expect(Object.keys(shared.result.watched)).toEqual(["temperature", "rightPairs"]);
  });
});

test("weights of another size are begun with at their positions, counters kept beside", () => {
  const stage = captionStage({ ...tiny, imageSize: 64, cropHeight: 64, cropWidth: 64 });
  const positions = { dtype: "float32" as const, shape: [1, 16, 32], data: new Float32Array(512).fill(0.5) };
  const counter = { dtype: "int64" as const, shape: [], data: new BigInt64Array([7n]) };
  const begun = stage.begin!({
    ...{ stage: "train", recipe: tiny, source: "before" },
    weights: { "image.positions": positions, "imageProjection.norm.num_batches_tracked": counter },
  });
  expect(begun.weights["image.positions"].shape).toEqual([1, 64, 32]);
  expect([Object.keys(begun.weights), Object.keys(begun.kept ?? {})]).toEqual([
    ["image.positions"],
    ["imageProjection.norm.num_batches_tracked"],
  ]);
});
