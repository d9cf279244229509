/** What each group of a model fires on: over a data set, the photographs where it has most, and what it lies on there. */
import { requireArrays } from "../array/check-arrays.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import type { Dataset } from "../data/dataset.ts";
import { InputError, Interrupted } from "../errors.ts";
import { IGNORE, type LabelMap } from "../image/image.ts";
import { resizeLabels } from "../image/resize.ts";
import type { GroupMaps } from "../methods/groups.ts";
import { graphRunner } from "../prediction/graph-runner.ts";
import type { Engine } from "../runtime/engine.ts";
import { withBatchAxis } from "./trial.ts";

export interface GroupGalleryOptions {
  readonly engine: Engine;
  readonly weights: Named<NdArray>;
  /** Every photograph is looked at. */
  readonly dataset: Dataset;
  readonly onBadImage: "fail" | "skip";
  /** Photographs that are kept of each group. Default 6. */
  readonly kept?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** A photograph on which a group fires. */
export interface Firing {
  /** In the data set. */
  readonly index: number;
  /** Share of the photograph that the group has, softly: 0 … 1. */
  readonly share: number;
  /** Of the group, [rows, columns], 0 … 1. */
  readonly map: { readonly rows: number; readonly columns: number; readonly data: Float32Array };
}

export interface GroupPortrait {
  /** The most first. */
  readonly firings: readonly Firing[];
  /** Mean share of a photograph. */
  readonly share: number;
  /** Share of its pixels that each class of the masks has; null without masks. Where the group is the likeliest. */
  readonly classes: readonly number[] | null;
  /** Of the words that were asked for, how near each is, by the group's pixels; null without words. */
  readonly words: readonly number[] | null;
}

export interface StagePortraits {
  readonly stage: string;
  readonly groups: readonly GroupPortrait[];
}

/** Throws InputError for a photograph that cannot be read, unless skipped; Interrupted where `signal` was aborted. */
export async function groupPortraits(
  { stages, ...groups }: GroupMaps,
  { engine, weights, dataset, onBadImage, kept = 6, onProgress, signal }: GroupGalleryOptions,
): Promise<StagePortraits[]> {
  const sums = stages.map(({ count }) => Array.from({ length: count }, () => newSums(dataset.classes.length)));
  const runner = graphRunner(engine, weights, "groups", (scope, inputs) => groups.outputs(scope, inputs));
  let seen = 0;
  try {
    for (let index = 0; index < dataset.ids.length; index++) {
      if (signal?.aborted) throw new Interrupted("show: stopped.");
      const sample = await dataset.read(index).catch((error: unknown) => {
        if (onBadImage === "fail" || !(error instanceof InputError)) throw error;
        return null;
      });
      onProgress?.(index + 1, dataset.ids.length);
      if (sample === null) continue;
      seen++;
      const inputs = groups.prepare(sample.image);
      requireArrays(inputs, "prepare of groups");
      const result = await runner.run(withBatchAxis(inputs));
      for (const [s, { name }] of stages.entries()) {
        const shares = addFirings(sums[s], result[`map:${name}`], index, kept);
        addWords(sums[s], result[`words:${name}`], shares);
        if (sample.labels.mask !== undefined) addClasses(sums[s], result[`map:${name}`], sample.labels.mask);
      }
    }
  } finally {
    await runner.release();
  }
  return stages.map(({ name }, s) => ({ stage: name, groups: sums[s].map((each) => portraitOf(each, seen)) }));
}

interface Sums {
  firings: Firing[];
  share: number;
  /** Pixels of each class, in cells of the map. */
  readonly classes: Float64Array;
  masks: number;
  words: Float64Array | null;
  /** What the means over words are divided by. */
  weight: number;
}

function newSums(classes: number): Sums {
  return { firings: [], share: 0, classes: new Float64Array(classes), masks: 0, words: null, weight: 0 };
}

/** map: [1, G, rows, columns] → the share of each group; a photograph that a group has nothing of is not among its own. */
function addFirings(
  sums: readonly Sums[],
  { shape: [, , rows, columns], data }: NdArray,
  index: number,
  kept: number,
): number[] {
  const plane = rows * columns;
  return sums.map((each, group) => {
    const values = Float32Array.from(data.subarray(group * plane, (group + 1) * plane) as Float32Array);
    const share = values.reduce((sum, value) => sum + value, 0) / plane;
    each.share += share;
    const isAmong = share > (each.firings.length < kept ? 0 : each.firings[each.firings.length - 1].share);
    if (isAmong) {
      each.firings.push({ index, share, map: { rows, columns, data: values } });
      each.firings.sort((a, b) => b.share - a.share || a.index - b.index);
      each.firings.length = Math.min(kept, each.firings.length);
    }
    return share;
  });
}

/** words: [1, G, N]; a photograph counts by how much of it the group has. */
function addWords(sums: readonly Sums[], words: NdArray | undefined, shares: readonly number[]): void {
  if (words === undefined) return;
  const [, , count] = words.shape;
  for (const [group, each] of sums.entries()) {
    each.words ??= new Float64Array(count);
    for (let n = 0; n < count; n++) each.words[n] += shares[group] * Number(words.data[group * count + n]);
    each.weight += shares[group];
  }
}

/** The classes at the cells where a group is the likeliest. */
function addClasses(sums: readonly Sums[], { shape: [, count, rows, columns], data }: NdArray, mask: LabelMap): void {
  const plane = rows * columns;
  const small = resizeLabels(mask, columns, rows);
  for (let cell = 0; cell < plane; cell++) {
    if (small.data[cell] === IGNORE) continue;
    let best = 0;
    for (let g = 1; g < count; g++) if (data[g * plane + cell] > data[best * plane + cell]) best = g;
    sums[best].classes[small.data[cell]]++;
    sums[best].masks++;
  }
}

function portraitOf({ firings, share, classes, masks, words, weight }: Sums, seen: number): GroupPortrait {
  return {
    firings,
    share: seen === 0 ? 0 : share / seen,
    classes: masks === 0 ? null : Array.from(classes, (pixels) => pixels / masks),
    words: words === null ? null : Array.from(words, (sum) => (weight === 0 ? 0 : sum / weight)),
  };
}
