/** Stages, models and what they give, checked where they are first known: after an hour of training is too late. */
import { requireArrays } from "../array/check-arrays.ts";
import { isObject, shown } from "../errors.ts";
import { isRecipeValue } from "./check-method.ts";
import { type PredictionModel, type Preparation, resizeFilters, type SemanticModel, windowingNames } from "./model.ts";
import { baseRecipe } from "./recipe.ts";
import { isByte, isKinds, isSize, isText, kindNames, requirementsOf, type Unknown } from "./requirements.ts";
import type { Beginning, Stage, Trial } from "./stage.ts";

/** Lower-case words: a stage's name is a folder's, and part of messages. */
const stageName = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** Throws InputError, which begins with `where`, where stages are none, or lack what the shared rooms ask of them. */
export function requireStages(stages: readonly Stage[], where: string): void {
  const { require } = requirementsOf(where);
  require(Array.isArray(stages) && stages.length > 0, "stages, a list of at least one", shown(stages));
  const names = new Set<unknown>();
  for (const [index, stage] of stages.entries()) {
    require(isObject(stage), `stage ${index + 1} as a value`, shown(stage));
    const { name } = stage as Unknown<Stage>;
    const expected = `a name of lower-case letters, digits and hyphens of stage ${index + 1}`;
    require(typeof name === "string" && stageName.test(name), expected, shown(name));
    require(!names.has(name), "names of stages that differ", `${shown(name)} twice`);
    names.add(name);
    requireStage(stage, `${where}, stage ${stage.name}`);
  }
}

function requireStage(stage: Stage, where: string): void {
  const { require, functions } = requirementsOf(where);
  const { kind, learnsFrom } = stage as Unknown<Stage>;
  require(kind === "training" || kind === "pass", 'kind "training" or "pass"', shown(kind));
  require(isKinds(learnsFrom), `learnsFrom as a list of ${kindNames}`, shown(learnsFrom));
  const { alsoReads } = stage as Unknown<Stage>;
  require(alsoReads === undefined || isKinds(alsoReads), `alsoReads as a list of ${kindNames}`, shown(alsoReads));
  functions(stage, [], ["begin"]);
  if (stage.kind === "pass") {
    require(stage.writes === undefined || isKinds(stage.writes), `writes as a list of ${kindNames}`, shown(
      stage.writes,
    ));
    require(stage.scoredBy === undefined || isKinds(stage.scoredBy), `scoredBy as a list of ${kindNames}`, shown(
      stage.scoredBy,
    ));
    functions(stage, ["outputs", "visit"], ["weights", "scores", "pictures"]);
    if (stage.room === undefined) return;
    require(isObject(stage.room) &&
      Number(stage.room.most) >= 0, "room with most, the bytes on disk that it may take", shown(stage.room));
    functions(stage.room, ["bytes", "remedy"], []);
    return;
  }
  const { settings, inputs, photographs } = stage as Unknown<typeof stage>;
  require(photographs === undefined || photographs === false, "photographs false or none", shown(photographs));
  functions(stage, ["prepare", "loss"], ["embed", "trains", "rests", "group"]);
  requireTrials(stage.trials ?? [], `${where}: trials`);
  require(isObject(inputs), "inputs by name", shown(inputs));
  require(isObject(settings), "settings, the recipe as it trains", shown(settings));
  if (!isObject(settings)) return;
  for (const field of ["steps", "warmupSteps"]) {
    const value = settings[field];
    require(Number.isSafeInteger(value) && Number(value) >= 0, `settings.${field} a whole number from 0`, shown(value));
  }
  for (const field of Object.keys(baseRecipe)) {
    require(isRecipeValue(settings[field]), `settings.${field} as recipes have it`, shown(settings[field]));
  }
}

/** Throws InputError, which begins with `where`, where a model lacks what prediction asks of it. */
export function requireModel(model: PredictionModel, where: string): void {
  const { require, functions } = requirementsOf(where);
  const { kind } = (isObject(model) ? model : {}) as Unknown<PredictionModel>;
  require(kind === "semantic" || kind === "panoptic", 'a model of kind "semantic" or "panoptic"', shown(kind));
  if (model.kind === "panoptic") {
    require(isSize(model.size), "size as [height, width] of its view", shown(model.size));
    const padding: unknown = model.padding;
    const isColor = Array.isArray(padding) && padding.length === 3 && padding.every((value) => isByte(value));
    require(isColor, "padding as [red, green, blue]", shown(padding));
    functions(model, ["outputs", "segments"], ["labels", "confidence"]);
    return;
  }
  functions(model, ["scores"], ["refine"]);
  const { stride, remainder = 0, window, windowing } = model as Unknown<SemanticModel>;
  require(Number.isSafeInteger(stride) && Number(stride) > 0, "stride, a whole number above 0", shown(stride));
  const fits = Number.isSafeInteger(remainder) && Number(remainder) >= 0 && Number(remainder) < Number(stride);
  require(fits, "remainder, a whole number from 0 below stride", shown(remainder));
  require(window === undefined || isSize(window), "window as [height, width], or none", shown(window));
  const { anySize = false } = model as Unknown<SemanticModel>;
  require(typeof anySize === "boolean", "anySize, true or false, or none", shown(anySize));
  const isKnown = windowing === undefined || windowingNames.some((name) => name === String(windowing));
  require(isKnown, `windowing as one of ${windowingNames.join(", ")}`, shown(windowing));
  const { averages } = model as Unknown<SemanticModel>;
  require(averages === undefined || averages === "logits", 'averages as "logits", or none', shown(averages));
  requirePreparation(model.preparation, require);
}

function requirePreparation(
  preparation: unknown,
  require: (holds: boolean, expected: string, got: string) => void,
): void {
  if (preparation === undefined) return;
  require(isObject(preparation), "preparation, or none", shown(preparation));
  const { shortSide, longSide, antialias, filter = "bilinear" } = preparation as Unknown<Preparation>;
  const isFilter = resizeFilters.some((name) => name === filter);
  require(isFilter, `preparation with filter as one of ${resizeFilters.join(", ")}, or none`, shown(filter));
  for (const [name, side] of Object.entries({ shortSide, longSide })) {
    const isSide = side === undefined || (Number.isSafeInteger(side) && Number(side) > 0);
    require(isSide, `preparation with ${name}, a whole number above 0, or none`, shown(side));
  }
  require(antialias === undefined ||
    typeof antialias === "boolean", "preparation with antialias, true or false, or none", shown(antialias));
}

/** Throws InputError where a graph gives something else than a class score for each pixel of its window. */
export function requireScores(scores: unknown, expected: readonly number[], where: string): void {
  const { dtype, shape } = (isObject(scores) ? scores : {}) as { readonly dtype?: unknown; readonly shape?: unknown };
  const isSame = Array.isArray(shape) && String(shape) === String(expected) && dtype === "float32";
  const got = Array.isArray(shape) ? `[${shape.join(", ")}] ${dtype}` : shown(scores);
  requirementsOf(where).require(isSame, `scores of [${expected.join(", ")}] float32, one for each class`, got);
}

/** Throws InputError where a stage does not say what it begins with. */
export function requireBeginning(beginning: Beginning, where: string): void {
  const { require } = requirementsOf(where);
  require(isObject(beginning), "weights and notes of begin", shown(beginning));
  const { weights, kept = {}, anew = [], notes } = beginning;
  requireArrays(weights, `${where}: weights of begin`);
  requireArrays(kept, `${where}: kept of begin`);
  require(Array.isArray(anew) &&
    anew.every((name) => typeof name === "string"), "anew of begin, a list of names, or none", shown(anew));
  require(Array.isArray(notes) &&
    notes.every((note) => typeof note === "string"), "notes of begin, a list of lines", shown(notes));
}

/** Throws InputError where looks at a network lack what the shared rooms ask of them. */
export function requireTrials(trials: readonly Trial[], where: string): void {
  const { require } = requirementsOf(where);
  require(Array.isArray(trials), "a list", shown(trials));
  for (const [index, trial] of trials.entries()) {
    const of = requirementsOf(`${where} ${index + 1}`);
    of.require(isObject(trial), "a value", shown(trial));
    const { name, images, learnsFrom } = trial as Unknown<Trial>;
    of.require(isText(name), "a name", shown(name));
    of.require(Number.isSafeInteger(images) && Number(images) > 0, "images, a whole number above 0", shown(images));
    of.require(
      learnsFrom === undefined || isKinds(learnsFrom),
      `learnsFrom as a list of ${kindNames}`,
      shown(learnsFrom),
    );
    of.functions(trial, ["prepare", "outputs"], ["scores", "pictures"]);
  }
}

/** Throws InputError where a graph gives nothing. */
export function requireOutputs(outputs: unknown, where: string): void {
  const fits = isObject(outputs) && Object.keys(outputs).length > 0 && Object.values(outputs).every(isObject);
  requirementsOf(where).require(
    fits,
    "outputs of a graph by name, at least one",
    isObject(outputs) ? "none" : shown(outputs),
  );
}
