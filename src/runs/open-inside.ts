/** A run as what can be looked at inside of it. */
import type { Named, NdArray } from "../array/ndarray.ts";
import type { LabelKind } from "../data/sample.ts";
import type { Trial } from "../methods/stage.ts";
import { predicts, stagesOf, viewsOf } from "../methods/stages.ts";
import type { Platform } from "../platform/platform.ts";
import { type OpenOptions, openTrained, taskOf } from "./open-run.ts";
import { type Run, readRun } from "./run.ts";

export interface Inside {
  readonly run: Run;
  readonly weights: Named<NdArray>;
  /** The stage that the weights come from. */
  readonly stage: string;
  /** True where they predict. */
  readonly isWhole: boolean;
  /** Views of a model that predicts; of weights that do not, the trials of the stage that trained them last. */
  readonly trials: readonly Trial[];
  /** Kinds of labels of trials that name none themselves. */
  readonly learnsFrom: readonly LabelKind[];
  /** The same of kinds that samples may lack. */
  readonly alsoReads: readonly LabelKind[];
}

/** Throws InputError as `openTrained`. */
export async function openInside(platform: Platform, folder: string, options: OpenOptions = {}): Promise<Inside> {
  const run = await readRun(platform, folder, options);
  const { weights, stage: name } = await openTrained(platform, folder, options);
  const task = taskOf(run);
  const stages = stagesOf(run, task);
  const at = stages.findIndex((each) => each.name === name);
  const isWhole = at >= 0 && predicts(run, task, run.record.window, stages[at], weights);
  // A pass trains nothing: its weights are those of the stage before.
  const trained = stages.slice(0, at + 1).findLast((stage) => stage.kind === "training");
  const trials = isWhole ? viewsOf(run, task) : (trained?.trials ?? []);
  const { learnsFrom = [], alsoReads = [] } = trained ?? {};
  return { run, weights, stage: name, isWhole, trials, learnsFrom, alsoReads };
}
