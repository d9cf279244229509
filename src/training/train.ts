/** Training a run from its beginning, or from where it stopped, to its end. */
import type { Dataset } from "../data/dataset.ts";
import { InputError } from "../errors.ts";
import type { Earlier } from "../methods/method.ts";
import type { Platform } from "../platform/platform.ts";
import type { Engine } from "../runtime/engine.ts";
import { clearAfter, latestCheckpoint } from "./checkpoint.ts";
import { type EvaluationLine, openLog } from "./log.ts";
import type { ResolvedRecipe } from "./recipe.ts";
import type { Run } from "./run.ts";
import { Session } from "./session.ts";
import { startRun } from "./start-run.ts";

export interface TrainOptions extends ResolvedRecipe {
  readonly platform: Platform;
  /** Made for this training; nothing else may keep things in its store meanwhile. */
  readonly engine: Engine;
  /** The run folder: new, empty, or a run to resume. */
  readonly folder: string;
  /** What is learned from: labelled samples, or images alone for recipes that need no labels. */
  readonly dataset: Dataset;
  /** More images, without labels, for the stages that need none. */
  readonly unlabelled?: Dataset | null;
  /** Where `dataset` is a part of the labelled samples: of how many, and by which seed it was drawn. */
  readonly labels?: { readonly of: number; readonly seed: number } | null;
  /** Weights to begin with; default: as the recipe's initializers say. */
  readonly from?: Earlier | null;
  /** Scored every `evaluateEvery` steps; null where there is nothing to score. */
  readonly validation: Dataset | null;
  /** Go on with the run in `folder`, if there is one. */
  readonly resume?: boolean;
  readonly onBadImage?: "fail" | "skip";
  /** See `RunRecord.shortSide`; default: chosen by the data set and the crop. */
  readonly shortSide?: number;
  /** Most images that are scored while training, spread evenly over the split. */
  readonly validationImages?: number;
  /** Of the weights, kept in the run and in exported models: an SPDX identifier or a sentence. */
  readonly licence?: string;
  /** Aborting it ends the training after the current step, with a checkpoint. */
  readonly signal?: AbortSignal;
  readonly watcher?: Watcher;
}

/** Who wants to know how it goes; nothing here changes what is trained. */
export interface Watcher {
  /** The data set is looked through before the first step. */
  survey?(done: number, total: number): void;
  step?(at: { readonly step: number; readonly steps: number; readonly loss: number; readonly rate: number }): void;
  evaluation?(line: EvaluationLine): void;
  /** Something worth a line: a damaged checkpoint, where a run goes on, what a stage begins with. */
  note?(line: string): void;
}

export interface TrainResult {
  readonly run: Run;
  readonly steps: number;
  /** Steps that this session did. */
  readonly stepsDone: number;
  /** Seconds of this session, evaluations and checkpoints included. */
  readonly seconds: number;
  /** A line for each sample that was left out. */
  readonly skipped: readonly string[];
}

/**
 * Trains, or goes on training, until the recipe's steps are done. What is in `folder` at any moment is enough to go on
 * as if never stopped: the same seed gives the same bytes.
 *
 * Throws Interrupted when `signal` was aborted (a checkpoint is written first), and InputError when the folder, the
 * data set or a batch is at fault; a loss that is not finite names the batch's files and leaves the last checkpoint.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { platform, folder, dataset, resume = false, onBadImage = "fail", watcher = {} } = options;
  const begun = performance.now();
  const note = (line: string) => watcher.note?.(line);
  const onProgress = (done: number, total: number) => watcher.survey?.(done, total);
  const { unlabelled = null, labels = null, from = null } = options;
  const licence = options.licence ?? from?.licence ?? "not stated";
  const started = { ...options, resume, onBadImage, unlabelled, labels, from, licence, onProgress };
  const { run, skipped } = await startRun(started);
  const damage: string[] = [];
  const start = await latestCheckpoint(platform, folder, (message) => damage.push(message));
  // All of them lost is the user's to decide about; training anew would clear them away.
  if (start === null && damage.length > 0) throw new InputError(damage[0]);
  for (const message of damage) note(`${message} Going on from the one before.`);
  const session = new Session(options, run, await openLog(platform, folder, start?.progress.step ?? 0), start);
  await clearAfter(platform, folder, session.step);
  if (start !== null) note(`${folder}: going on at step ${start.progress.step} of ${session.steps}.`);
  const missed = await session.trainStages();
  return {
    run,
    steps: session.steps,
    stepsDone: session.step - (start?.progress.step ?? 0),
    seconds: (performance.now() - begun) / 1000,
    skipped: [...new Set([...(dataset.leftOut ?? []), ...(unlabelled?.leftOut ?? []), ...skipped, ...missed])].sort(),
  };
}
