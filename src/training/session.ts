/** What changes while a run trains: stage by stage, batches → step → log → evaluation → checkpoint. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { type Batch, type Batches, batches } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import { imagesOnly, joinedDatasets } from "../data/label-subset.ts";
import { labelledDataset, scaledDataset } from "../data/views.ts";
import { InputError, Interrupted } from "../errors.ts";
import type { Earlier, ResolvedRecipe, Task } from "../methods/method.ts";
import { beginningOf, type PlannedStage, partsStartingAnew, plan } from "../methods/stages.ts";
import type { Platform } from "../platform/platform.ts";
import { type Checkpoint, type Progress, writeCheckpoint } from "../runs/checkpoint.ts";
import type { EvaluationLine, Log } from "../runs/log.ts";
import { type Run, weightsOf } from "../runs/run.ts";
import type { Engine } from "../runtime/engine.ts";
import { buildStep, type StepResult, type TrainingStep } from "../step/step.ts";
import { version } from "../version.ts";
import { judge } from "./judge.ts";

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

export class Session {
  readonly steps: number;
  step: number;
  readonly #options: TrainOptions;
  readonly #run: Run;
  readonly #task: Task;
  readonly #log: Log;
  readonly #stages: readonly PlannedStage[];
  #stage: number;
  #stageStep: number;
  #window: Progress["window"];
  /** What the next stage may begin with: the weights so far, and which stage trained them. */
  #earlier: Earlier | null;
  /** The checkpoint that this session goes on from, until its stage has begun. */
  #resumed: Checkpoint | null;

  constructor(options: TrainOptions, run: Run, log: Log, start: Checkpoint | null) {
    this.#options = options;
    this.#run = run;
    this.#task = { classes: run.record.classes, frequencies: run.record.frequencies };
    this.#log = log;
    this.#stages = plan(run);
    this.steps = this.#stages.reduce((sum, { recipe }) => sum + recipe.steps, 0);
    this.step = start?.progress.step ?? 0;
    this.#stage = start?.progress.stage ?? 0;
    this.#stageStep = start?.progress.stageStep ?? 0;
    this.#window = start?.progress.window ?? emptyWindow;
    this.#earlier = start === null ? (options.from ?? null) : null;
    this.#resumed = start;
  }

  /** All that is left to do. Returns lines about samples that were skipped. */
  async trainStages(): Promise<string[]> {
    const missed: string[] = [];
    for (; this.#stage < this.#stages.length; this.#stage++) {
      const planned = this.#stages[this.#stage];
      if (this.#stageStep < planned.recipe.steps) missed.push(...(await this.#trainStage(planned)));
      else if (this.#resumed !== null) this.#earlier = this.#leftBy(planned, weightsOf(this.#resumed));
      this.#resumed = null;
      this.#stageStep = 0;
    }
    return missed;
  }

  #leftBy({ stage, recipe }: PlannedStage, weights: Named<NdArray>): Earlier {
    return { weights, stage: stage.name, recipe, source: this.#options.folder };
  }

  async #trainStage(planned: PlannedStage): Promise<readonly string[]> {
    const { engine, watcher = {} } = this.#options;
    const { stage, recipe } = planned;
    const task = this.#task;
    const step = await buildStep({
      engine,
      inputs: stage.inputs(recipe, task),
      loss: (scope, batch) => stage.loss(scope, batch, recipe, task),
      recipe,
      ...(stage.trains && { trains: (name: string) => stage.trains?.(name, recipe) ?? true }),
      ...(stage.group && {
        group: (name: string, rank: number) => stage.group?.(name, rank, recipe) ?? { rate: 1, decay: 1 },
      }),
    });
    try {
      await step.initialize(recipe.seed, this.#given(planned, step));
      if (this.#stages.length > 1) watcher.note?.(this.#stageLine(planned, step));
      // Stages draw from different streams; the first one's is the seed itself.
      const seed = recipe.seed + 0x9e3779b1 * this.#stage;
      const source = batches(this.#samplesFor(planned), {
        batchSize: recipe.batchSize,
        seed,
        fromStep: this.#stageStep * recipe.accumulate,
        toStep: recipe.steps * recipe.accumulate,
        prepare: (sample, random) => stage.prepare(sample, recipe, task, random),
        onBadImage: this.#options.onBadImage,
      });
      await this.#runSteps(planned, step, source, seed);
      this.#earlier = this.#leftBy(planned, weightsOf({ tensors: await this.#tensors(step) }));
      return source.skipped;
    } finally {
      await step.release();
      await engine.drop(step.variables.map(({ name }) => name));
    }
  }

  /** What a stage learns from, scaled as the run says. */
  #samplesFor({ stage: { learnsFrom } }: PlannedStage): Dataset {
    const { dataset, unlabelled = null } = this.#options;
    const { shortSide } = this.#run.record;
    if (learnsFrom.length > 0) return scaledDataset(labelledDataset(dataset, learnsFrom), shortSide);
    const images = unlabelled === null ? imagesOnly(dataset) : joinedDatasets(dataset.name, dataset, unlabelled);
    return scaledDataset(images, shortSide);
  }

  #stageLine({ stage, recipe }: PlannedStage, { model }: TrainingStep): string {
    const trained = model.trained.length;
    const all = [...model.parameters.values()].filter(({ role }) => role === "weight").length;
    const frozen = trained < all ? `, ${all - trained} of ${all} weights frozen` : "";
    return `stage ${this.#stage + 1} of ${this.#stages.length}, ${stage.name}: ${recipe.steps} steps of ${recipe.batchSize}${frozen}`;
  }

  async #runSteps(planned: PlannedStage, step: TrainingStep, source: Batches, seed: number): Promise<void> {
    const { signal, watcher = {} } = this.#options;
    const { stage, recipe } = planned;
    const group: Batch[] = [];
    for await (const batch of source) {
      group.push(batch);
      if (group.length < recipe.accumulate) continue;
      const arrays = group.map((batch) => batch.arrays);
      const result = await step.run(arrays, { step: this.#stageStep, seed }).catch((error: unknown) => {
        throw error instanceof InputError ? new InputError(`${error.message} It is ${inBatch(group)}.`) : error;
      });
      if (!result.updated) throw this.#notFinite(result, group);
      group.length = 0;
      this.step++;
      this.#stageStep++;
      await this.#record(stage.name, result);
      watcher.step?.({ step: this.step, steps: this.steps, loss: result.total, rate: result.rate });
      const ended = this.#stageStep === recipe.steps;
      const score = await this.#evaluate(planned, step, ended);
      if (score !== null || ended || signal?.aborted || this.step % recipe.checkpointEvery === 0) {
        await this.#checkpoint(step, score);
      }
      if (signal?.aborted && !(ended && this.step === this.steps)) throw new Interrupted("interrupted");
    }
  }

  /** First values of a stage's variables. Resuming: all of them; otherwise what it takes from earlier weights. */
  #given(planned: PlannedStage, step: TrainingStep): Named<NdArray> {
    if (this.#resumed !== null) {
      const { weights = {}, optimizer = {}, averages = {} } = this.#resumed.tensors;
      const named = Object.entries(averages).map(([name, value]) => [averagePrefix + name, value] as const);
      return { ...weights, ...optimizer, ...Object.fromEntries(named) };
    }
    if (this.#earlier === null) return {};
    const { weights, notes } = beginningOf(planned, this.#earlier, this.#task);
    const anew = partsStartingAnew(step.model, weights, this.#earlier.source);
    const begins = anew.length === 0 ? "" : `${planned.stage.name}: ${anew.join(", ")} with first values`;
    for (const note of [...notes, begins]) if (note !== "") this.#options.watcher?.note?.(note);
    return weights;
  }

  /** Everything to go on from. */
  async #tensors(step: TrainingStep): Promise<Checkpoint["tensors"]> {
    const kept = step.variables.filter(({ kind }) => kind !== "scratch");
    const values = await this.#options.engine.get(kept.map(({ name }) => name));
    const of = (...kinds: string[]) =>
      Object.fromEntries(kept.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => [name, values[name]]));
    const averages = Object.entries(of("average")).map(([name, value]) => [name.slice(averagePrefix.length), value]);
    return {
      weights: of("parameter", "running"),
      optimizer: of("optimizer"),
      ...(averages.length > 0 && { averages: Object.fromEntries(averages) }),
    };
  }

  async #checkpoint(step: TrainingStep, score: number | null): Promise<void> {
    const { platform, folder } = this.#options;
    const progress = { step: this.step, stage: this.#stage, stageStep: this.#stageStep, window: this.#window, score };
    const { stage, recipe } = this.#stages[this.#stage];
    const about = { method: recipe.method, stage: stage.name, recipe: JSON.stringify(recipe), version };
    const checkpoint = { progress, tensors: await this.#tensors(step) };
    await writeCheckpoint(platform, folder, checkpoint, { keep: recipe.keepCheckpoints, about });
  }

  /** A line of the log for every `logEvery` steps: means over them. */
  async #record(stage: string, { terms, total, gradientNorm, rate }: StepResult): Promise<void> {
    const { sums, count } = this.#window;
    const values: Named<number> = { ...prefixed(terms), loss: total, gradientNorm };
    const next = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, (sums[name] ?? 0) + value]));
    this.#window = { count: count + 1, sums: next };
    const { logEvery, steps } = this.#stages[this.#stage].recipe;
    if (this.step % logEvery !== 0 && this.#stageStep !== steps) return;
    const mean = (name: string) => next[name] / (count + 1);
    await this.#log.write({
      step: this.step,
      stage,
      loss: mean("loss"),
      terms: Object.fromEntries(Object.keys(terms).map((name) => [name, mean(`term:${name}`)])),
      learningRate: rate,
      gradientNorm: mean("gradientNorm"),
    });
    this.#window = emptyWindow;
  }

  /**
   * Scores with the weights that prediction would use, when it is time: of a whole model on the validation split, of
   * another by its stage's trial. Returns the mean IoU, by which checkpoints are compared.
   */
  async #evaluate(planned: PlannedStage, step: TrainingStep, ended: boolean): Promise<number | null> {
    const { evaluateEvery } = planned.recipe;
    const due = evaluateEvery > 0 && (ended || this.step % evaluateEvery === 0);
    if (!due) return null;
    const weights = weightsOf({ tensors: await this.#tensors(step) });
    const judged = { ...this.#options, run: this.#run, planned, weights, step: this.step };
    const { note: onNote } = this.#options.watcher ?? {};
    const found = await judge({ ...judged, onNote, training: () => this.#samplesFor(planned) });
    if (found === null) return null;
    const line = { step: this.step, stage: planned.stage.name, ...found };
    await this.#log.write(line);
    this.#options.watcher?.evaluation?.(line);
    return found.scores["mean IoU"] ?? null;
  }

  #notFinite({ terms, gradientNorm }: StepResult, group: readonly Batch[]): InputError {
    const parts = [...Object.entries(terms), ["gradient norm", gradientNorm] as const].map(
      ([name, value]) => `${name} ${value}`,
    );
    return new InputError(
      `training: expected a finite loss, got ${parts.join(", ")} at step ${this.step + 1}, ${inBatch(group)}. ` +
        "Check these files and their masks, or lower learningRate; the last checkpoint is from before.",
    );
  }
}

/** What the names of moving averages in the engine's store begin with; a checkpoint names them as their parameters. */
const averagePrefix = "average/";

function inBatch(group: readonly Batch[]): string {
  return `in the batch of ${group.flatMap(({ sources }) => sources).join(", ")}`;
}

const emptyWindow: Progress["window"] = { count: 0, sums: {} };

function prefixed(terms: Named<number>): Named<number> {
  return Object.fromEntries(Object.entries(terms).map(([name, value]) => [`term:${name}`, value]));
}
