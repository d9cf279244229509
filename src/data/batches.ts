/** Batches for training: shuffled, decoded beside the computing, and the same for the same seed and step. */

import { requireArrays } from "../array/check-arrays.ts";
import { allocate } from "../array/dtype.ts";
import { type Named, type NdArray, ndarray } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { sameShape, show, sizeOf } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { limited } from "./ahead.ts";
import { type Dataset, whereOf } from "./dataset.ts";
import type { Sample } from "./sample.ts";

export interface BatchOptions {
  readonly batchSize: number;
  readonly seed: number;
  /** False: samples in the order of the data set, epoch after epoch. Default true. */
  readonly shuffle?: boolean | undefined;
  /** First step to give; resuming at step n gives what an unbroken run would have had there. Default 0. */
  readonly fromStep?: number;
  /** Step at which to end (itself not given). Default: never. */
  readonly toStep?: number;
  /** Makes the arrays of one sample, without batch axis. Must not change the sample, which may be kept. */
  prepare(sample: Sample, random: Random): Named<NdArray> | Promise<Named<NdArray>>;
  /** Batches that are made ready while one is in use. Default 3. */
  readonly prefetch?: number;
  /** Samples that are decoded at the same time. Default 4. */
  readonly decoders?: number;
  /** What to do about a sample that cannot be read: stop (default), or take the next one instead and list it. */
  readonly onBadImage?: "fail" | "skip";
  /** Most samples that may be skipped; one more stops the run. Default: a tenth of the data set, at least 1. */
  readonly skipBudget?: number;
  /** Decoded samples are kept in memory until they fill this many bytes. Default 512 MB; 0 keeps none. */
  readonly cacheBytes?: number;
}

export interface Batch {
  readonly step: number;
  /** Sample ids and files, in the order of the batch axis. */
  readonly ids: readonly string[];
  readonly sources: readonly string[];
  /** By the names that `prepare` gives; the first axis is the batch. */
  readonly arrays: Named<NdArray>;
}

export interface Batches extends AsyncIterable<Batch, void, undefined> {
  /** One line for each sample that was left out or skipped so far, beginning with its file. */
  readonly skipped: readonly string[];
}

/**
 * Batches of `dataset`, one a step. Sample j of step t is at place t · batchSize + j of an endless row of shuffled
 * epochs (or of epochs as they are), and is prepared with `Random(seed, "sample", t, j)`: a batch depends on nothing but (seed, t). In place of a
 * bad sample comes the next good one of the same epoch.
 * Throws InputError when a sample cannot be read (or the budget is spent), at the step that needs it.
 */
export function batches(dataset: Dataset, options: BatchOptions): Batches {
  const { batchSize, seed, fromStep = 0, toStep = Number.POSITIVE_INFINITY, prefetch = 3, decoders = 4 } = options;
  if (dataset.ids.length === 0) {
    throw new InputError(
      `${whereOf(dataset)}: expected samples in ${dataset.split}, got none. Add images to the split.`,
    );
  }
  const skipped: string[] = [];
  const count = dataset.ids.length;
  const order = options.shuffle === false ? (place: number) => place % count : shuffledOrder(count, seed);
  const read = goodSamples(dataset, options, order, skipped);
  const decode = limited(decoders);

  const make = async (step: number): Promise<Batch> => {
    const tasks = Array.from({ length: batchSize }, (_, j) =>
      decode(async () => {
        const sample = await read(step * batchSize + j);
        const arrays = await options.prepare(sample, new Random(seed, "sample", step, j));
        requireArrays(arrays, "prepare of the stage");
        return { id: sample.id, source: sample.source, arrays };
      }),
    );
    // All are waited for, and the first by place reported: which file is named must not depend on timing.
    const settled = await Promise.allSettled(tasks);
    const parts = settled.map((part) => {
      if (part.status === "rejected") throw part.reason;
      return part.value;
    });
    const arrays = stackSamples(parts.map((part) => part.arrays));
    return { step, ids: parts.map((part) => part.id), sources: parts.map((part) => part.source), arrays };
  };

  async function* generate(): AsyncGenerator<Batch, void, undefined> {
    const underway: Promise<Batch>[] = [];
    let next = fromStep;
    try {
      for (let step = fromStep; step < toStep; step++) {
        while (next < toStep && underway.length <= prefetch) {
          const batch = make(next++);
          batch.catch(() => {}); // reported when its step is reached
          underway.push(batch);
        }
        const batch = await underway.shift();
        if (batch !== undefined) yield batch;
      }
    } finally {
      await Promise.allSettled(underway);
    }
  }

  return {
    get skipped() {
      return [...(dataset.leftOut ?? []), ...skipped].sort(); // decoding in parallel finds them in any order
    },
    [Symbol.asyncIterator]: generate,
  };
}

/** place → sample index: epoch after epoch, each with its own shuffle. */
function shuffledOrder(count: number, seed: number): (place: number) => number {
  const all = Array.from({ length: count }, (_, index) => index);
  const epochs = new Map<number, readonly number[]>();
  return (place) => {
    const epoch = Math.floor(place / count);
    let order = epochs.get(epoch);
    if (order === undefined) {
      order = new Random(seed, "epoch", epoch).shuffle(all);
      epochs.set(epoch, order);
      epochs.delete(epoch - 3); // prefetching looks ahead, never that far back
    }
    return order[place % count];
  };
}

/** Reads the sample at a place, or the next good one of its epoch; keeps decoded samples while there is room. */
function goodSamples(
  dataset: Dataset,
  { onBadImage = "fail", skipBudget, cacheBytes = 512e6 }: BatchOptions,
  order: (place: number) => number,
  skipped: string[],
): (place: number) => Promise<Sample> {
  const count = dataset.ids.length;
  const { unreadableAllowed } = dataset;
  const stops = onBadImage === "fail" && unreadableAllowed === undefined;
  const budget = skipBudget ?? unreadableAllowed ?? Math.max(1, Math.floor(count / 10));
  const kept = new Map<number, Sample>();
  const bad = new Set<number>();
  let room = cacheBytes;

  const attempt = async (index: number): Promise<Sample | undefined> => {
    const known = kept.get(index);
    if (known !== undefined) return known;
    if (bad.has(index)) return undefined;
    try {
      const sample = await dataset.read(index);
      const size = bytesOfSample(sample);
      // First come, first kept: under a shuffle, throwing out the oldest would throw out what comes next as often.
      if (size <= room && !kept.has(index)) {
        kept.set(index, sample);
        room -= size;
      }
      return sample;
    } catch (error) {
      if (stops || !(error instanceof InputError)) throw error;
      if (!bad.has(index)) {
        bad.add(index);
        skipped.push(error.message);
      }
      if (bad.size > budget) {
        throw new InputError(
          `${whereOf(dataset)}: expected at most ${budget} unreadable samples, got ${bad.size}, the last: ${error.message}`,
        );
      }
      return undefined;
    }
  };

  return async (place) => {
    const epochStart = place - (place % count);
    for (let offset = 0; offset < count; offset++) {
      const sample = await attempt(order(epochStart + ((place - epochStart + offset) % count)));
      if (sample !== undefined) return sample;
    }
    throw new InputError(
      `${whereOf(dataset)}: expected readable samples in ${dataset.split}, got none. Check the files.`,
    );
  };
}

function bytesOfSample({ image, labels: { mask, panoptic, saliency, features } }: Sample): number {
  const maps = features?.maps.map(({ values }) => values) ?? [];
  return [image, mask, panoptic, saliency, ...maps].reduce((sum, part) => sum + (part?.data.byteLength ?? 0), 1000);
}

/** Joins samples' arrays of equal shapes along a new first axis: n of [...] → [n, ...]. */
export function stackSamples(parts: readonly Named<NdArray>[]): Named<NdArray> {
  const result: Record<string, NdArray> = {};
  for (const [name, { dtype, shape }] of Object.entries(parts[0])) {
    const size = sizeOf(shape);
    const data = allocate(dtype, size * parts.length);
    parts.forEach((part, i) => {
      const array = part[name];
      if (array === undefined || array.dtype !== dtype || !sameShape(array.shape, shape)) {
        const got = array === undefined ? "nothing" : `${array.dtype} ${show(array.shape)}`;
        throw new InputError(
          `batch: "${name}" must be ${dtype} ${show(shape)} for each sample, got ${got}. Correct the stage's prepare.`,
        );
      }
      copyInto(data, array.data, i * size);
    });
    result[name] = ndarray(dtype, [parts.length, ...shape], data);
  }
  return result;
}

function copyInto(target: NdArray["data"], source: NdArray["data"], offset: number): void {
  if (target instanceof BigInt64Array || source instanceof BigInt64Array) {
    (target as BigInt64Array).set(source as BigInt64Array, offset);
  } else {
    target.set(source, offset);
  }
}
