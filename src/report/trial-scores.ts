/** What a method looks at inside a run, scored over a data set: such as how well a tokenizer gives masks back. */
import type { Dataset } from "../data/dataset.ts";
import { InputError } from "../errors.ts";
import { runTrial, samplesFor } from "../evaluation/trial.ts";
import type { Method } from "../methods/method.ts";
import type { Measure } from "../metrics/measure.ts";
import type { Platform } from "../platform/platform.ts";
import { openInside } from "../runs/open-inside.ts";
import type { Engine } from "../runtime/engine.ts";

export interface TrialScores {
  readonly dataset: string;
  readonly split: string;
  readonly model: string;
  /** By the names of trials. */
  readonly trials: Readonly<Record<string, readonly Measure[]>>;
}

export interface TrialScoresOptions {
  readonly platform: Platform;
  readonly engine: Engine;
  /** The run folder; the run need not be a whole model. */
  readonly folder: string;
  /** All of its samples that have the labels which a trial needs are looked at. */
  readonly dataset: Dataset;
  /** Where the run's method is looked up. Default: our own methods. */
  readonly methods?: readonly Method[] | undefined;
  readonly onBadImage: "fail" | "skip";
  readonly onNote?: (message: string) => void;
  /** Trials that are done, of how many, and the name of the last. */
  readonly onProgress?: (done: number, total: number, name: string) => void;
  readonly signal?: AbortSignal;
}

/** Scores of all trials that have any: of the model where the run is whole, else of its last stage. Throws InputError where there are none. */
export async function trialScores(options: TrialScoresOptions): Promise<TrialScores> {
  const { platform, engine, folder, dataset, methods, onBadImage, onNote, onProgress, signal } = options;
  const inside = await openInside(platform, folder, { methods, onDamaged: onNote, onNote });
  const { run, weights, stage } = inside;
  const scored = inside.trials.filter(({ scores }) => scores !== undefined);
  if (scored.length === 0) {
    throw new InputError(
      `${folder}: expected a run with something to score inside, got one of ${run.method.name}, stage ${stage}. Score what it predicts, without --trials.`,
    );
  }
  const trials: Record<string, readonly Measure[]> = {};
  for (const [index, trial] of scored.entries()) {
    signal?.throwIfAborted();
    const samples = samplesFor(trial, dataset, inside);
    const all = { ...trial, images: samples.ids.length };
    const { seed } = run.recipe;
    const found = await runTrial(all, { engine, dataset: samples, weights, seed, onBadImage, pictured: 1 });
    if (found !== null) trials[trial.name] = found.measures;
    onProgress?.(index + 1, scored.length, trial.name);
  }
  return { dataset: dataset.name, split: dataset.split, model: folder, trials };
}
