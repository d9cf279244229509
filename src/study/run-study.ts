/** Runs a study: every run once, each in a folder of its own, going on where an earlier call stopped. */
import type { Dataset } from "../data/dataset.ts";
import type { ClassInfo } from "../data/sample.ts";
import type { TrainingData } from "../datasets/training-data.ts";
import { InputError, Interrupted } from "../errors.ts";
import { scoreOfEvaluation } from "../evaluation/evaluate.ts";
import { methods } from "../methods/index.ts";
import type { ResolvedRecipe } from "../methods/method.ts";
import { adopt, differences, recipeToAdopt, resolveRecipe } from "../methods/resolve-recipe.ts";
import type { Trained } from "../methods/stage.ts";
import { sourcesOf, stagesOf, totalSteps } from "../methods/stages.ts";
import type { Platform } from "../platform/platform.ts";
import { writeReport } from "../report/run-report.ts";
import { latestCheckpoint } from "../runs/checkpoint.ts";
import { encoderFor, readEncoder } from "../runs/open-encoder.ts";
import { openTrained } from "../runs/open-run.ts";
import { readRun } from "../runs/run.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Watcher } from "../training/session.ts";
import { train } from "../training/train.ts";
import { type Reading, requireSameStudy } from "./record.ts";
import { scoreOf } from "./results.ts";
import { type StudyChoice, type StudyRun, scheduleOf } from "./schedule.ts";
import { scoreRun } from "./score-run.ts";

export interface StudyOptions extends StudyChoice {
  readonly platform: Platform;
  /** A fresh engine, to train `resolved` where that is given; closed after each run. */
  readonly openEngine: (resolved?: ResolvedRecipe, classes?: readonly ClassInfo[]) => Promise<Engine>;
  /** Name of the study's data set, as the user gave it. */
  readonly dataset: string;
  /** Opens what a run trains on. spec: the study's data set or that of a pretraining. */
  readonly openData: (
    spec: string,
    labels: { readonly fraction: number; readonly seed: number } | null,
    learnsFrom: ReturnType<typeof sourcesOf>,
  ) => Promise<TrainingData>;
  /** The files of `encoder`, where its name is not their path, and their licence. */
  readonly encoderFiles?: readonly string[] | undefined;
  readonly licence?: string | undefined;
  readonly folder: string;
  readonly reading: Reading;
  readonly signal: AbortSignal;
  /** Before each run: its place, how many there are, and whether it is done already. */
  readonly onRun?: (at: {
    readonly index: number;
    readonly count: number;
    readonly run: StudyRun;
    readonly done: boolean;
  }) => void;
  readonly watcher?: Watcher;
}

/**
 * Trains and scores all runs of the study below `folder`/runs. Each folder is a run like any other: with its report, to
 * predict with, to resume. Throws InputError where `folder` holds another study, Interrupted when `signal` was aborted.
 */
export async function runStudy(options: StudyOptions): Promise<void> {
  const { platform, folder, signal, onRun } = options;
  const { runs } = scheduleOf(options);
  await requireSameStudy(platform, folder, options);
  for (const [index, run] of runs.entries()) {
    const done = await isDone(options, `${folder}/runs/${run.name}`, run);
    onRun?.({ index, count: runs.length, run, done });
    if (run.arm?.trains === false) {
      if (!done) await scoreBeginning(options, run);
    } else {
      const wanted = await recipeOf(options, run);
      if (done) await requireRecipe(options, `${folder}/runs/${run.name}`, wanted);
      else await oneRun(options, run, wanted);
    }
    if (signal.aborted) throw new Interrupted("study: stopped; run the same command to go on.");
  }
}

/** A run that is trained to its end and, where it is a whole model, scored. */
async function isDone({ platform, method }: StudyOptions, folder: string, { arm }: StudyRun): Promise<boolean> {
  if (arm !== null && (await scoreOf(platform, folder, arm.measure)) === undefined) return false;
  if (arm?.trains === false) return true;
  if ((await platform.exists(`${folder}/report.html`)) !== "file") return false;
  const last = await latestCheckpoint(platform, folder, () => {});
  return last?.progress.step === totalSteps(stagesOf(await readRun(platform, folder, { methods: [method] })));
}

/** What a run trains, and what it begins with. */
interface Wanted extends ResolvedRecipe {
  readonly from: readonly Trained[];
}

async function recipeOf(options: StudyOptions, run: StudyRun): Promise<Wanted> {
  const { method, recipe, encoder, encoderFiles, licence, platform, folder } = options;
  const own = { methods: [method] };
  const resolved = recipeToAdopt(recipe, run.settings, own.methods);
  const from: Trained[] = [];
  if (run.from !== null) from.push(await openTrained(platform, `${folder}/runs/${run.from}`, own));
  if (run.fromEncoder && encoder !== null) {
    const known = { methods: [...methods, method] }; // an encoder may be of another method's run
    from.push(encoderFor(await readEncoder(platform, encoderFiles ?? encoder, { licence, ...known }), resolved));
  }
  return { ...adopt(resolved, from), from };
}

/** Runs of an older version, or of settings changed by hand, do not belong into one table with new ones. */
async function requireRecipe({ platform, method }: StudyOptions, folder: string, { recipe }: Wanted): Promise<void> {
  const lines = differences((await readRun(platform, folder, { methods: [method] })).recipe, recipe);
  if (lines.length === 0) return;
  throw new InputError(
    `${folder}: expected a run of the recipe that the study trains, got another (there → here: ${lines.join("; ")}). Choose another --out, or remove this folder to train it anew.`,
  );
}

async function oneRun(options: StudyOptions, run: StudyRun, { method, recipe, from }: Wanted): Promise<void> {
  const { platform, folder, signal, openData, reading, dataset: spec, watcher = {} } = options;
  const { shortSide, onBadImage } = reading;
  const labels = run.arm === null ? null : { fraction: run.arm.fraction, seed: run.seed };
  const data = await openData(run.dataset ?? spec, labels, sourcesOf({ method, recipe }));
  const scored = await scoredOn(options, run, data.validation);
  const place = `${folder}/runs/${run.name}`;
  const engine = await options.openEngine({ method, recipe }, data.dataset.classes);
  try {
    const common = { platform, engine, folder: place, signal, onBadImage };
    const survey = () => signal.throwIfAborted();
    const size = run.dataset === null && shortSide !== null ? { shortSide } : {};
    const { skipped } = await train({
      ...common,
      ...size,
      method,
      recipe,
      ...data,
      from,
      resume: true,
      watcher: { survey, ...watcher },
    });
    const isInside = run.arm?.measure !== undefined;
    const { evaluation } = await writeReport({
      ...{ ...common, skipped, methods: [method], validation: isInside ? null : scored },
    });
    if (isInside && scored !== null) {
      await scoreRun(run.arm, { ...common, methods: [method], to: place, dataset: scored });
    } else if (run.arm !== null && (evaluation === null || scoreOfEvaluation(evaluation) === null)) {
      throw nothingToScoreOn(run.arm.scoredOn ?? spec);
    }
  } finally {
    await engine.close();
  }
}

/** Scores an arm that trains nothing: the run that it begins with. */
async function scoreBeginning(options: StudyOptions, run: StudyRun): Promise<void> {
  const { platform, folder, signal, method, reading, dataset: spec } = options;
  if (run.arm === null || run.from === null) throw new Error(`study: ${run.title} begins with nothing.`);
  const dataset = await scoredOn(options, run, null);
  if (dataset === null) throw nothingToScoreOn(run.arm.scoredOn ?? spec);
  const engine = await options.openEngine();
  try {
    await scoreRun(run.arm, {
      ...{ platform, engine, methods: [method], signal, dataset, onBadImage: reading.onBadImage },
      ...{ folder: `${folder}/runs/${run.from}`, to: `${folder}/runs/${run.name}` },
    });
  } finally {
    await engine.close();
  }
}

/** What a run is scored on; pretrainings are not. validation: of what it trained on, where it did. */
async function scoredOn(
  { openData, dataset, recipe, method }: StudyOptions,
  { arm, settings }: StudyRun,
  validation: Dataset | null,
): Promise<Dataset | null> {
  if (arm === null) return null;
  if (arm.scoredOn === undefined && validation !== null) return validation;
  const sources = sourcesOf(resolveRecipe(recipe, settings, [method]));
  return (await openData(arm.scoredOn ?? dataset, null, sources)).validation;
}

function nothingToScoreOn(dataset: string): InputError {
  return new InputError(`${dataset}: expected a labelled split val to score on, got none. A study compares scores.`);
}
