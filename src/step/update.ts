/** The update half of a training step: gradients → clipped → new parameters, optimizer state and moving averages. */
import type { Named } from "../array/ndarray.ts";
import type { Parameter } from "../graph/scope.ts";
import { input, type Tensor, variable } from "../graph/tensor.ts";
import type { Recipe } from "../methods/recipe.ts";
import { clip } from "../ops/index.ts";
import { adam, adamw } from "../optimizers/adam.ts";
import { averageDecay, movingAverage } from "../optimizers/average.ts";
import { clipByNorm, globalNorm } from "../optimizers/clip.ts";
import { lookahead } from "../optimizers/lookahead.ts";
import { type Optimizer, type OptimizerState, optimize, scalarPrefix } from "../optimizers/optimizer.ts";
import { radam } from "../optimizers/radam.ts";
import { learningRate, type Schedule } from "../optimizers/schedule.ts";
import { sgd } from "../optimizers/sgd.ts";

/** What of a recipe says how parameters are updated. */
export type OptimizerRecipe = Pick<
  Recipe,
  | "steps"
  | "optimizer"
  | "learningRate"
  | "momentum"
  | "nesterov"
  | "beta1"
  | "beta2"
  | "epsilon"
  | "weightDecay"
  | "schedule"
  | "schedulePower"
  | "scheduleMilestones"
  | "scheduleFactor"
  | "finalRate"
  | "warmupSteps"
  | "warmupStart"
  | "clipNorm"
  | "averageDecay"
  | "accumulate"
>;

/** Factors on learning rate and weight decay of one parameter, and what its numbers are cut to behind each step: default nothing. */
export type Group = (
  parameter: string,
  rank: number,
) => { readonly rate: number; readonly decay: number; readonly range?: readonly [least: number, most: number] };

/** No decay for parameters of one axis: biases, and scales and shifts of norms. */
export const defaultGroup: Group = (_, rank) => ({ rate: 1, decay: rank <= 1 ? 0 : 1 });

function optimizerOf(recipe: OptimizerRecipe): Optimizer {
  const { optimizer, momentum, nesterov, beta1, beta2, epsilon } = recipe;
  switch (optimizer) {
    case "sgd":
      return sgd({ momentum, nesterov });
    case "adam":
      return adam({ beta1, beta2, epsilon });
    case "adamw":
      return adamw({ beta1, beta2, epsilon });
    case "radam-lookahead":
      return lookahead(radam({ beta1, beta2, epsilon }));
  }
}

/** A recipe's schedule as a curve and how the warm-up meets it. */
function shapeOf(schedule: OptimizerRecipe["schedule"]): Pick<Schedule, "kind" | "warmup" | "behind" | "every"> {
  switch (schedule) {
    case "cosine-from-start":
      return { kind: "cosine", warmup: "beside", behind: 1 };
    case "poly-from-start":
      return { kind: "poly", warmup: "beside" };
    case "poly-times-warmup":
      return { kind: "poly", warmup: "times" };
    case "poly-by-10":
      return { kind: "poly", every: 10 };
    default:
      return { kind: schedule };
  }
}

/** The learning rate of step 0, 1, … of a run. */
export function rateOf(recipe: OptimizerRecipe, step: number): number {
  const { schedule } = recipe;
  return learningRate(
    {
      ...shapeOf(schedule),
      rate: recipe.learningRate,
      steps: recipe.steps,
      power: recipe.schedulePower,
      milestones: recipe.scheduleMilestones,
      factor: recipe.scheduleFactor,
      final: recipe.finalRate,
      // A warm-up that would outlast a short run takes a tenth of it.
      warmupSteps: recipe.warmupSteps < recipe.steps ? recipe.warmupSteps : Math.floor(recipe.steps / 10),
      warmupStart: recipe.warmupStart,
    },
    step,
  );
}

export interface UpdateGraph {
  /** New values by the names that they have in the store. */
  readonly next: Named<Tensor>;
  /** Global norm of the gradients before clipping, a scalar. */
  readonly gradientNorm: Tensor;
  readonly state: readonly OptimizerState[];
  /** Moving averages of the weights: store name → the parameter that it follows. */
  readonly averages: Named<string>;
  /** The numbers to feed, by input name, at update `count` = 1, 2, … with rate `rate`. */
  scalars(count: number, rate: number): Named<number>;
}

export function updateGraph(
  parameters: readonly Pick<Parameter, "name" | "tensor">[],
  gradients: readonly Tensor[],
  recipe: OptimizerRecipe,
  group: Group,
  gradientNorm: Tensor = globalNorm(gradients),
): UpdateGraph {
  const optimizer = optimizerOf(recipe);
  const clipped = recipe.clipNorm > 0 ? clipByNorm(gradients, gradientNorm, recipe.clipNorm) : gradients;
  const updates = parameters.map(({ name, tensor }, i) => {
    const { rate, decay, range } = group(name, tensor.shape.length);
    return { name, parameter: tensor, gradient: clipped[i], rate, decay: decay * recipe.weightDecay, range };
  });
  const { next: moved, state } = optimize(optimizer, updates);
  const next: Record<string, Tensor> = { ...moved };
  for (const { name, range } of updates) {
    if (range !== undefined) next[name] = clip(moved[name], { min: range[0], max: range[1] });
  }

  const averages: Record<string, string> = {};
  const averaged: Record<string, Tensor> = {};
  if (recipe.averageDecay > 0) {
    const keep = input("average:keep", []);
    const take = input("average:take", []);
    for (const { name, tensor } of parameters) {
      averages[`average/${name}`] = name;
      averaged[`average/${name}`] = movingAverage(variable(`average/${name}`, tensor.shape), next[name], keep, take);
    }
  }
  return {
    next: { ...next, ...averaged },
    gradientNorm,
    state,
    averages,
    scalars(count, rate) {
      const numbers = optimizer.scalars(count, rate);
      const fed = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [`${scalarPrefix}${name}`, value]));
      const keep = averageDecay(recipe.averageDecay, count);
      return recipe.averageDecay > 0 ? { ...fed, "average:keep": keep, "average:take": 1 - keep } : fed;
    },
  };
}
