/** The graphs of a training step as programs of an engine: one graph for all of it, or gradients first. */
import type { Named } from "../array/ndarray.ts";
import { gradients } from "../autodiff/gradients.ts";
import { replacing } from "../graph/graph.ts";
import type { HostCall, Model } from "../graph/scope.ts";
import { input, node, type Target, type Tensor, variable } from "../graph/tensor.ts";
import { add, greater, mul, where } from "../ops/index.ts";
import { globalNorm } from "../optimizers/clip.ts";
import type { Engine } from "../runtime/engine.ts";
import { compile, type Sequence } from "./programs.ts";
import { type Group, type OptimizerRecipe, type UpdateGraph, updateGraph } from "./update.ts";

export interface StepPrograms {
  /**
   * One batch: what is `reported`. Inputs besides the model's own: `accumulate:first`, 1 at the first batch of a step
   * (only with accumulation). Without `update` it also measures and updates, if total and norm are finite.
   */
  readonly forward: Sequence;
  /** The global norm of accumulated gradients, `gradientNorm`; null where `forward` reports it. */
  readonly norm: Sequence | null;
  /** Applies the gradients that `forward` left, given `gradientNorm`; null where `forward` does. */
  readonly update: Sequence | null;
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

export interface CompileOptions {
  readonly engine: Engine;
  readonly target: Target;
  /** See `StepOptions`. */
  readonly inPlace: boolean;
}

const nextPrefix = "next:";

/** Differentiates a step's loss and compiles the step. */
export function compileStep(graph: StepGraph, options: CompileOptions): Promise<StepPrograms> {
  return graph.recipe.accumulate > 1 || options.inPlace ? gradientsFirst(graph, options) : inOne(graph, options);
}

/** Forward, backward and update in one graph, which reads weights and state in one buffer and writes the other. */
async function inOne({ model, total, reported, recipe, group }: StepGraph, options: CompileOptions) {
  const fresh = gradientsOf(model, total);
  const update = updateGraph(model.trained, fresh, recipe, group);
  const { gradientNorm } = update;
  const guard = add(total, gradientNorm);
  const next = { ...Object.fromEntries(model.updates), ...update.next };
  const { hostCalls } = model;
  const forward = await writing({ ...reported, gradientNorm, guard }, next, {
    ...options,
    hostCalls,
    commitIf: "guard",
  });
  return { forward, norm: null, update: null, updateGraph: update, kept: {} };
}

/**
 * Gradients into the store first, and the update once total and norm are known to be finite: then there is nothing to
 * take back, and weights and state can be overwritten where they are.
 */
async function gradientsFirst(graph: StepGraph, options: CompileOptions): Promise<StepPrograms> {
  const { model, total, reported, recipe, group } = graph;
  const { accumulate } = recipe;
  const trained = model.trained;
  const fresh = gradientsOf(model, total);
  const kept = trained.map(({ name, tensor }) => variable(`gradient/${name}`, tensor.shape));
  const mean = accumulate > 1 ? kept.map((sum) => mul(sum, 1 / accumulate)) : kept;
  const update = updateGraph(trained, mean, recipe, group, input("gradientNorm", []));

  // The first batch of a step starts the sums anew, whatever they held.
  const first = accumulate > 1 ? greater(input("accumulate:first", []), 0) : null;
  const left = trained.map(
    ({ name }, i) => [`gradient/${name}`, first === null ? fresh[i] : add(where(first, 0, kept[i]), fresh[i])] as const,
  );
  const averages = first === null ? null : averagesInWaiting(model, model.updates, first);
  const built: Sequence[] = [];
  try {
    if (averages === null) {
      const gradientNorm = globalNorm(fresh);
      const outputs = { ...reported, gradientNorm, guard: add(total, gradientNorm) };
      const next = Object.fromEntries([...left, ...model.updates]);
      const { hostCalls } = model;
      built.push(await writing(outputs, next, { ...options, hostCalls, commitIf: "guard", over: "gradient/" }));
    } else {
      const next = Object.fromEntries([...left, ...averages.next]);
      const step = averages.read({ reported, next, hostCalls: model.hostCalls });
      built.push(
        await writing(step.reported, step.next, { ...options, ...step, commitIf: "total", over: "gradient/" }),
      );
      built.push(await writing({ gradientNorm: globalNorm(mean) }, {}, options));
    }
    built.push(await writing({}, { ...update.next, ...averages?.settled }, { ...options, over: "" }));
  } catch (error) {
    await Promise.all(built.map((program) => program.release()));
    throw error;
  }
  const [forward, ...others] = built;
  const [norm, apply] = first === null ? [null, others[0]] : others;
  return {
    forward,
    norm,
    update: apply,
    updateGraph: update,
    kept: {
      ...Object.fromEntries(trained.map(({ name }) => [`gradient/${name}`, name])),
      ...(averages === null ? {} : Object.fromEntries([...model.updates.keys()].map((name) => [waiting(name), name]))),
    },
  };
}

interface AccumulatedStep {
  readonly reported: Named<Tensor>;
  readonly next: Named<Tensor>;
  readonly hostCalls: readonly HostCall[];
}

/** Where a running average waits until the step is known to count: its name in the store. */
export const waiting = (name: string) => `waiting/${name}`;

/**
 * Running averages of a step that accumulates: each batch moves a copy, which takes the average's place when the step
 * does update. So a step that is refused at a later batch has moved none.
 */
export function averagesInWaiting(model: Model, updates: ReadonlyMap<string, Tensor>, first: Tensor) {
  const moved = [...updates].map(([name, next]) => {
    const { tensor } = model.parameters.get(name)!;
    return { name, next, tensor, copy: variable(waiting(name), tensor.shape) };
  });
  const reads = new Map(moved.map(({ tensor, copy }) => [tensor, where(first, tensor, copy)]));
  return {
    next: moved.map(({ name, next }) => [waiting(name), next] as const),
    /** What the averages become: the copies as they are. */
    settled: Object.fromEntries(
      moved.map(({ name, copy }) => [name, node("Identity", [copy], { output: copy, gradient: null })]),
    ),
    /** The graphs of a step, reading the copies from the second batch on. */
    read({ reported, next, hostCalls }: AccumulatedStep): AccumulatedStep {
      const all = [reported, next, ...hostCalls.map(({ inputs }) => inputs)].flatMap((part) => Object.values(part));
      const replaced = replacing(all, reads);
      const reading = (part: Named<Tensor>) =>
        Object.fromEntries(Object.entries(part).map(([key, tensor]) => [key, replaced(tensor)]));
      return {
        reported: reading(reported),
        next: reading(next),
        hostCalls: hostCalls.map((call) => ({ ...call, inputs: reading(call.inputs) })),
      };
    },
  };
}

function gradientsOf(model: Model, total: Tensor): Tensor[] {
  return gradients(
    total,
    model.trained.map(({ tensor }) => tensor),
  );
}

interface WritingOptions extends CompileOptions {
  /** The host calls that the graph has. */
  readonly hostCalls?: readonly HostCall[];
  readonly commitIf?: string;
  /** What the names of entries begin with that may be overwritten, if this is done in place. */
  readonly over?: string;
}

/** Compiles a graph that reports `outputs` and writes `next`, by store name, if the output `commitIf` is finite. */
export function writing(
  outputs: Named<Tensor>,
  next: Named<Tensor>,
  { engine, target, inPlace, hostCalls = [], commitIf, over }: WritingOptions,
): Promise<Sequence> {
  const names = Object.keys(next);
  return compile(
    { ...outputs, ...Object.fromEntries(names.map((name) => [`${nextPrefix}${name}`, next[name]])) },
    {
      engine,
      target,
      hostCalls,
      writes: Object.fromEntries(names.map((name) => [`${nextPrefix}${name}`, name])),
      commitIf,
      overwrite: inPlace && over !== undefined ? names.filter((name) => name.startsWith(over)) : [],
    },
  );
}
