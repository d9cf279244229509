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
import { initialValues, type StepVariable } from "./initial-values.ts";
import { compileStep } from "./step-programs.ts";
import { defaultGroup, type Group, type OptimizerRecipe, rateOf } from "./update.ts";

export interface StepOptions {
  readonly engine: Engine;
  /** Types of one batch, by name; the first axis is the batch. */
  readonly inputs: Named<TensorType>;
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
   * same to the bit. Default: where the engine overwrites.
   */
  readonly inPlace?: boolean;
  /** Bytes that one program of an update in place may write; larger ones are cut. Default 256 MB. */
  readonly updateBytes?: number;
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
  const { engine, inputs, loss, recipe, trains, rests, group = defaultGroup, target = targetOf(engine) } = options;
  const { updateBytes = 256e6 } = options;
  const inPlace = options.inPlace ?? engine.overwrites;
  const rateAt = options.rate ?? ((step: number) => rateOf(recipe, step));
  const accumulates = recipe.accumulate > 1;

  const model = new Model({ training: true, ...(trains && { trains }), ...(rests && { rests }) });
  const batch = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => [name, input(`${batchPrefix}${name}`, shape, dtype)]),
  );
  const { terms, watched = {} } = loss(model.scope, batch);
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
  const programs = await compileStep(
    { model, total, reported, recipe, group },
    { engine, target, inPlace, updateBytes },
  );
  const { forward, updateGraph } = programs;
  for (const { name, tensor } of updateGraph.state) declare("optimizer", name, tensor);
  for (const [name, followed] of Object.entries(updateGraph.averages)) {
    declare("average", name, model.parameters.get(followed)!.tensor);
  }
  for (const [name, parameter] of Object.entries(programs.kept)) {
    declare("scratch", name, model.parameters.get(parameter)!.tensor);
  }

  return {
    model,
    variables,

    initialize: async (seed, given = {}) => {
      await engine.put(initialValues({ model, update: updateGraph, variables }, seed, given));
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

      let results: Named<NdArray> = {};
      const means: Record<string, number> = {};
      for (const [i, given] of list.entries()) {
        const feeds: Record<string, NdArray> = accumulates
          ? { "accumulate:first": scalar(i === 0 ? 1 : 0) }
          : scalars();
        for (const name of Object.keys(inputs)) feeds[`${batchPrefix}${name}`] = given[name];
        for (const noise of model.noises.values()) feeds[`noise:${noise.name}`] = drawn(noise, seed, step, i);
        results = await forward.run(pick(feeds, forward.inputs));
        for (const name of Object.keys(reported)) means[name] = (means[name] ?? 0) + item(results[name]) / list.length;
        if (!Number.isFinite(means.total)) break;
      }
      const { norm: measure, updates } = programs;
      if (measure !== null && Number.isFinite(means.total)) results = { ...results, ...(await measure.run({})) };
      const norm = "gradientNorm" in results ? item(results.gradientNorm) : Number.NaN;
      // What the graph's guard says, in its precision.
      const updated = Number.isFinite(Math.fround(means.total + norm));
      if (updated) {
        for (const part of updates) await part.run(pick({ ...scalars(), gradientNorm: scalar(norm) }, part.inputs));
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

    async release() {
      await Promise.all([programs.forward, programs.norm, ...programs.updates].map((program) => program?.release()));
    },
  };
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

function pick(feeds: Named<NdArray>, names: readonly string[]): Named<NdArray> {
  return Object.fromEntries(names.filter((name) => feeds[name] !== undefined).map((name) => [name, feeds[name]]));
}
