/** The training step: forward, backward and update, compiled for an engine that keeps weights and state. */
import { item, type Named, type NdArray, scalar, zeros } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { Model, type Noise, type Scope } from "../graph/scope.ts";
import { input, type Target, type Tensor, type TensorType } from "../graph/tensor.ts";
import { add } from "../ops/index.ts";
import type { Engine } from "../runtime/engine.ts";
import { targetOf } from "../runtime/target.ts";
import { fedTo } from "./batch-programs.ts";
import { initialValues, type StepVariable } from "./initial-values.ts";
import { compileJointStep, type Joint, joinedInputs } from "./joint-programs.ts";
import { compileStep } from "./step-programs.ts";
import { defaultGroup, type Group, type OptimizerRecipe, rateOf } from "./update.ts";

export interface StepOptions {
  readonly engine: Engine;
  /** Types of one batch, by name; the first axis is the batch. */
  readonly inputs: Named<TensorType>;
  /**
   * Graph: what the loss needs of a batch, each with the batch as its first axis. A step of several batches then lowers the loss of
   * all of them joined, which is given what this made of each (see `joint-programs.ts`). Default: the loss is given the batch itself,
   * and several batches lower the mean of their losses.
   */
  readonly embed?: (scope: Scope, batch: Named<Tensor>) => Named<Tensor>;
  /** Graph: named scalars; the sum of the terms is what training lowers, watched ones are only reported. */
  readonly loss: (
    scope: Scope,
    batch: Named<Tensor>,
  ) => {
    readonly terms: Named<Tensor>;
    readonly watched?: Named<Tensor>;
  };
  readonly recipe: OptimizerRecipe;
  /** Which parameters train; default all. */
  readonly trains?: (parameter: string) => boolean;
  /** Which parts compute as in prediction; default those that do not train. */
  readonly rests?: (parameter: string) => boolean;
  /** Factors on learning rate and weight decay; default 1 and, for parameters of one axis, no decay. */
  readonly group?: Group;
  /** The learning rate of step 0, 1, …; default as the recipe says. */
  readonly rate?: (step: number) => number;
  /** Default: what the engine can run. */
  readonly target?: Target;
  /**
   * Weights, optimizer state and moving averages are kept once and overwritten by a program of their own, after the
   * gradients were found to be finite. Otherwise they are kept twice, and one program does it all. The numbers are the
   * same to the bit. Default: on the CPU.
   */
  readonly inPlace?: boolean;
}

export interface StepResult {
  /** The named terms of the loss, in float32 as computed; means over the batches of an accumulated step. */
  readonly terms: Named<number>;
  /** The same of what is only watched. */
  readonly watched: Named<number>;
  readonly total: number;
  /** Global norm of the gradients, before clipping. */
  readonly gradientNorm: number;
  readonly rate: number;
  /** False where total or norm is not finite: parameters and state are then as before the step. */
  readonly updated: boolean;
}

export interface TrainingStep {
  readonly model: Model;
  readonly variables: readonly StepVariable[];
  /**
   * Gives every variable its first value: `given` by name where there is one (weights from a file, a checkpoint),
   * otherwise drawn with Random(seed, "init", name) for parameters, zeros or a copy of the parameter for the rest.
   * Throws InputError when a given array has another shape.
   */
  initialize(seed: number, given?: Named<NdArray>): Promise<void>;
  /**
   * One step: `batches` is one batch, or as many as the recipe accumulates; their arrays are handed over. `step` counts
   * from 0; noise is drawn with Random(seed, step, "noise", name), so equal arguments give equal results.
   */
  run(batches: Named<NdArray> | readonly Named<NdArray>[], at: { step: number; seed: number }): Promise<StepResult>;
  release(): Promise<void>;
}

const batchPrefix = "batch:";
const termPrefix = "term:";
const watchedPrefix = "watched:";

/**
 * Builds and compiles a training step: one graph or, to update in place and with accumulation, one for gradients and a
 * small one for the update (see `step-programs.ts`). Host calls cut the first where they are (see `programs.ts`).
 */
export async function buildStep(options: StepOptions): Promise<TrainingStep> {
  const { engine, inputs, embed, loss, recipe, trains, rests } = options;
  const { group = defaultGroup, target = targetOf(engine) } = options;
  const inPlace = options.inPlace ?? engine.device === "cpu";
  const rateAt = options.rate ?? ((step: number) => rateOf(recipe, step));
  const accumulates = recipe.accumulate > 1;

  const model = new Model({ training: true, ...(trains && { trains }), ...(rests && { rests }) });
  const batch = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => [name, input(`${batchPrefix}${name}`, shape, dtype)]),
  );
  const embedded = embed?.(model.scope, batch) ?? batch;
  const joint = embed === undefined || !accumulates ? null : jointOf(model, embedded, recipe.accumulate);
  const { terms, watched = {} } = loss(model.scope, joint?.joined ?? embedded);
  if (joint !== null) requireApart(model, joint);
  requireScalars(watched);
  const total = sumOfTerms(terms);
  const trained = model.trained;
  if (trained.length === 0) {
    throw new InputError(
      `training: expected parameters that train, got ${model.parameters.size} frozen ones. Train some part of the model.`,
    );
  }
  const variables: StepVariable[] = [];
  const declare = (kind: StepVariable["kind"], name: string, { dtype, shape }: TensorType) =>
    variables.push({ name, dtype, shape, kind });
  for (const { name, tensor, role } of model.parameters.values()) {
    declare(role === "weight" ? "parameter" : "running", name, tensor);
  }

  const reported: Record<string, Tensor> = { total };
  for (const [name, term] of Object.entries(terms)) reported[`${termPrefix}${name}`] = term;
  for (const [name, value] of Object.entries(watched)) reported[`${watchedPrefix}${name}`] = value;
  const graph = { model, total, reported, recipe, group };
  const compiling = { engine, target, inPlace };
  const programs =
    joint === null ? await compileStep(graph, compiling) : await compileJointStep(graph, joint, compiling);
  const { updateGraph } = programs;
  for (const { name, tensor } of updateGraph.state) declare("optimizer", name, tensor);
  for (const [name, followed] of Object.entries(updateGraph.averages)) {
    declare("average", name, model.parameters.get(followed)!.tensor);
  }
  for (const [name, parameter] of Object.entries(programs.kept)) {
    declare("scratch", name, model.parameters.get(parameter)!.tensor);
  }

  const batchFeeds = (given: Named<NdArray>) =>
    Object.fromEntries(Object.keys(inputs).map((name) => [`${batchPrefix}${name}`, given[name]]));
  return {
    model,
    variables,

    initialize: async (seed, given = {}) => {
      await engine.put(initialValues({ model, update: updateGraph, variables }, seed, given));
      await programs.begin();
    },

    async run(batches, { step, seed }) {
      const list = Array.isArray(batches) ? (batches as readonly Named<NdArray>[]) : [batches as Named<NdArray>];
      if (list.length !== recipe.accumulate) {
        throw new Error(`training step: expected ${recipe.accumulate} batches, got ${list.length}.`);
      }
      const rate = rateAt(step);
      const numbers = updateGraph.scalars(step + 1, rate);
      // Fresh for each run of a program: what is fed is handed over.
      const scalars = () => Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, scalar(value)]));

      const noise = (i: number) =>
        Object.fromEntries(
          [...model.noises.values()].map((each) => [`noise:${each.name}`, drawn(each, seed, step, i)]),
        );
      const ran = await programs.run(
        list.map((given, i) => () => ({
          ...{ ...scalars(), ...batchFeeds(given), ...noise(i) },
        })),
      );
      let results = ran[ran.length - 1];
      const mean = (name: string) => ran.reduce((sum, reports) => sum + item(reports[name]) * (1 / ran.length), 0);
      const means = Object.fromEntries(Object.keys(reported).map((name) => [name, mean(name)]));
      const { norm: measure, update } = programs;
      if (measure !== null && Number.isFinite(means.total)) results = { ...results, ...(await measure.run({})) };
      const norm = "gradientNorm" in results ? item(results.gradientNorm) : Number.NaN;
      // What the graph's guard says, in its precision.
      const updated = Number.isFinite(Math.fround(means.total + norm));
      if (updated && update !== null) {
        await update.run(fedTo(update, { ...scalars(), gradientNorm: scalar(norm) }));
      }
      return {
        terms: Object.fromEntries(Object.keys(terms).map((name) => [name, means[`${termPrefix}${name}`]])),
        watched: Object.fromEntries(Object.keys(watched).map((name) => [name, means[`${watchedPrefix}${name}`]])),
        total: means.total,
        gradientNorm: norm,
        rate,
        updated,
      };
    },

    release: () => programs.release(),
  };
}

function jointOf(model: Model, embedded: Named<Tensor>, count: number): Joint {
  if (model.hostCalls.length > 0) {
    const { name } = model.hostCalls[0];
    throw new InputError(`${name}: expected an embedding without host computations, got one. Move it to the loss.`);
  }
  return { embedded, joined: joinedInputs(embedded, count), averages: new Map(model.updates) };
}

/** A running average that both move would have to wait for both. */
function requireApart(model: Model, { averages }: Joint): void {
  for (const [name, next] of averages) {
    if (model.updates.get(name) === next) continue;
    throw new InputError(`${name}: expected to be of the embedding or of the loss, got both. Move its norm to one.`);
  }
}

function sumOfTerms(terms: Named<Tensor>): Tensor {
  const list = Object.entries(terms);
  if (list.length === 0) throw new InputError("loss: expected at least one named term, got none. Return a scalar.");
  requireScalars(terms);
  return list.map(([, term]) => term).reduce((left, right) => add(left, right));
}

function requireScalars(terms: Named<Tensor>): void {
  for (const [name, { dtype, shape }] of Object.entries(terms)) {
    if (dtype === "float32" && shape.length === 0) continue;
    const got = `${dtype} ${show(shape)}`;
    throw new InputError(`loss ${name}: expected a float32 scalar, got ${got}. Take the mean or the sum of it.`);
  }
}

/** One noise input's numbers; each batch of an accumulated step has its own. */
function drawn({ stream, tensor, distribution }: Noise, seed: number, step: number, index: number): NdArray {
  const array = zeros("float32", tensor.shape);
  const random = new Random(seed, step, "noise", stream).fork(...(index === 0 ? [] : [index]));
  if (distribution === "uniform") random.fillUniform(array.data as Float32Array);
  else random.fillNormal(array.data as Float32Array);
  return array;
}
