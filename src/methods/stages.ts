/** A recipe's stages and its model as the shared rooms see them. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { sameShape, show } from "../array/shape.ts";
import { labelKinds } from "../data/labels.ts";
import type { LabelKind } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { Model, type Parameter, type Scope } from "../graph/scope.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import {
  requireBeginning,
  requireModel,
  requireOutputs,
  requireScores,
  requireStages,
  requireTrials,
} from "./check-stages.ts";
import type { ResolvedRecipe, Task } from "./method.ts";
import type { PredictionModel } from "./model.ts";
import type { Beginning, Losses, Stage, Trained, TrainingStage, Trial } from "./stage.ts";

/** Stands in where no data set is known yet: names, settings and kinds of labels do not depend on it. */
export const anyTask: Task = { classes: [{ name: "class 0", color: [255, 255, 255] }], frequencies: [] };

/** For graphs, sizes and times, which frequencies do not change: all classes are as frequent. */
export const evenTask = (classes: Task["classes"]): Task => ({
  classes,
  frequencies: classes.map(() => 1 / classes.length),
});

/** The stages of a recipe in order. Throws InputError where they lack what the shared rooms ask of them. */
export function stagesOf({ method, recipe }: ResolvedRecipe, task: Task = anyTask): readonly Stage[] {
  const stages = method.stages(recipe, task);
  requireStages(stages, `method ${method.name}`);
  return stages;
}

/** What predicts. Throws InputError where it lacks what prediction asks of it. */
export function modelOf({ method, recipe }: ResolvedRecipe, task: Task): PredictionModel {
  const model = method.model(recipe, task);
  requireModel(model, `method ${method.name}`);
  return model;
}

/** Pictures from inside the model; none where the method has none. Throws InputError where they lack something. */
export function viewsOf({ method, recipe }: ResolvedRecipe, task: Task): readonly Trial[] {
  const views = method.views?.(recipe, task) ?? [];
  requireTrials(views, `method ${method.name}: views`);
  return views;
}

/** Steps that a stage counts for: a pass is one. */
export function stepsOf(stage: Stage): number {
  return stage.kind === "training" ? stage.settings.steps : 1;
}

/** Those of all stages together. */
export function totalSteps(stages: readonly Stage[]): number {
  return stages.reduce((sum, stage) => sum + stepsOf(stage), 0);
}

/** What the stages of a recipe learn from together, but for labels that a pass before writes; more: kinds that samples may lack. */
export function sourcesOf(resolved: ResolvedRecipe): {
  readonly labels: readonly LabelKind[];
  readonly more: readonly LabelKind[];
  readonly images: boolean;
} {
  const written = new Set<LabelKind>();
  const kinds: LabelKind[] = [];
  const also: LabelKind[] = [];
  let images = false;
  for (const stage of stagesOf(resolved)) {
    const needed = stage.learnsFrom.filter((kind) => !written.has(kind));
    kinds.push(...needed);
    also.push(...(stage.alsoReads ?? []).filter((kind) => !written.has(kind)));
    images ||= stage.learnsFrom.length === 0;
    if (stage.kind === "pass") for (const kind of stage.writes ?? []) written.add(kind);
  }
  const more = labelKinds.filter((kind) => also.includes(kind) && !kinds.includes(kind));
  return { labels: labelKinds.filter((kind) => kinds.includes(kind)), more, images };
}

/** Whether a stage writes features, see `Pass`. */
export function writesFeatures(stage: Stage): boolean {
  return stage.kind === "pass" && stage.writes?.includes("features") === true;
}

/** The shorter side that a stage sees photographs at, see `Pass`; 0: as they are. */
export function shortSideSeen(stage: Stage, shortSide: number): number {
  return stage.kind === "pass" && !writesFeatures(stage) ? 0 : shortSide;
}

/** What a stage's graph declares: a model in training, its losses. */
export function trainingModel(stage: TrainingStage): { readonly model: Model; readonly losses: Losses } {
  const { trains, rests } = stage;
  const model = new Model({
    training: true,
    ...(trains && { trains: (name: string) => trains.call(stage, name) }),
    ...(rests && { rests: (name: string) => rests.call(stage, name) }),
  });
  const batch = Object.entries(stage.inputs).map(
    ([name, { shape, dtype }]) => [name, input(name, shape, dtype)] as const,
  );
  const given = Object.fromEntries(batch);
  const losses = stage.loss(model.scope, stage.embed === undefined ? given : embeddingOf(stage, model.scope, given));
  requireOutputs(losses?.terms, `stage ${stage.name}: terms of loss`);
  return { model, losses };
}

/** What a stage's loss is given of a batch, see `TrainingStage.embed`. Throws InputError where it cannot be joined with that of others. */
export function embeddingOf(stage: TrainingStage, scope: Scope, batch: Named<Tensor>): Named<Tensor> {
  const where = `stage ${stage.name}: embed`;
  const embedded = stage.embed?.(scope, batch) ?? batch;
  requireOutputs(embedded, where);
  const { batchSize } = stage.settings;
  for (const [name, { shape }] of Object.entries(embedded)) {
    if (shape[0] === batchSize) continue;
    throw new InputError(
      `${where}: expected the batch of ${batchSize} as the first axis of ${name}, got ${show(shape)}. Correct the method.`,
    );
  }
  return embedded;
}

/** The parameters of the model that predicts, by name; task without classes: of any. window: of a semantic model's image. */
export function predictionParameters(
  { method, recipe }: ResolvedRecipe,
  task: Task,
  window: readonly [number, number],
): ReadonlyMap<string, Parameter> {
  const known = task.classes.length === 0 ? anyTask : task;
  const predictor = modelOf({ method, recipe }, known);
  const model = new Model();
  const where = `method ${method.name}`;
  if (predictor.kind === "semantic") {
    const [height, width] = predictor.window ?? window;
    const scores: unknown = predictor.scores(model.scope, input("window", [1, height, width, 3], "uint8"));
    requireScores(scores, [1, known.classes.length, height, width], where);
  } else {
    const outputs: unknown = predictor.outputs(model.scope, input("window", [1, ...predictor.size, 3], "uint8"));
    requireOutputs(outputs, where);
  }
  return model.parameters;
}

/** Whether a stage's weights are all that the model needs to predict. */
export function predicts(
  resolved: ResolvedRecipe,
  task: Task,
  window: readonly [number, number],
  { predicts: may }: Pick<Stage, "predicts">,
  weights: Named<Pick<NdArray, "shape">>,
): boolean {
  if (may === false) return false;
  const needed = [...predictionParameters(resolved, task, window).values()];
  return needed.every(
    ({ name, tensor }) => weights[name] !== undefined && sameShape(weights[name].shape, tensor.shape),
  );
}

/** Whether a recipe's last stage trains all that its model needs to predict. */
export function endsWhole(resolved: ResolvedRecipe): boolean {
  const last = stagesOf(resolved).findLast((stage) => stage.kind === "training");
  return last !== undefined && hasModel(resolved, last);
}

/** Whether a stage trains all that the model needs to predict. */
export function hasModel(resolved: ResolvedRecipe, { name }: Stage): boolean {
  const stage = stagesOf(resolved).find((each) => each.name === name);
  if (stage?.kind !== "training") return false;
  const { cropHeight, cropWidth } = stage.settings;
  const trained = [...trainingModel(stage).model.parameters].map(([each, { tensor }]) => [each, tensor] as const);
  return predicts(resolved, anyTask, [cropHeight, cropWidth], stage, Object.fromEntries(trained));
}

/** A line for each source whose run had the first stage behind it as well and has gone on since: what that stage left can be taken as it is. */
export function stagesTrainedAgain(resolved: ResolvedRecipe, from: readonly Trained[]): string[] {
  const [first] = stagesOf(resolved);
  if (first.kind !== "training" || first.fields === undefined) return [];
  const { steps } = first.fields;
  return from.flatMap(({ source, stage, recipe }) => {
    if (recipe.method !== resolved.method.name) return [];
    const names = stagesOf({ method: resolved.method, recipe }).map(({ name }) => name);
    const at = names.indexOf(first.name);
    if (at < 0 || names.indexOf(stage) <= at) return [];
    return [
      `${source}: stage ${first.name} is trained again, from what stage ${stage} left. To take it as it was: --set ${steps}=0`,
    ];
  });
}

/** What a stage takes over from weights that were trained before, of one source or several. */
export function beginningOf(stage: Stage, from: readonly Trained[]): Beginning {
  const all = from.map((trained): Beginning => {
    if (stage.begin === undefined) return { weights: trained.weights, notes: [] };
    const beginning = stage.begin(trained);
    requireBeginning(beginning, `stage ${stage.name}`);
    return beginning;
  });
  const sources = new Map<string, string>();
  for (const [index, each] of all.entries()) {
    const { source } = from[index];
    // What is kept for later counts as well: of two, one would be lost without a word.
    for (const name of Object.keys({ ...each.kept, ...each.weights })) {
      const other = sources.get(name);
      if (other !== undefined) {
        throw new InputError(
          `${source}: expected weights that ${other} does not give as well, got ${name} from both. Leave one --from out.`,
        );
      }
      sources.set(name, source);
    }
  }
  return {
    weights: Object.assign({}, ...all.map(({ weights }) => weights)) as Named<NdArray>,
    kept: Object.assign({}, ...all.map(({ kept = {} }) => kept)) as Named<NdArray>,
    anew: all.flatMap(({ anew = [] }) => anew),
    notes: all.flatMap(({ notes }) => notes),
  };
}

/**
 * Parts of the model (first words of the parameters' names) that have no weights to begin with and start anew. Throws
 * InputError where a part has some of its weights but not all (but for those that start anew by intent), weights that the model does not
 * have, or others in shape: then they are of another model, and half a network would pass for a whole one.
 */
export function partsStartingAnew(
  model: Model,
  { weights, anew = [] }: Pick<Beginning, "weights" | "anew">,
  source: string,
): string[] {
  const partOf = (name: string) => name.split(".")[0];
  const shapeOf = (name: string) => model.parameters.get(name)?.tensor.shape ?? [];
  const known = [...model.parameters.keys()];
  const given = new Set(Object.keys(weights).map(partOf));
  const other = known.find((name) => weights[name] !== undefined && !sameShape(weights[name].shape, shapeOf(name)));
  const missing = known.find((name) => given.has(partOf(name)) && weights[name] === undefined && !anew.includes(name));
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
