/** The training loop: stage by stage, batches → step → log → evaluation → checkpoint, and on from where a run stopped. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { type Batch, type Batches, batches } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import { InputError, Interrupted } from "../errors.ts";
import type { Stage } from "../methods/method.ts";
import type { Platform } from "../platform/platform.ts";
import type { Engine } from "../runtime/engine.ts";
import { type Checkpoint, clearAfter, latestCheckpoint, type Progress, writeCheckpoint } from "./checkpoint.ts";
import { scaledDataset } from "./dataset-views.ts";
import { type Log, openLog } from "./log.ts";
import type { ResolvedRecipe } from "./recipe.ts";
import { type Run, trainedModel, weightsOf } from "./run.ts";
import { startRun } from "./start-run.ts";
import { buildStep, type StepResult, type TrainingStep } from "./step.ts";
import { validationScore } from "./validation.ts";

export interface TrainOptions extends ResolvedRecipe {
  readonly platform: Platform;
  /** Made for this training; nothing else may keep things in its store meanwhile. */
  readonly engine: Engine;
  /** The run folder: new, empty, or a run to resume. */
  readonly folder: string;
  readonly dataset: Dataset;
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
  evaluation?(at: { readonly step: number; readonly meanIoU: number; readonly pixelAccuracy: number }): void;
  /** Something worth a line: a damaged checkpoint, where a run goes on. */
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
  const {
    platform,
    folder,
    dataset,
    resume = false,
    onBadImage = "fail",
    licence = "not stated",
    watcher = {},
  } = options;
  const begun = performance.now();
  const note = (line: string) => watcher.note?.(line);
  const onProgress = (done: number, total: number) => watcher.survey?.(done, total);
  const { run, skipped } = await startRun({ ...options, resume, onBadImage, licence, onProgress });
  const damage: string[] = [];
  const start = await latestCheckpoint(platform, folder, (message) => damage.push(message));
  // All of them lost is the user's to decide about; training anew would clear them away.
  if (start === null && damage.length > 0) throw new InputError(damage[0]);
  for (const message of damage) note(`${message} Going on from the one before.`);
  const session = new Session(options, run, await openLog(platform, folder, start?.progress.step ?? 0), start);
  await clearAfter(platform, folder, session.step);
  if (start !== null) note(`${folder}: going on at step ${start.progress.step} of ${session.steps}.`);
  const source = scaledDataset(dataset, run.record.shortSide);
  const missed = await session.trainStages(source);
  return {
    run,
    steps: session.steps,
    stepsDone: session.step - (start?.progress.step ?? 0),
    seconds: (performance.now() - begun) / 1000,
    skipped: [...new Set([...(dataset.leftOut ?? []), ...skipped, ...missed])].sort(),
  };
}

/** Updates of a stage. */
export function stepsOf(stage: Stage, { recipe }: ResolvedRecipe): number {
  return stage.steps?.(recipe) ?? recipe.steps;
}

/** What changes while a run trains. */
class Session {
  readonly steps: number;
  step: number;
  readonly #options: TrainOptions;
  readonly #run: Run;
  readonly #log: Log;
  readonly #stages: readonly Stage[];
  #stage: number;
  #stageStep: number;
  #window: Progress["window"];
  /** Where the next stage begins: all weights so far, by name, and the tensors of a stage that was interrupted. */
  #carried: Named<NdArray>;
  #resumed: Checkpoint | null;

  constructor(options: TrainOptions, run: Run, log: Log, start: Checkpoint | null) {
    this.#options = options;
    this.#run = run;
    this.#log = log;
    this.#stages = run.method.stages(run.recipe);
    this.steps = this.#stages.reduce((sum, stage) => sum + stepsOf(stage, run), 0);
    this.step = start?.progress.step ?? 0;
    this.#stage = start?.progress.stage ?? 0;
    this.#stageStep = start?.progress.stageStep ?? 0;
    this.#window = start?.progress.window ?? emptyWindow;
    this.#carried = start?.tensors.weights ?? {};
    this.#resumed = start;
  }

  /** All that is left to do. Returns lines about samples that were skipped. */
  async trainStages(dataset: Dataset): Promise<string[]> {
    const missed: string[] = [];
    for (; this.#stage < this.#stages.length; this.#stage++) {
      const stage = this.#stages[this.#stage];
      if (this.#stageStep < stepsOf(stage, this.#run)) missed.push(...(await this.#trainStage(stage, dataset)));
      else if (this.#resumed !== null) this.#carried = weightsOf(this.#resumed);
      this.#resumed = null;
      this.#stageStep = 0;
    }
    return missed;
  }

  async #trainStage(stage: Stage, dataset: Dataset): Promise<readonly string[]> {
    const { engine } = this.#options;
    const { recipe, record } = this.#run;
    const task = { classes: record.classes, frequencies: record.frequencies };
    const steps = stepsOf(stage, this.#run);
    const step = await buildStep({
      engine,
      inputs: stage.inputs(recipe, task),
      loss: (scope, batch) => stage.loss(scope, batch, recipe, task),
      recipe: { ...recipe, steps },
      ...(stage.trains && { trains: (name: string) => stage.trains?.(name, recipe) ?? true }),
      ...(stage.group && {
        group: (name: string, rank: number) => stage.group?.(name, rank, recipe) ?? { rate: 1, decay: 1 },
      }),
    });
    try {
      await step.initialize(recipe.seed, this.#given(step));
      // Stages draw from different streams; the first one's is the seed itself.
      const seed = recipe.seed + 0x9e3779b1 * this.#stage;
      const source = batches(dataset, {
        batchSize: recipe.batchSize,
        seed,
        fromStep: this.#stageStep * recipe.accumulate,
        toStep: steps * recipe.accumulate,
        prepare: (sample, random) => stage.prepare(sample, recipe, task, random),
        onBadImage: this.#options.onBadImage,
      });
      await this.#runSteps(stage, step, source, steps, seed);
      this.#carried = weightsOf({ tensors: await this.#tensors(step) });
      return source.skipped;
    } finally {
      await step.release();
      await engine.drop(step.variables.map(({ name }) => name));
    }
  }

  async #runSteps(stage: Stage, step: TrainingStep, source: Batches, steps: number, seed: number): Promise<void> {
    const { signal, watcher = {} } = this.#options;
    const { recipe } = this.#run;
    const group: Batch[] = [];
    for await (const batch of source) {
      group.push(batch);
      if (group.length < recipe.accumulate) continue;
      const result = await step.run(
        group.map(({ arrays }) => arrays),
        { step: this.#stageStep, seed },
      );
      if (!result.updated) throw this.#notFinite(result, group);
      group.length = 0;
      this.step++;
      this.#stageStep++;
      await this.#record(stage, result);
      watcher.step?.({ step: this.step, steps: this.steps, loss: result.total, rate: result.rate });
      const ended = this.#stageStep === steps;
      const score = await this.#evaluate(stage, step, ended);
      if (score !== null || ended || signal?.aborted || this.step % recipe.checkpointEvery === 0) {
        await this.#checkpoint(step, score);
      }
      if (signal?.aborted && !(ended && this.step === this.steps)) throw new Interrupted("interrupted");
    }
  }

  /** First values of a stage's variables. Resuming: all of them; otherwise the weights of the stages before. */
  #given(step: TrainingStep): Named<NdArray> {
    const { weights = this.#carried, optimizer = {}, averages = {} } = this.#resumed?.tensors ?? {};
    const named = Object.entries(averages).map(([name, value]) => [averagePrefix + name, value]);
    const known: Named<NdArray> = { ...weights, ...optimizer, ...Object.fromEntries(named) };
    const wanted = step.variables.map(({ name }) => name).filter((name) => name in known);
    return Object.fromEntries(wanted.map((name) => [name, known[name]]));
  }

  /** Everything to go on from, and what earlier stages left. */
  async #tensors(step: TrainingStep): Promise<Checkpoint["tensors"]> {
    const kept = step.variables.filter(({ kind }) => kind !== "scratch");
    const values = await this.#options.engine.get(kept.map(({ name }) => name));
    const of = (...kinds: string[]) =>
      Object.fromEntries(kept.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => [name, values[name]]));
    const averages = Object.entries(of("average")).map(([name, value]) => [name.slice(averagePrefix.length), value]);
    return {
      weights: { ...this.#carried, ...of("parameter", "running") },
      optimizer: of("optimizer"),
      ...(averages.length > 0 && { averages: Object.fromEntries(averages) }),
    };
  }

  async #checkpoint(step: TrainingStep, score: number | null): Promise<void> {
    const { platform, folder } = this.#options;
    const progress = { step: this.step, stage: this.#stage, stageStep: this.#stageStep, window: this.#window, score };
    const tensors = await this.#tensors(step);
    await writeCheckpoint(platform, folder, { progress, tensors }, { keep: this.#run.recipe.keepCheckpoints });
  }

  /** A line of the log for every `logEvery` steps: means over them. */
  async #record(stage: Stage, { terms, total, gradientNorm, rate }: StepResult): Promise<void> {
    const { sums, count } = this.#window;
    const values: Named<number> = { ...prefixed(terms), loss: total, gradientNorm };
    const next = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, (sums[name] ?? 0) + value]));
    this.#window = { count: count + 1, sums: next };
    if (this.step % this.#run.recipe.logEvery !== 0 && this.step !== this.steps) return;
    const mean = (name: string) => next[name] / (count + 1);
    await this.#log.write({
      step: this.step,
      stage: stage.name,
      loss: mean("loss"),
      terms: Object.fromEntries(Object.keys(terms).map((name) => [name, mean(`term:${name}`)])),
      learningRate: rate,
      gradientNorm: mean("gradientNorm"),
    });
    this.#window = emptyWindow;
  }

  /** Mean IoU with the weights that prediction would use, when it is time; only the last stage makes a whole model. */
  async #evaluate(stage: Stage, step: TrainingStep, ended: boolean): Promise<number | null> {
    const { engine, validation, validationImages = 200, onBadImage = "fail", watcher = {} } = this.#options;
    const { evaluateEvery } = this.#run.recipe;
    const due = evaluateEvery > 0 && (ended || this.step % evaluateEvery === 0);
    if (!due || validation === null || this.#stage < this.#stages.length - 1) return null;
    const model = trainedModel(this.#run, weightsOf({ tensors: await this.#tensors(step) }), `step ${this.step}`);
    const scores = await validationScore({ engine, model, dataset: validation, limit: validationImages, onBadImage });
    if (scores === null) return null;
    const line = { step: this.step, stage: stage.name, ...scores };
    await this.#log.write(line);
    watcher.evaluation?.(line);
    return scores.meanIoU;
  }

  #notFinite({ terms, gradientNorm }: StepResult, group: readonly Batch[]): InputError {
    const parts = [...Object.entries(terms), ["gradient norm", gradientNorm] as const].map(
      ([name, value]) => `${name} ${value}`,
    );
    const files = group.flatMap(({ sources }) => sources);
    return new InputError(
      `training: expected a finite loss, got ${parts.join(", ")} at step ${this.step + 1}, in the batch of ${files.join(", ")}. ` +
        "Check these files and their masks, or lower learningRate; the last checkpoint is from before.",
    );
  }
}

/** What the names of moving averages in the engine's store begin with; a checkpoint names them as their parameters. */
const averagePrefix = "average/";

const emptyWindow: Progress["window"] = { count: 0, sums: {} };

function prefixed(terms: Named<number>): Named<number> {
  return Object.fromEntries(Object.entries(terms).map(([name, value]) => [`term:${name}`, value]));
}
