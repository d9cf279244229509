/** Training as a command does it: engine, progress, scores, report. Shared by train and start. */
import type { Dataset } from "../data/dataset.ts";
import type { TrainingData } from "../datasets/training-data.ts";
import { type Evaluation, isEmpty, nothingCounts } from "../evaluation/evaluate.ts";
import type { Method, ResolvedRecipe } from "../methods/method.ts";
import type { Trained } from "../methods/stage.ts";
import { measureText } from "../metrics/measure.ts";
import type { Platform } from "../platform/platform.ts";
import { writeReport } from "../report/run-report.ts";
import type { DataPlace } from "../runs/run-record.ts";
import type { Engine } from "../runtime/engine.ts";
import { train } from "../training/train.ts";
import { duration, type Terminal } from "./terminal.ts";

export interface TrainingRequest extends ResolvedRecipe, TrainingData {
  readonly platform: Platform;
  readonly engine: Engine;
  readonly folder: string;
  readonly resume: boolean;
  /** Weights to begin with. */
  readonly from?: readonly Trained[];
  /** Where the run's method is looked up. Default: our own. */
  readonly methods?: readonly Method[] | undefined;
  readonly onBadImage: "fail" | "skip";
  readonly shortSide?: number;
  readonly licence?: string;
  /** How the data set was named. */
  readonly place?: DataPlace;
  /** Pictures for the report that nobody has trained on or counts. */
  readonly unseen?: Dataset | null;
}

export interface TrainingOutcome {
  readonly folder: string;
  readonly report: string;
  readonly steps: number;
  readonly seconds: number;
  readonly skipped: readonly string[];
  readonly evaluation: Evaluation | null;
  /** The step whose weights were scored, and predict. */
  readonly scoredStep: number;
}

/** Trains to the end, scores the best checkpoint and writes the report; tells the terminal how it goes. */
export async function runTraining(request: TrainingRequest, terminal: Terminal): Promise<TrainingOutcome> {
  const { platform, engine, folder, validation, unseen, onBadImage, methods } = request;
  const { signal } = terminal;
  const survey = terminal.progress("looking");
  const progress = terminal.progress("training");
  try {
    const result = await train({
      ...request,
      signal,
      watcher: {
        survey(done, total) {
          signal.throwIfAborted();
          survey.update(done, total, "through the training images");
          if (done === total) survey.end();
        },
        step({ step, steps, loss, rate }) {
          progress.update(step, steps, `loss ${loss.toFixed(3)}  rate ${rate.toExponential(1)}`);
        },
        evaluation({ step, measures }) {
          if (measures.length === 0) return;
          const texts = measures.map((measure) => `${measure.name} ${measureText(measure)}`);
          terminal.note(`step ${step}: ${texts.join(", ")}`);
        },
        pass: ({ stage, done, total }) => progress.update(done, total, `pass ${stage}`),
        note: (line) => terminal.note(line),
      },
    });
    progress.end();
    const scoring = terminal.progress("scoring");
    const {
      file,
      evaluation,
      step: scoredStep,
    } = await writeReport({
      ...{ platform, engine, folder, validation, unseen, onBadImage, signal, skipped: result.skipped },
      ...(methods && { methods }),
      facts: [
        ["steps", result.steps.toLocaleString("en")],
        // A run that was done before only gets its report anew.
        ...(result.stepsDone === result.steps ? [["training time", duration(result.seconds)] as const] : []),
      ],
      onProgress: (done, total) => scoring.update(done, total, "validation images"),
    }).finally(() => scoring.end());
    const { steps, seconds, skipped } = result;
    for (const line of skipped) terminal.note(`skipped: ${line}`);
    return { folder, report: file, steps, seconds, skipped, evaluation, scoredStep };
  } finally {
    survey.end();
    progress.end();
  }
}

/** Scores in a line and whose they are, or why there are none. */
export function scoresText(
  evaluation: Evaluation,
  { steps, scoredStep }: Pick<TrainingOutcome, "steps" | "scoredStep">,
  { bold }: Pick<Terminal, "bold">,
): string {
  if (isEmpty(evaluation)) return `not scored: split ${evaluation.split} has ${nothingCounts(evaluation)}`;
  const [first, ...others] = evaluation.measures;
  const texts = others.slice(0, 2).map((measure) => `${measure.name} ${measureText(measure)}`);
  const whose = scoredStep < steps ? ` (weights of step ${scoredStep}, the best)` : "";
  return [`${first.name} ${bold(measureText(first))}`, ...texts].join(", ") + whose;
}
