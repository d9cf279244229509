/** Training a run from its beginning, or from where it stopped, to its end. */
import { InputError } from "../errors.ts";
import type { Trained } from "../methods/stage.ts";
import { stagesOf, writesFeatures } from "../methods/stages.ts";
import { clearAfter, latestCheckpoint } from "../runs/checkpoint.ts";
import { openLog } from "../runs/log.ts";
import { taskOf } from "../runs/open-run.ts";
import type { Run } from "../runs/run.ts";
import { labelsFolder, removeStageLabels } from "../runs/stage-labels.ts";
import { Session, type TrainOptions } from "./session.ts";
import { startRun } from "./start-run.ts";

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

/** Of weights that came of others. */
function licenceOf(from: readonly Trained[]): string | undefined {
  const known = from.flatMap(({ licence }) => licence ?? []);
  return known.length === 0 ? undefined : [...new Set(known)].join("; ");
}

/**
 * Trains, or goes on training, until the recipe's steps are done. What is in `folder` at any moment is enough to go on
 * as if never stopped: the same seed gives the same bytes.
 *
 * Throws Interrupted when `signal` was aborted (a checkpoint is written first), and InputError when the folder, the
 * data set or a batch is at fault; a loss that is not finite names the batch's files and leaves the last checkpoint.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { platform, folder, dataset, resume = false, watcher = {} } = options;
  const onBadImage = dataset.unreadableAllowed === undefined ? (options.onBadImage ?? "fail") : "skip";
  const begun = performance.now();
  const note = (line: string) => watcher.note?.(line);
  const onProgress = (done: number, total: number) => watcher.survey?.(done, total);
  const { unlabelled = null, labels = null, from = [] } = options;
  const licence = options.licence ?? licenceOf(from) ?? "not stated";
  let release = async () => {};
  const lock = async () => {
    release = await platform.lock(folder);
  };
  const started = { ...options, resume, onBadImage, unlabelled, labels, from, licence, onProgress, lock };
  try {
    const { run, skipped, notes } = await startRun(started);
    for (const line of notes) note(line);
    const damage: string[] = [];
    const start = await latestCheckpoint(platform, folder, (message) => damage.push(message));
    // All of them lost is the user's to decide about; training anew would clear them away.
    if (start === null && damage.length > 0) throw new InputError(damage[0]);
    for (const message of damage) note(`${message} Going on from the one before.`);
    const session = new Session(options, run, await openLog(platform, folder, start?.progress.step ?? 0), start);
    await clearAfter(platform, folder, session.step);
    if (start !== null) note(`${folder}: going on at step ${start.progress.step} of ${session.steps}.`);
    const missed = await session.trainStages();
    // Every photograph may have megabytes of them.
    for (const stage of stagesOf(run, taskOf(run)).filter(writesFeatures)) {
      await removeStageLabels(platform, labelsFolder(folder, stage.name));
    }
    return {
      run,
      steps: session.steps,
      stepsDone: session.step - (start?.progress.step ?? 0),
      seconds: (performance.now() - begun) / 1000,
      skipped: [...new Set([...(dataset.leftOut ?? []), ...(unlabelled?.leftOut ?? []), ...skipped, ...missed])].sort(),
    };
  } finally {
    await release();
  }
}
