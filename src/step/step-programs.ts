/** The graphs of a training step as programs of an engine: one graph for all of it, or gradients first. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { gradients } from "../autodiff/gradients.ts";
import type { Model } from "../graph/scope.ts";
import { input, type Tensor, variable } from "../graph/tensor.ts";
import { add, mul } from "../ops/index.ts";
import { globalNorm } from "../optimizers/clip.ts";
import { settledAverages, waitingNames } from "./averages.ts";
import { type BatchFeeds, compileBatchPrograms, fedTo } from "./batch-programs.ts";
import { type CompileOptions, type Sequence, writing } from "./programs.ts";
import { type Group, type OptimizerRecipe, type UpdateGraph, updateGraph } from "./update.ts";

export interface StepPrograms {
  /** To be called when the engine has been given weights. */
  begin(): Promise<void>;
  /**
   * Runs the batches of a step, which leave their gradients in the store, and returns what is `reported`: of each batch, up to one whose
   * total is not finite, or of all of them in one.
   * Without `update` it also measures and updates, if total and norm are finite.
   */
  run(batches: readonly BatchFeeds[]): Promise<readonly Named<NdArray>[]>;
  /** The global norm of accumulated gradients, `gradientNorm`; null where `run` reports it. */
  readonly norm: Sequence | null;
  /** Applies the gradients that `run` left, given `gradientNorm`; null where `run` does. */
  readonly update: Sequence | null;
  release(): Promise<void>;
  readonly updateGraph: UpdateGraph;
  /** What is kept between programs, gradients and averages in waiting: parameter by name in the store. */
  readonly kept: Named<string>;
}

export interface StepGraph {
  readonly model: Model;
  readonly total: Tensor;
  /** Scalars to return, the total among them as `total`. */
  readonly reported: Named<Tensor>;
  readonly recipe: OptimizerRecipe;
  readonly group: Group;
}

/** Differentiates a step's loss and compiles the step. */
export function compileStep(graph: StepGraph, options: CompileOptions): Promise<StepPrograms> {
  if (graph.recipe.accumulate > 1) return accumulating(graph, options);
  return options.inPlace ? gradientsFirst(graph, options) : inOne(graph, options);
}

/** Forward, backward and update in one graph, which reads weights and state in one buffer and writes the other. */
async function inOne({ model, total, reported, recipe, group }: StepGraph, options: CompileOptions) {
  const fresh = gradientsOf(model, total);
  const update = updateGraph(model.trained, fresh, recipe, group);
  const { gradientNorm } = update;
  const outputs = { ...reported, gradientNorm, guard: add(total, gradientNorm) };
  const next = { ...Object.fromEntries(model.updates), ...update.next };
  const { hostCalls } = model;
  const all = await writing(outputs, next, { ...options, hostCalls, commitIf: "guard" });
  return { ...runningOnce(all), norm: null, update: null, updateGraph: update, kept: {} };
}

/**
 * Gradients into the store first, and the update once total and norm are known to be finite: then there is nothing to
 * take back, and weights and state can be overwritten where they are.
 */
async function gradientsFirst(graph: StepGraph, options: CompileOptions): Promise<StepPrograms> {
  const { model, total, reported, recipe, group } = graph;
  const trained = model.trained;
  const fresh = gradientsOf(model, total);
  const kept = keptGradients(model);
  const update = updateGraph(trained, kept, recipe, group, input("gradientNorm", []));
  const gradientNorm = globalNorm(fresh);
  const outputs = { ...reported, gradientNorm, guard: add(total, gradientNorm) };
  const left = trained.map(({ name }, i) => [gradientOf(name), fresh[i]] as const);
  const next = Object.fromEntries([...left, ...model.updates]);
  const { hostCalls } = model;
  const forward = await writing(outputs, next, { ...options, hostCalls, commitIf: "guard", over: gradientOf("") });
  let apply: Sequence;
  try {
    apply = await writing({}, update.next, { ...options, over: "" });
  } catch (error) {
    await forward.release();
    throw error;
  }
  return {
    ...runningOnce(forward),
    ...{ norm: null, update: apply, updateGraph: update, kept: keptNames(model) },
    release: async () => {
      await Promise.all([forward.release(), apply.release()]);
    },
  };
}

/** Gradients of several batches, added up, then as `gradientsFirst`. */
async function accumulating(graph: StepGraph, options: CompileOptions): Promise<StepPrograms> {
  const { model, total, reported, recipe, group } = graph;
  const { accumulate } = recipe;
  const trained = model.trained;
  const fresh = gradientsOf(model, total);
  const mean = keptGradients(model).map((sum) => mul(sum, 1 / accumulate));
  const update = updateGraph(trained, mean, recipe, group, input("gradientNorm", []));
  const batch = {
    ...{ model, reported, averages: model.updates, hostCalls: model.hostCalls },
    gradients: Object.fromEntries(trained.map(({ name }, i) => [gradientOf(name), fresh[i]])),
  };
  const programs = await compileBatchPrograms(batch, options, accumulate);
  const built: Sequence[] = [];
  const release = async () => {
    await Promise.all([programs, ...built].map((program) => program.release()));
  };
  try {
    built.push(await writing({ gradientNorm: globalNorm(mean) }, {}, options));
    built.push(await writing({}, { ...update.next, ...settledAverages(model) }, { ...options, over: "" }));
  } catch (error) {
    await release();
    throw error;
  }
  const [norm, apply] = built;
  return {
    begin: () => programs.share("all"),
    async run(batches) {
      await programs.share("trained");
      return programs.run(batches);
    },
    ...{ norm, update: apply, release, updateGraph: update },
    kept: { ...keptNames(model), ...waitingNames(model) },
  };
}

/** Steps of one batch. */
const runningOnce = (program: Sequence): Pick<StepPrograms, "begin" | "run" | "release"> => ({
  begin: async () => {},
  run: async ([feeds]) => [await program.run(fedTo(program, feeds()))],
  release: () => program.release(),
});

/** Where a parameter's gradient is in the store. */
export const gradientOf = (parameter: string) => `gradient/${parameter}`;

/** The gradients in the store, in the order of the parameters that train. */
export const keptGradients = (model: Model) =>
  model.trained.map(({ name, tensor }) => variable(gradientOf(name), tensor.shape));

/** What is kept between programs: store name → parameter. */
export const keptNames = (model: Model) =>
  Object.fromEntries(model.trained.map(({ name }) => [gradientOf(name), name]));

function gradientsOf(model: Model, total: Tensor): Tensor[] {
  return gradients(
    total,
    model.trained.map(({ tensor }) => tensor),
  );
}
