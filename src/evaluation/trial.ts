/** Looking at a network on some images: scores of a stage that makes no whole model yet, pictures from inside a model. */
import { requireArrays } from "../array/check-arrays.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import type { Dataset } from "../data/dataset.ts";
import { labelledDataset, spreadDataset, withMoreKinds } from "../data/views.ts";
import { InputError } from "../errors.ts";
import type { Trial, TrialPicture } from "../methods/stage.ts";
import type { Measure } from "../metrics/measure.ts";
import { graphRunner } from "../prediction/graph-runner.ts";
import type { Engine } from "../runtime/engine.ts";

export interface TrialOptions {
  readonly engine: Engine;
  readonly dataset: Dataset;
  /** Those that prediction would use. */
  readonly weights: Named<NdArray>;
  readonly seed: number;
  readonly onBadImage: "fail" | "skip";
  /** Images that are kept as pictures; default 3. */
  readonly pictured?: number;
}

export interface TrialResult {
  readonly measures: readonly Measure[];
  readonly pictures: readonly { readonly sample: string; readonly pictures: readonly TrialPicture[] }[];
}

/** Runs a trial on images spread over the data set, the same ones each time. Null where there was nothing to look at. */
export async function runTrial(
  trial: Trial,
  { engine, dataset, weights, seed, onBadImage, pictured = 3 }: TrialOptions,
): Promise<TrialResult | null> {
  const runner = graphRunner(engine, weights, `trial ${trial.name}`, (scope, inputs) => trial.outputs(scope, inputs));
  const results: Named<NdArray>[] = [];
  const pictures: { sample: string; pictures: readonly TrialPicture[] }[] = [];
  try {
    const some = spreadDataset(dataset, trial.images);
    for (let index = 0; index < some.ids.length; index++) {
      const sample = await some.read(index).catch((error: unknown) => {
        if (onBadImage === "fail" || !(error instanceof InputError)) throw error;
        return null;
      });
      // What the method makes of a sample is no fault of the image: it is never skipped.
      const prepared = sample === null ? null : trial.prepare(sample, new Random(seed, "trial", index));
      if (sample === null || prepared === null) continue;
      requireArrays(prepared, `prepare of trial ${trial.name}`);
      const result = await runner.run(withBatchAxis(prepared));
      // Neighbours are often alike (frames of a film), so pictures are spread as the images are.
      if (index % Math.ceil(some.ids.length / pictured) === 0 && trial.pictures !== undefined) {
        pictures.push({ sample: some.ids[index], pictures: trial.pictures(result, sample) });
      }
      results.push(result);
    }
  } finally {
    await runner.release();
  }
  return results.length === 0 ? null : { measures: trial.scores?.(results) ?? [], pictures };
}

/** Arrays of one sample as a batch of one. */
export function withBatchAxis(arrays: Named<NdArray>): Named<NdArray> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { dtype, shape, data }]) => [name, { dtype, shape: [1, ...shape], data }]),
  );
}

/** The samples of a data set that a look at a stage's network is for. */
export function samplesFor(trial: Trial, dataset: Dataset, stage: Pick<Trial, "learnsFrom" | "alsoReads">): Dataset {
  const kinds = trial.alsoReads ?? stage.alsoReads ?? [];
  return withMoreKinds(labelledDataset(dataset, trial.learnsFrom ?? stage.learnsFrom ?? []), dataset, kinds);
}
