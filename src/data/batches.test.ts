import { expect, test, vi } from "vitest";
import { fromNumbers } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { type BatchOptions, batches } from "./batches.ts";
import type { Dataset } from "./dataset.ts";

interface Fake extends Dataset {
  reads: number;
  /** Most samples that were being read at one moment. */
  busiest: number;
}

/** Samples of one pixel that hold their index; those in `bad` cannot be read. */
function fake(count: number, bad: readonly number[] = []): Fake {
  let running = 0;
  const dataset: Fake = {
    ...{ name: "fake", split: "train", classes: [], kinds: ["mask"], valueMap: {}, reads: 0, busiest: 0 },
    ids: Array.from({ length: count }, (_, i) => `s${i}`),
    source: (index) => `s${index}.jpg`,
    async read(index) {
      dataset.reads++;
      dataset.busiest = Math.max(dataset.busiest, ++running);
      await new Promise((resolve) => setTimeout(resolve, (index * 7) % 5)); // some take longer
      running--;
      if (bad.includes(index)) throw new InputError(`s${index}.jpg: expected an image, got none. Add it.`);
      const image = { width: 1, height: 1, data: Uint8Array.of(index, 0, 0) };
      return { id: `s${index}`, source: `s${index}.jpg`, image, labels: {} };
    },
  };
  return dataset;
}

const options: BatchOptions = {
  ...{ batchSize: 3, seed: 5, toStep: 8 },
  prepare: ({ image }, random) => ({
    index: fromNumbers("int64", [], [image.data[0]]),
    noise: fromNumbers("float32", [2], [random.uniform(), random.uniform()]),
  }),
};

async function collect(dataset: Dataset, more: Partial<BatchOptions> = {}) {
  const result = [];
  for await (const batch of batches(dataset, { ...options, ...more })) result.push(batch);
  return result;
}

test("batches have their steps, ids, sources and stacked arrays", async () => {
  const [first, ...others] = await collect(fake(10));
  expect([first.step, others.length, first.arrays.index.shape, first.arrays.noise.shape]).toEqual([0, 7, [3], [3, 2]]);
  expect(first.ids).toEqual([...(first.arrays.index.data as BigInt64Array)].map((index) => `s${index}`));
  expect(first.sources).toEqual(first.ids.map((id) => `${id}.jpg`));
});

test("the same seed gives the same batches, whatever the timing", async () => {
  expect(await collect(fake(10), { prefetch: 0, decoders: 1, cacheBytes: 0 })).toEqual(await collect(fake(10)));
});

test("unshuffled samples come as the data set has them, epoch after epoch, from any step on", async () => {
  const ids = async (more: Partial<BatchOptions>) =>
    (await collect(fake(4), { shuffle: false, toStep: 3, ...more })).flatMap((batch) => batch.ids).join(" ");
  expect(await ids({})).toBe("s0 s1 s2 s3 s0 s1 s2 s3 s0");
  expect(await ids({ fromStep: 1 })).toBe("s3 s0 s1 s2 s3 s0");
});

test("another seed gives another order", async () => {
  const ids = async (seed: number) => (await collect(fake(10), { seed })).flatMap((batch) => batch.ids);
  expect(await ids(5)).not.toEqual(await ids(6));
});

test("a run resumed at a step goes on as an unbroken one", async () => {
  expect(await collect(fake(10), { fromStep: 5 })).toEqual((await collect(fake(10))).slice(5));
});

test("every epoch shows every sample once, in another order", async () => {
  const ids = (await collect(fake(12))).flatMap((batch) => batch.ids);
  const [first, second] = [ids.slice(0, 12), ids.slice(12, 24)];
  expect([new Set(first).size, new Set(second).size, String(first) === String(second)]).toEqual([12, 12, false]);
});

test("a batch larger than the data set shows samples again", async () => {
  const [first] = await collect(fake(2), { batchSize: 5 });
  expect([first.ids.length, new Set(first.ids).size]).toEqual([5, 2]);
});

test("small samples are decoded once", async () => {
  const dataset = fake(12);
  await collect(dataset, { toStep: 4 });
  expect(dataset.reads).toBe(12);
  const more = fake(12);
  await collect(more, { toStep: 40, prefetch: 0 });
  expect(more.reads).toBe(12);
});

test("without a cache each use is decoded anew", async () => {
  const dataset = fake(12);
  await collect(dataset, { toStep: 8, cacheBytes: 0 });
  expect(dataset.reads).toBe(24);
});

test("not more samples are decoded at once than allowed, nor further ahead", async () => {
  const dataset = fake(100);
  const iterator = batches(dataset, { ...options, toStep: 100, decoders: 2, prefetch: 2 })[Symbol.asyncIterator]();
  await iterator.next();
  await vi.waitUntil(() => dataset.reads >= 9, { timeout: 60_000 });
  await new Promise((resolve) => setTimeout(resolve, 80)); // would show that more are read
  expect([dataset.busiest, dataset.reads]).toEqual([2, 9]); // one batch in use, two ready
  await iterator.return?.();
});

test("a bad sample stops the run at its step, naming the file", async () => {
  const seen: number[] = [];
  const run = async () => {
    for await (const batch of batches(fake(10, [4]), options)) seen.push(batch.step);
  };
  await expect(run()).rejects.toThrow("s4.jpg: expected an image, got none. Add it.");
  const place = (await collect(fake(10))).findIndex((batch) => batch.ids.includes("s4"));
  expect(seen).toEqual(Array.from({ length: place }, (_, i) => i));
});

test("a skipped sample is replaced by the next good one, always the same, and listed once", async () => {
  const run = async (more: Partial<BatchOptions>) => {
    const all = batches(fake(10, [4, 7]), { ...options, onBadImage: "skip", skipBudget: 2, ...more });
    const ids: string[] = [];
    for await (const batch of all) ids.push(...batch.ids);
    return { ids, skipped: all.skipped };
  };
  const [quick, slow] = [await run({}), await run({ prefetch: 0, decoders: 1 })];
  expect(quick).toEqual(slow);
  expect([quick.ids.includes("s4"), quick.ids.length, quick.skipped.length]).toEqual([false, 24, 2]);
});

test("more bad samples than the budget stop the run", async () => {
  await expect(collect(fake(10, [1, 4, 7]), { onBadImage: "skip", skipBudget: 2 })).rejects.toThrow(
    /^fake: expected at most 2 unreadable samples, got 3, the last: s\d\.jpg: /,
  );
});

test("files left out when the data set was opened are listed as skipped", () => {
  expect(batches({ ...fake(3), leftOut: ["x.jpg: no mask."] }, options).skipped).toEqual(["x.jpg: no mask."]);
});

test("errors that are not about input are never skipped", async () => {
  const broken = { ...fake(3), read: () => Promise.reject(new TypeError("a bug")) };
  await expect(collect(broken, { onBadImage: "skip", skipBudget: 9 })).rejects.toThrow(TypeError);
});

test("an empty data set is refused", () => {
  expect(() => batches(fake(0), options)).toThrow("fake: expected samples in train, got none. Add images");
});

test("arrays of different shapes are refused by name", async () => {
  const prepare: BatchOptions["prepare"] = ({ image }) => {
    const size = 1 + (image.data[0] % 2);
    return { mask: fromNumbers("uint8", [size], new Array<number>(size).fill(0)) };
  };
  await expect(collect(fake(10), { prepare })).rejects.toThrow(/batch: "mask" must be uint8 \[\d\] for each sample/);
});
