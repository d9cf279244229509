/** What changes while a run trains: stage by stage, batches → step → log → evaluation → checkpoint; or a pass over samples. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { type Batch, type Batches, batches } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import { imagesOnly, joinedDatasets } from "../data/label-subset.ts";
import { kindsText } from "../data/labels.ts";
import { labelledDataset, scaledDataset, withMoreKinds } from "../data/views.ts";
import { InputError, Interrupted } from "../errors.ts";
import type { ResolvedRecipe } from "../methods/method.ts";
import type { Pass, Stage, Trained, TrainingStage } from "../methods/stage.ts";
import { beginningOf, partsStartingAnew, shortSideSeen, stagesOf, stepsOf, totalSteps } from "../methods/stages.ts";
import type { Platform } from "../platform/platform.ts";
import { type Checkpoint, type Progress, writeCheckpoint } from "../runs/checkpoint.ts";
import type { EvaluationLine, Log } from "../runs/log.ts";
import { weightsOf } from "../runs/open-run.ts";
import type { Run } from "../runs/run.ts";
import type { DataPlace } from "../runs/run-record.ts";
import { labelsFolder, withStageLabels } from "../runs/stage-labels.ts";
import type { Engine } from "../runtime/engine.ts";
import type { StepResult, TrainingStep } from "../step/step.ts";
import { version } from "../version.ts";
import { judge, keepPictures } from "./judge.ts";
import { type PassResult, requireSeveralClasses, runPass } from "./pass.ts";
import { buildStageStep } from "./stage-step.ts";

export interface TrainOptions extends ResolvedRecipe {
  readonly platform: Platform;
  /** Made for this training; nothing else may keep things in its store meanwhile. */
  readonly engine: Engine;
  /** The run folder: new, empty, or a run to resume. */
  readonly folder: string;
  /** What is learned from: labelled samples, or images alone for recipes that need no labels. */
  readonly dataset: Dataset;
  /** Its samples with all labels that they have, for passes that are scored by some that they do not learn from. Default: `dataset`. */
  readonly truth?: Dataset | null;
  /** More images, without labels, for the stages that need none. */
  readonly unlabelled?: Dataset | null;
  /** Where `dataset` is a part of the labelled samples: of how many, and by which seed it was drawn. */
  readonly labels?: { readonly of: number; readonly seed: number } | null;
  /** Weights to begin with, of one run or several; default: as the recipe's initializers say. */
  readonly from?: readonly Trained[];
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
  /** How the data set was named, kept in the run so that it need not be named again. */
  readonly place?: DataPlace;
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
  /** A pass goes through the samples. */
  pass?(at: { readonly stage: string; readonly done: number; readonly total: number }): void;
  /** Something worth a line: a damaged checkpoint, where a run goes on, what a stage begins with. */
  note?(line: string): void;
}

export class Session {
  readonly steps: number;
  step: number;
  readonly #options: TrainOptions;
  readonly #run: Run;
  readonly #log: Log;
  readonly #stages: readonly Stage[];
  #stage: number;
  #stageStep: number;
  #window: Progress["window"];
  /** What the next stage may begin with: the weights so far, and which stage trained them. */
  #trained: readonly Trained[];
  /** Weights of no use to the stage at hand that later ones need. */
  #kept: Named<NdArray> = {};
  /** The checkpoint that this session goes on from, until its stage has begun. */
  #resumed: Checkpoint | null;

  constructor(options: TrainOptions, run: Run, log: Log, start: Checkpoint | null) {
    this.#options = options;
    this.#run = run;
    this.#log = log;
    const { classes, frequencies } = run.record;
    this.#stages = stagesOf(run, { classes, frequencies });
    this.steps = totalSteps(this.#stages);
    this.step = start?.progress.step ?? 0;
    this.#stage = start?.progress.stage ?? 0;
    this.#stageStep = start?.progress.stageStep ?? 0;
    this.#window = start?.progress.window ?? emptyWindow;
    const begun = start?.about?.stage;
    const now = this.#stages[this.#stage]?.name;
    if (begun !== undefined && begun !== now) {
      throw new InputError(
        `${options.folder}: expected stage ${begun}, which the checkpoint is of, as stage ${this.#stage + 1} of method ${run.method.name}, got ${now ?? "none"}. Resume with the method as it was, or choose another --out.`,
      );
    }
    this.#trained = start === null ? (options.from ?? []) : [];
    this.#resumed = start;
  }

  /** All that is left to do. Returns lines about samples that were skipped. */
  async trainStages(): Promise<string[]> {
    const missed: string[] = [];
    for (; this.#stage < this.#stages.length; this.#stage++) {
      const stage = this.#stages[this.#stage];
      const done = this.#stageStep >= stepsOf(stage);
      if (done && this.#resumed !== null) this.#trained = [this.#leftBy(stage, weightsOf(this.#resumed))];
      if (!done) missed.push(...(await (stage.kind === "pass" ? this.#runPass(stage) : this.#trainStage(stage))));
      this.#resumed = null;
      this.#stageStep = 0;
    }
    return missed;
  }

  #leftBy(stage: Stage, weights: Named<NdArray>): Trained {
    const recipe = stage.kind === "training" ? stage.settings : this.#run.recipe;
    return { weights, stage: stage.name, recipe, source: this.#options.folder };
  }

  async #trainStage(stage: TrainingStage): Promise<readonly string[]> {
    const { engine, watcher = {} } = this.#options;
    const recipe = stage.settings;
    const samples = await this.#samplesFor(stage);
    const before = this.#stages.slice(0, this.#stage);
    // A pass that has masks to learn from hands these on, and they were looked through before the first stage.
    const makesMasks = ({ learnsFrom, ...each }: Stage) =>
      each.kind === "pass" && each.writes?.includes("mask") && !learnsFrom.includes("mask");
    const masked = before.findLast(makesMasks);
    if (masked !== undefined && stage.learnsFrom.includes("mask")) {
      await requireSeveralClasses(samples, masked.name, this.#options.folder);
    }
    const step = await buildStageStep(stage, engine);
    try {
      await step.initialize(recipe.seed, this.#given(stage, step));
      if (this.#stages.length > 1) watcher.note?.(this.#stageLine(stage, step));
      // Stages draw from different streams; the first one's is the seed itself.
      const seed = recipe.seed + 0x9e3779b1 * this.#stage;
      const source = batches(samples, {
        batchSize: recipe.batchSize,
        seed,
        shuffle: stage.shuffles,
        fromStep: this.#stageStep * recipe.accumulate,
        toStep: recipe.steps * recipe.accumulate,
        prepare: (sample, random) => stage.prepare(sample, random),
        onBadImage: this.#options.onBadImage,
      });
      await this.#runSteps(stage, { step, samples }, source, seed);
      this.#trained = [this.#leftBy(stage, weightsOf({ tensors: await this.#tensors(step) }))];
      return source.skipped;
    } finally {
      await step.release();
      await engine.drop(step.variables.map(({ name }) => name));
    }
  }

  /** What a stage learns from: labels that passes before it wrote come first. */
  async #samplesFor(stage: Stage): Promise<Dataset> {
    const { kind, name, learnsFrom } = stage;
    const photographs = kind === "pass" || stage.photographs !== false;
    const { platform, folder, dataset, unlabelled = null } = this.#options;
    const shortSide = shortSideSeen(stage, this.#run.record.shortSide);
    const all = unlabelled === null ? dataset : joinedDatasets(dataset.name, dataset, unlabelled);
    if (learnsFrom.length === 0) return scaledDataset(imagesOnly(all), shortSide);
    // A pass over images alone may have given labels to those that had none.
    const isPassOfAll = (each: Stage) =>
      each.kind === "pass" && each.writes !== undefined && each.learnsFrom.length === 0;
    let labelled = this.#stages.some(isPassOfAll) ? all : dataset;
    for (const each of this.#stages.slice(0, this.#stage)) {
      if (each.kind !== "pass" || each.writes === undefined) continue;
      const place = labelsFolder(folder, each.name);
      labelled = await withStageLabels(platform, place, each.writes, labelled, learnsFrom, { photographs });
    }
    const samples = labelledDataset(labelled, learnsFrom);
    if (samples.ids.length === 0) {
      throw new InputError(
        `${folder}: expected samples with ${kindsText(learnsFrom)} for stage ${name}, got none of ${all.ids.length}: the passes before it wrote no such labels. Correct their visit.`,
      );
    }
    const { truth = null } = this.#options;
    return scaledDataset(withMoreKinds(samples, truth ?? dataset, stage.alsoReads ?? []), shortSide);
  }

  /** Reads every sample once; what comes of it is kept in a checkpoint as after a step. */
  async #runPass(stage: Pass): Promise<readonly string[]> {
    const { platform, engine, folder, onBadImage, signal, watcher = {} } = this.#options;
    const { weights, kept = {}, notes } = beginningOf(stage, this.#trained);
    for (const note of notes) watcher.note?.(note);
    const view = await this.#samplesFor(stage);
    const { truth = null, dataset: learned } = this.#options;
    const dataset = stage.scoredBy === undefined ? view : withMoreKinds(view, truth ?? learned, stage.scoredBy);
    watcher.note?.(
      `stage ${this.#stage + 1} of ${this.#stages.length}, ${stage.name}: a pass over ${dataset.ids.length} images`,
    );
    const result = await runPass({
      ...{ platform, engine, folder, stage, weights, dataset, onBadImage, signal },
      classes: this.#run.record.classes,
      onProgress: (done, total) => watcher.pass?.({ stage: stage.name, done, total }),
    });
    this.step++;
    this.#stageStep = 1;
    await this.#recordPass(stage, result);
    const all = { ...kept, ...weights, ...result.weights };
    await this.#write(stage, { weights: all }, null);
    this.#trained = [this.#leftBy(stage, all)];
    if (signal?.aborted && this.step < this.steps) throw new Interrupted("interrupted");
    return result.skipped;
  }

  /** What a pass is judged by, and its pictures, as those of a training stage. */
  async #recordPass({ name: stage }: Pass, { measures, pictures: all }: PassResult): Promise<void> {
    if (measures.length === 0 && all.length === 0) return;
    const pictures = await keepPictures({ ...this.#options, stage, step: this.step }, all);
    const line: EvaluationLine = { step: this.step, stage, measures, ...(pictures.length > 0 && { pictures }) };
    await this.#log.write(line);
    this.#options.watcher?.evaluation?.(line);
  }

  #stageLine({ name, settings: recipe }: TrainingStage, { model }: TrainingStep): string {
    const trained = model.trained.length;
    const all = [...model.parameters.values()].filter(({ role }) => role === "weight").length;
    const frozen = trained < all ? `, ${all - trained} of ${all} weights frozen` : "";
    return `stage ${this.#stage + 1} of ${this.#stages.length}, ${name}: ${recipe.steps} ${recipe.steps === 1 ? "step" : "steps"} of ${recipe.batchSize}${frozen}`;
  }

  async #runSteps(
    stage: TrainingStage,
    { step, samples }: { readonly step: TrainingStep; readonly samples: Dataset },
    source: Batches,
    seed: number,
  ): Promise<void> {
    const { signal, watcher = {} } = this.#options;
    const recipe = stage.settings;
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
      await this.#record(stage, result);
      watcher.step?.({ step: this.step, steps: this.steps, loss: result.total, rate: result.rate });
      const ended = this.#stageStep === recipe.steps;
      const score = await this.#evaluate(stage, step, samples, ended);
      if (score !== null || ended || signal?.aborted || this.step % recipe.checkpointEvery === 0) {
        await this.#write(stage, await this.#tensors(step), score);
      }
      if (signal?.aborted && !(ended && this.step === this.steps)) throw new Interrupted("interrupted");
    }
  }

  /** First values of a stage's variables. Resuming: all of them; otherwise what it takes from earlier weights. */
  #given(stage: TrainingStage, step: TrainingStep): Named<NdArray> {
    if (this.#resumed !== null) {
      const { weights: all = {}, optimizer = {}, averages = {} } = this.#resumed.tensors;
      const isOwn = ([name]: [string, NdArray]) => step.model.parameters.has(name);
      const weights = Object.fromEntries(Object.entries(all).filter(isOwn));
      this.#kept = Object.fromEntries(Object.entries(all).filter((entry) => !isOwn(entry)));
      const missing = [...step.model.parameters.keys()].find((name) => weights[name] === undefined);
      if (missing !== undefined) {
        // Drawn anew, it would pass for what was trained.
        throw new InputError(
          `${this.#options.folder}: expected all weights of stage ${stage.name} in the checkpoint, got none called ${missing}. Train the run anew.`,
        );
      }
      const named = Object.entries(averages).map(([name, value]) => [averagePrefix + name, value] as const);
      return { ...weights, ...optimizer, ...Object.fromEntries(named) };
    }
    this.#kept = {};
    if (this.#trained.length === 0) return {};
    const beginning = beginningOf(stage, this.#trained);
    const { weights, kept = {}, notes } = beginning;
    this.#kept = kept;
    const anew = partsStartingAnew(step.model, beginning, this.#trained.map(({ source }) => source).join(", "));
    const begins = anew.length === 0 ? "" : `${stage.name}: ${anew.join(", ")} with first values`;
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
      weights: { ...this.#kept, ...of("parameter", "running") },
      optimizer: of("optimizer"),
      ...(averages.length > 0 && { averages: Object.fromEntries(averages) }),
    };
  }

  async #write(stage: Stage, tensors: Checkpoint["tensors"], score: number | null): Promise<void> {
    const { platform, folder } = this.#options;
    const progress = { step: this.step, stage: this.#stage, stageStep: this.#stageStep, window: this.#window, score };
    const recipe = stage.kind === "training" ? stage.settings : this.#run.recipe;
    const about = { method: recipe.method, stage: stage.name, recipe: JSON.stringify(recipe), version };
    await writeCheckpoint(platform, folder, { progress, tensors }, { keep: recipe.keepCheckpoints, about });
  }

  /** A line of the log for every `logEvery` steps: means over them. */
  async #record({ name: stage, settings }: TrainingStage, result: StepResult): Promise<void> {
    const { terms, watched, total, gradientNorm, rate } = result;
    const { sums, count } = this.#window;
    const values: Named<number> = {
      ...{ ...prefixed("term", terms), ...prefixed("watched", watched), loss: total, gradientNorm },
    };
    const next = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, (sums[name] ?? 0) + value]));
    this.#window = { count: count + 1, sums: next };
    const { logEvery, steps } = settings;
    if (this.step % logEvery !== 0 && this.#stageStep !== steps) return;
    const mean = (name: string) => next[name] / (count + 1);
    await this.#log.write({
      step: this.step,
      stage,
      loss: mean("loss"),
      terms: Object.fromEntries(Object.keys(terms).map((name) => [name, mean(`term:${name}`)])),
      ...(Object.keys(watched).length > 0 && {
        watched: Object.fromEntries(Object.keys(watched).map((name) => [name, mean(`watched:${name}`)])),
      }),
      learningRate: rate,
      gradientNorm: mean("gradientNorm"),
    });
    this.#window = emptyWindow;
  }

  /** Scores with the weights that prediction would use, when it is time. Returns that by which checkpoints are compared. */
  async #evaluate(stage: TrainingStage, step: TrainingStep, samples: Dataset, ended: boolean): Promise<number | null> {
    const { evaluateEvery } = stage.settings;
    const due = evaluateEvery > 0 && (ended || this.#stageStep % evaluateEvery === 0);
    if (!due) return null;
    const weights = weightsOf({ tensors: await this.#tensors(step) });
    const judged = { ...this.#options, run: this.#run, stage, weights, step: this.step };
    const { note: onNote } = this.#options.watcher ?? {};
    const found = await judge({ ...judged, onNote, training: () => samples });
    if (found === null) return null;
    const { score, ...rest } = found;
    const line: EvaluationLine = { step: this.step, stage: stage.name, ...rest };
    await this.#log.write(line);
    this.#options.watcher?.evaluation?.(line);
    return score;
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

function prefixed(prefix: string, terms: Named<number>): Named<number> {
  return Object.fromEntries(Object.entries(terms).map(([name, value]) => [`${prefix}:${name}`, value]));
}
