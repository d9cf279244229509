/** Test support: a training step in miniature, two layers on six numbers, and what some of its steps give. */
import { float32, type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { sizeOf } from "../../src/array/shape.ts";
import type { Scope } from "../../src/graph/scope.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { linear } from "../../src/nn/linear.ts";
import { add, mean, mul, square, sub, tanh } from "../../src/ops/index.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { buildStep, type StepOptions, type StepResult, type TrainingStep } from "../../src/step/step.ts";
import type { OptimizerRecipe } from "../../src/step/update.ts";

export const recipe: OptimizerRecipe = {
  steps: 10,
  optimizer: "adamw",
  learningRate: 0.01,
  momentum: 0.9,
  nesterov: true,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.1,
  schedule: "cosine",
  schedulePower: 1,
  scheduleMilestones: [],
  scheduleFactor: 1,
  finalRate: 0,
  warmupSteps: 0,
  warmupStart: 0,
  clipNorm: 1,
  averageDecay: 0,
  accumulate: 1,
};

export const features = 6;
export const width = 8;
export const inputsOf = (batch: number) => ({
  x: { dtype: "float32", shape: [batch, features] } as const,
  target: { dtype: "float32", shape: [batch, 2] } as const,
});

/** Two layers, a running mean, and optionally something between them. */
export function net(
  scope: Scope,
  { x, target }: Named<Tensor>,
  between: (hidden: Tensor) => Tensor = (hidden) => hidden,
) {
  const hidden = between(tanh(linear(scope.at("first"), x, width)));
  const average = scope.average("average", [width]);
  scope.update("average", add(mul(average, 0.9), mul(mean(hidden, { axes: [0] }), 0.1)));
  const y = linear(scope.at("second"), hidden, 2);
  return { terms: { error: mean(square(sub(y, target))) } };
}

export function batchOf(batch: number, seed: number): Named<NdArray> {
  const draw = (name: string, shape: number[]) =>
    float32(shape, new Random(seed, name).fillNormal(new Float32Array(sizeOf(shape))));
  return { x: draw("x", [batch, features]), target: draw("target", [batch, 2]) };
}

export interface Run {
  readonly results: readonly StepResult[];
  /** Numbers of all variables that are kept, behind the last step. */
  readonly store: Named<number[]>;
  readonly step: TrainingStep;
}

export interface RunOptions extends Partial<StepOptions> {
  readonly engine: Engine;
  readonly steps?: number;
  readonly batch?: number;
  readonly feed?: (step: number) => Named<NdArray>[];
}

/** Some steps from the same first numbers. The step is released; what it left in the engine is still there. */
export async function runSteps(options: RunOptions): Promise<Run> {
  const { steps = 3, batch = 4, feed = (at) => [batchOf(batch, at)] } = options;
  const step = await buildStep({ inputs: inputsOf(batch), loss: net, recipe, ...options });
  await step.initialize(7);
  const results: StepResult[] = [];
  for (let at = 0; at < steps; at++) results.push(await step.run(feed(at), { step: at, seed: 7 }));
  const names = step.variables.filter(({ kind }) => kind !== "scratch").map(({ name }) => name);
  const kept = await options.engine.get(names);
  const store = Object.fromEntries(Object.entries(kept).map(([name, x]) => [name, toNumbers(x)]));
  await step.release();
  return { results, store, step };
}
