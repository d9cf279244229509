/** Scores of a study's run where those of its report are not what is compared. */
import type { Dataset } from "../data/dataset.ts";
import { InputError } from "../errors.ts";
import { evaluateDataset } from "../evaluation/evaluate.ts";
import type { Method } from "../methods/method.ts";
import type { Arm } from "../methods/study.ts";
import type { Platform } from "../platform/platform.ts";
import { openSegmenter } from "../prediction/segmenter.ts";
import { trialScores } from "../report/trial-scores.ts";
import { openRun } from "../runs/open-run.ts";
import type { Engine } from "../runtime/engine.ts";

export interface ScoreRunOptions {
  readonly platform: Platform;
  readonly engine: Engine;
  readonly methods: readonly Method[];
  /** The run that is scored. */
  readonly folder: string;
  /** The folder that `scores.json` is written into: its own, or that of an arm that trains nothing. */
  readonly to: string;
  readonly dataset: Dataset;
  readonly onBadImage: "fail" | "skip";
  readonly signal: AbortSignal;
}

/** Writes `scores.json`. Throws InputError where a run has nothing inside of the arm's measure. */
export async function scoreRun({ measure }: Pick<Arm, "measure">, options: ScoreRunOptions): Promise<void> {
  const { platform, to } = options;
  const scores = measure === undefined ? await predicted(options) : await inside(measure, options);
  await platform.writeFile(`${to}/scores.json`, `${JSON.stringify(scores, null, 1)}\n`);
}

async function inside(measure: string, options: ScoreRunOptions) {
  const found = await trialScores(options);
  const measures = Object.values(found.trials).flat();
  if (measures.some(({ name }) => name === measure)) return { ...found, measures };
  const known = measures.map(({ name }) => name).join(", ");
  throw new InputError(
    `${options.folder}: expected something inside that is scored by ${measure}, got ${known || "nothing"}. Correct the study.`,
  );
}

async function predicted({ platform, engine, methods, folder, dataset, onBadImage, signal }: ScoreRunOptions) {
  const segmenter = await openSegmenter(engine, await openRun(platform, folder, { methods }));
  try {
    return await evaluateDataset(segmenter, dataset, { onBadImage, signal });
  } finally {
    await segmenter.close();
  }
}
