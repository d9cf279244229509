/** A recipe's stages as the loop sees them: each with the recipe as it trains, and what it begins with. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { sameShape, show } from "../array/shape.ts";
import { labelKinds } from "../data/labels.ts";
import type { LabelKind } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { Model } from "../graph/scope.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import type { Beginning, Earlier, ResolvedRecipe, Stage, Task } from "./method.ts";
import type { Recipe } from "./recipe.ts";

export interface PlannedStage {
  readonly stage: Stage;
  /** The recipe as the stage trains. */
  readonly recipe: Recipe;
}

/** The stages of a recipe in order. */
export function plan({ method, recipe }: ResolvedRecipe): PlannedStage[] {
  return method.stages(recipe).map((stage) => ({ stage, recipe: stage.recipe?.(recipe) ?? recipe }));
}

/** What the stages of a recipe learn from together. */
export function sourcesOf(resolved: ResolvedRecipe): {
  readonly labels: readonly LabelKind[];
  readonly images: boolean;
} {
  const kinds = plan(resolved).map(({ stage }) => stage.learnsFrom);
  const all = kinds.flat();
  return { labels: labelKinds.filter((kind) => all.includes(kind)), images: kinds.some((each) => each.length === 0) };
}

/** A stage's model: its parameters as its loss declares them. */
export function modelOf({ stage, recipe }: PlannedStage, task: Task): { model: Model; terms: Named<Tensor> } {
  const model = new Model({ training: true, trains: (name) => stage.trains?.(name, recipe) ?? true });
  const batch = Object.entries(stage.inputs(recipe, task)).map(
    ([name, { shape, dtype }]) => [name, input(name, shape, dtype)] as const,
  );
  return { model, terms: stage.loss(model.scope, Object.fromEntries(batch), recipe, task) };
}

/** What a stage takes over from weights that were trained before. */
export function beginningOf({ stage, recipe }: PlannedStage, earlier: Earlier, task: Task): Beginning {
  return stage.begin?.(earlier, recipe, task) ?? { weights: earlier.weights, notes: [] };
}

/**
 * Parts of the model (first words of the parameters' names) that have no weights to begin with and start anew. Throws
 * InputError where a part has some of its weights but not all, weights that the model does not have, or others in shape:
 * then they are of another model, and half a network would pass for a whole one.
 */
export function partsStartingAnew(model: Model, weights: Named<NdArray>, source: string): string[] {
  const partOf = (name: string) => name.split(".")[0];
  const shapeOf = (name: string) => model.parameters.get(name)?.tensor.shape ?? [];
  const known = [...model.parameters.keys()];
  const given = new Set(Object.keys(weights).map(partOf));
  const other = known.find((name) => weights[name] !== undefined && !sameShape(weights[name].shape, shapeOf(name)));
  const missing = known.find((name) => given.has(partOf(name)) && weights[name] === undefined);
  const foreign = Object.keys(weights).find((name) => !model.parameters.has(name));
  const dtypeOf = (name: string) => model.parameters.get(name)?.tensor.dtype;
  const typed = known.find((name) => weights[name] !== undefined && weights[name].dtype !== dtypeOf(name));
  const remedy = "Use a recipe with the same layers, widths and units.";
  if (other !== undefined) {
    const got = show(weights[other].shape);
    throw new InputError(`${source}: expected ${other} of shape ${show(shapeOf(other))}, got ${got}. ${remedy}`);
  }
  if (typed !== undefined) {
    throw new InputError(
      `${source}: expected ${typed} as ${dtypeOf(typed)}, got ${weights[typed].dtype}. Train the run anew.`,
    );
  }
  if (missing !== undefined) {
    throw new InputError(
      `${source}: expected all weights of ${partOf(missing)}, got none called ${missing}. ${remedy}`,
    );
  }
  if (foreign !== undefined) {
    throw new InputError(`${source}: expected weights that the model has, got ${foreign} besides. ${remedy}`);
  }
  return [...new Set(known.map(partOf))].filter((part) => !given.has(part));
}
