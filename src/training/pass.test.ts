import { beforeEach, expect, test } from "vitest";
import { type MemoryPlatform, memoryPlatform } from "../../test/support/memory-platform.ts";
import { float32, toNumbers } from "../array/ndarray.ts";
import type { Dataset } from "../data/dataset.ts";
import { InputError, Interrupted } from "../errors.ts";
import type { Pass } from "../methods/stage.ts";
import { removeStageLabels, withStageLabels } from "../runs/stage-labels.ts";
import type { Engine } from "../runtime/engine.ts";
import { readNpy } from "../weights/npy.ts";
import { type PassOptions, requireSeveralClasses, runPass } from "./pass.ts";

const ids = ["a", "b", "c", "d"];
const pixel = { width: 1, height: 1, data: new Uint8Array(3) };
const dataset: Dataset = {
  ...{ name: "own", split: "train", classes: [], kinds: [], ids, valueMap: {}, source: (at) => ids[at] },
  read: async (at) => ({ id: ids[at], source: ids[at], image: pixel, labels: {} }),
};
const classes = ids.map((name) => ({ name, color: [0, 0, 0] as const }));

let platform: MemoryPlatform;
let visited: string[];

beforeEach(() => {
  platform = memoryPlatform();
  visited = [];
});

/** Each sample is tagged by its place, and counted in the decimal place of it: 1, 10, 100 … */
const stage: Pass = {
  ...{ kind: "pass", name: "p", learnsFrom: [], writes: ["tags"], outputs: () => ({}) },
  async visit({ id }) {
    visited.push(id);
    const at = ids.indexOf(id);
    return { labels: { tags: [at] }, sums: { count: float32([], [10 ** at]) } };
  },
  weights: ({ count }) => ({ w: float32([], toNumbers(count)) }),
};

/** Stops after `stopAt` samples. */
function pass(stopAt = 0, options: Partial<PassOptions> = {}) {
  const stop = new AbortController();
  return runPass({
    ...{ platform, engine: {} as Engine, folder: "run", stage, weights: {}, dataset, classes, signal: stop.signal },
    ...options,
    onProgress: (done) => void (done === stopAt && stop.abort()),
  });
}

const countOf = async (result: ReturnType<typeof pass>) => toNumbers((await result).weights.w);

test("a pass that is stopped and resumed counts every sample once", async () => {
  await expect(pass(3)).rejects.toThrow(Interrupted);
  // Stopped again among those that are counted already.
  await expect(pass(1)).rejects.toThrow(Interrupted);
  await expect(pass(2)).rejects.toThrow(Interrupted);
  expect([await countOf(pass()), visited]).toEqual([[1111], ids]);
});

test("labels that were lost meanwhile are made again, and counted no more", async () => {
  await expect(pass(3)).rejects.toThrow(Interrupted);
  await platform.remove("run/labels/p/b.json");
  expect([await countOf(pass()), visited]).toEqual([[1111], ["a", "b", "c", "b", "d"]]);
  const joined = await withStageLabels(platform, "run/labels/p", ["tags"], dataset, ["tags"]);
  const tags = await Promise.all(ids.map(async (_, at) => (await joined.read(at)).labels.tags));
  expect(tags).toEqual([[0], [1], [2], [3]]);
});

test("damaged labels can be deleted while the pass goes on, and afterwards no more", async () => {
  await expect(pass(3)).rejects.toThrow(Interrupted);
  for (const text of ["{", "{}"]) {
    await platform.writeFile("run/labels/p/b.json", text);
    await expect(pass()).rejects.toThrow(/b\.json: expected labels .* Delete it and train on\.$/);
  }
  await platform.remove("run/labels/p/b.json");
  expect(await countOf(pass())).toEqual([1111]);
  const joined = await withStageLabels(platform, "run/labels/p", ["tags"], dataset, ["tags"]);
  await platform.writeFile("run/labels/p/b.json", "{");
  await expect(joined.read(1)).rejects.toThrow(/a damaged file\. Restore it, or train the run anew\.$/);
  await platform.remove("run/labels/p/b.json");
  await expect(joined.read(1)).rejects.toThrow(/no such file\. Restore it, or train the run anew\.$/);
});

test("a bad image may be skipped, and what the method makes of a good one may not", async () => {
  const damaged: Dataset = {
    ...dataset,
    read: (at) => (at === 1 ? Promise.reject(new InputError("b: damaged.")) : dataset.read(at)),
  };
  const { skipped, weights } = await pass(0, { dataset: damaged, onBadImage: "skip" });
  expect([skipped, toNumbers(weights.w)]).toEqual([["b: damaged."], [1101]]);
  const visit = () => Promise.reject(new InputError("stage p: expected sense. Correct the method."));
  const faulty = pass(0, { stage: { ...stage, name: "q", visit }, onBadImage: "skip" });
  await expect(faulty).rejects.toThrow("Correct the method.");
});

test.each([null, undefined, 3])("a visit that gives %o is told as the method's mistake", async (given) => {
  const visit = () => Promise.resolve(given as never);
  await expect(pass(0, { stage: { ...stage, visit } })).rejects.toThrow(
    `stage p, sample a: expected { labels, sums } of visit, got ${given}. Correct the method.`,
  );
});

test("nothing that a pass wrote is left where it is removed", async () => {
  await pass();
  expect(platform.files.size).toBeGreaterThan(0);
  await removeStageLabels(platform, "run/labels/p");
  expect([...platform.files.keys()]).toEqual([]);
});

test("scores are of the sums over all samples, stopped or not, and pictures of some that are spread over them", async () => {
  const picture = { name: "p", image: pixel, changes: true, caption: "" };
  const judged: Pass = {
    ...stage,
    scores: ({ count }) => [{ name: "count", value: toNumbers(count)[0], unit: "plain" }],
    pictures: async () => [picture],
  };
  const { weights: _, ...alone } = judged;
  for (const each of [judged, alone]) {
    platform = memoryPlatform();
    await expect(pass(2, { stage: each })).rejects.toThrow(Interrupted);
    const { measures, pictures } = await pass(0, { stage: each });
    expect(measures).toEqual([{ name: "count", value: 1111, unit: "plain" }]);
    expect(pictures).toEqual(ids.map((sample) => ({ sample, pictures: [picture] })));
  }
});

test("maps are kept beside the labels: bytes as grey pictures, arrays as NumPy's files", async () => {
  const maps = { a_cat: { width: 1, height: 1, data: Uint8Array.of(9) }, a_raw: float32([1, 1], [0.5]) };
  const keeping: Pass = {
    ...stage,
    visit: async () => ({ labels: { tags: [0] }, sums: { count: float32([], [1]) }, maps }),
  };
  platform = { ...platform, encodeIndexedPng: async ({ data }) => Uint8Array.from(data) };
  await pass(0, { stage: keeping });
  expect(await platform.list("run/maps/p")).toEqual(["a_cat.png", "a_raw.npy"]);
  expect(readNpy(await platform.readFile("run/maps/p/a_raw.npy"))).toEqual(maps.a_raw);
  const wrong = { a: { width: 2, height: 1, data: Uint8Array.of(9) } };
  const broken: Pass = { ...keeping, visit: async () => ({ labels: { tags: [0] }, maps: wrong }) };
  await expect(pass(0, { stage: broken, folder: "other" })).rejects.toThrow(
    /expected maps of bytes or arrays.* as a\./,
  );
});

test("masks that a pass wrote are nothing to learn from where they show one class", async () => {
  const masked = (values: readonly number[]): Dataset => ({
    ...{ ...dataset, classes, kinds: ["mask"] },
    read: async (at) => {
      const mask = { width: 1, height: 1, data: Uint8Array.of(values[at]) };
      return { id: ids[at], source: ids[at], image: pixel, labels: { mask } };
    },
  });
  await expect(requireSeveralClasses(masked([1, 1, 255, 1]), "p", "run")).rejects.toThrow(
    'run: expected pixels of two classes or more in the masks that stage p wrote, got "b" alone.',
  );
  await expect(requireSeveralClasses(masked([1, 1, 255, 0]), "p", "run")).resolves.toBeUndefined();
});
