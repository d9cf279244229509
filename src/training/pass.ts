/** A pass: every sample is read once, in order, and labels or sums come of it. Stopped and resumed, it goes on where it was. */
import { requireArrays } from "../array/check-arrays.ts";
import { type Named, type NdArray, ndarray } from "../array/ndarray.ts";
import { sameShape, show, sizeOf } from "../array/shape.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ClassInfo, LabelKind } from "../data/sample.ts";
import { classStatistics } from "../data/statistics.ts";
import { spreadDataset } from "../data/views.ts";
import { InputError, Interrupted } from "../errors.ts";
import type { TrialResult } from "../evaluation/trial.ts";
import { requireLabels } from "../methods/check-labels.ts";
import type { Pass, TrialPicture, Visit } from "../methods/stage.ts";
import type { Measure } from "../metrics/measure.ts";
import type { Platform } from "../platform/platform.ts";
import { graphRunner } from "../prediction/graph-runner.ts";
import { labelsFolder, sumsFile, writeIndex, writeSampleLabels, writtenKinds } from "../runs/stage-labels.ts";
import { mapsFolder, writeMaps } from "../runs/stage-maps.ts";
import type { Engine } from "../runtime/engine.ts";
import { readSafetensors, writeSafetensors } from "../weights/safetensors.ts";

export interface PassOptions {
  readonly platform: Platform;
  readonly engine: Engine;
  /** The run folder. */
  readonly folder: string;
  readonly stage: Pass;
  readonly weights: Named<NdArray>;
  readonly dataset: Dataset;
  readonly classes: readonly ClassInfo[];
  readonly onBadImage?: "fail" | "skip" | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface PassResult {
  /** Weights that the pass gives, of its sums. */
  readonly weights: Named<NdArray>;
  /** Scores of its sums; none where the pass has none. */
  readonly measures: readonly Measure[];
  readonly pictures: TrialResult["pictures"];
  /** A line for each sample that could not be read. */
  readonly skipped: readonly string[];
}

/** Samples after which sums are written down. */
const saveEvery = 64;
/** Samples that pictures are made of. */
const pictured = 4;

/** Throws Interrupted when `signal` was aborted: all that was visited is kept. */
export async function runPass(options: PassOptions): Promise<PassResult> {
  const {
    platform,
    engine,
    folder,
    stage,
    weights,
    dataset,
    classes,
    signal,
    onProgress,
    onBadImage = "fail",
  } = options;
  const place = labelsFolder(folder, stage.name);
  const sums = (stage.weights ?? stage.scores) === undefined ? null : await openSums(platform, place);
  const kinds = new Map<string, readonly LabelKind[]>();
  const skipped: string[] = [];
  const runner = graphRunner(engine, weights, `stage ${stage.name}`, (scope, inputs) => stage.outputs(scope, inputs));
  const readable = (index: number) =>
    dataset.read(index).catch((error: unknown) => {
      if (onBadImage === "fail" || !(error instanceof InputError)) throw error;
      skipped.push(error.message);
      return null;
    });
  try {
    for (const [index, id] of dataset.ids.entries()) {
      if (signal?.aborted) {
        if (sums !== null && index >= sums.visited) await sums.save(index);
        throw new Interrupted("interrupted");
      }
      const written = stage.writes === undefined ? null : await writtenKinds(platform, place, id);
      if (written !== null) kinds.set(id, written);
      // Labels that were lost are made again; what is in the sums already is not added once more.
      const isSummed = sums === null || index < sums.visited;
      const isWritten = stage.writes === undefined || written !== null;
      if (!isSummed || !isWritten) {
        const sample = await readable(index);
        // What the method makes of a sample is no fault of the image: it is never skipped.
        if (sample !== null) {
          const { image } = sample;
          const found = (await stage.visit(sample, runner.run)) as Visit | null | undefined;
          const where = `stage ${stage.name}, sample ${id}`;
          if (typeof found !== "object" || found === null) {
            throw new InputError(`${where}: expected { labels, sums } of visit, got ${found}. Correct the method.`);
          }
          const { labels: given = {}, sums: numbers = {}, maps = {} } = found;
          const bounds = { width: image.width, height: image.height, classes: classes.length };
          const labels = requireLabels(given, stage.writes ?? [], bounds, where);
          // Before the labels, whose record says that a sample is done.
          await writeMaps(platform, mapsFolder(folder, stage.name), maps, where);
          if (stage.writes !== undefined) {
            kinds.set(id, await writeSampleLabels(platform, place, id, labels, classes));
          }
          requireArrays(numbers, `${where}: sums`);
          if (!isSummed) sums?.add(numbers, stage.name);
        }
        if (!isSummed && (index + 1) % saveEvery === 0) await sums?.save(index + 1);
      }
      onProgress?.(index + 1, dataset.ids.length);
    }
    await sums?.save(dataset.ids.length);
    if (stage.writes !== undefined) await writeIndex(platform, place, kinds);
    const given = stage.weights?.(sums?.values ?? {}) ?? {};
    requireArrays(given, `stage ${stage.name}: weights`);
    const pictures: { sample: string; pictures: readonly TrialPicture[] }[] = [];
    if (stage.pictures !== undefined) {
      const some = spreadDataset(dataset, pictured);
      for (const [index, sample] of some.ids.entries()) {
        const read = await some.read(index).catch((error: unknown) => {
          if (onBadImage === "fail" || !(error instanceof InputError)) throw error;
          return null; // said when it was visited
        });
        if (read !== null) pictures.push({ sample, pictures: await stage.pictures(read, runner.run) });
      }
    }
    return { weights: given, measures: stage.scores?.(sums?.values ?? {}) ?? [], pictures, skipped };
  } finally {
    await runner.release();
  }
}

/** Masks that are looked at: of more, a few say as much. */
const lookedAt = 400;

/**
 * Throws InputError where the masks that passes wrote show a single class: a stage that learned from them would reach a loss of 0, and a model that
 * says that class everywhere. samples: read with those masks.
 */
export async function requireSeveralClasses(samples: Dataset, pass: string, folder: string): Promise<void> {
  const { pixels } = await classStatistics(samples, { onBadImage: "skip", maxSamples: lookedAt });
  const [only, ...others] = samples.classes.filter((_, index) => pixels[index] > 0);
  if (only === undefined || others.length > 0) return;
  throw new InputError(
    `${folder}: expected pixels of two classes or more in the masks that stage ${pass} wrote, got "${only.name}" alone. What came before it has learned too little: train that for more steps.`,
  );
}

interface Sums {
  /** Samples that are in the sums as they were read. */
  readonly visited: number;
  /** In float64. */
  readonly values: Named<NdArray>;
  add(numbers: Named<NdArray>, stage: string): void;
  save(visited: number): Promise<void>;
}

/** Sums of numbers over samples, kept in a file that says how many they are of. */
async function openSums(platform: Platform, place: string): Promise<Sums> {
  const path = sumsFile(place);
  const values: Record<string, NdArray> = {};
  let visited = 0;
  if ((await platform.exists(path)) === "file") {
    const { tensors, metadata } = readSafetensors(await platform.readFile(path), path);
    Object.assign(values, tensors);
    visited = Number(metadata.visited);
    if (!Number.isSafeInteger(visited)) {
      throw new InputError(`${path}: expected sums that a pass wrote, got others. Delete the file and train on.`);
    }
  }
  return {
    visited,
    values,
    add(numbers, stage) {
      for (const [name, { shape, data }] of Object.entries(numbers)) {
        values[name] ??= ndarray("float64", shape, new Float64Array(sizeOf(shape)));
        if (!sameShape(values[name].shape, shape)) {
          throw new InputError(
            `stage ${stage}: expected sums of ${name} of shape ${show(values[name].shape)}, got ${show(shape)}. Correct the method.`,
          );
        }
        const sum = values[name].data as Float64Array;
        for (let i = 0; i < sum.length; i++) sum[i] += Number(data[i]);
      }
    },
    save: (count) => platform.writeFile(path, writeSafetensors(values, { visited: String(count) })),
  };
}
