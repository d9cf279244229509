/** What a method gives, checked where it is first known: a mistake found after an hour of training is found too late. */
import { requireArrays } from "../array/check-arrays.ts";
import { labelKinds } from "../data/labels.ts";
import { InputError, shown } from "../errors.ts";
import { isLabelKind } from "./check-labels.ts";
import type { Imported, Method } from "./method.ts";
import type { PredictionModel, SemanticModel } from "./model.ts";
import { baseRecipe } from "./recipe.ts";
import type { Beginning, Stage, Trial } from "./stage.ts";
import type { Study } from "./study.ts";

type Unknown<T> = { readonly [Key in keyof T]?: unknown };

/** Lower-case words: a stage's name is a folder's, and part of messages. */
const stageName = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const windowings = ["smooth", "even", "halves", "tiles", "none"];

/** Throws InputError, which begins with `where`, where a value is no method or its recipes are not of it. */
export function requireMethod(method: Method, where: string): void {
  const { require } = requirementsOf(where);
  const { name, vocabulary, paper, recipes } = method as Unknown<Method>;
  require(isText(name), "a name", shown(name));
  for (const key of ["stages", "model", "validate"] as const) {
    require(typeof method[key] === "function", `a function ${key}`, typeof method[key]);
  }
  for (const key of ["views", "adopt", "imports"] as const) {
    require(method[key] === undefined || typeof method[key] === "function", `a function ${key} or none`, typeof method[
      key
    ]);
  }
  require(vocabulary === "closed" || vocabulary === "open", 'vocabulary "closed" or "open"', shown(vocabulary));
  const texts = isObject(paper) ? ["authors", "title", "venue", "url"].map((key) => paper[key]) : [undefined];
  require(texts.every((text) => typeof text === "string"), "paper with authors, title, venue and url", shown(paper));
  require(isObject(recipes) && Object.keys(recipes).length > 0, "recipes by name, at least one", shown(recipes));
  for (const [key, recipe] of Object.entries(method.recipes)) requireRecipe(method, key, recipe, where);
  if (method.study !== undefined) requireStudy(method.study, `${where}: study`);
}

function requireStudy(study: Study, where: string): void {
  const { require, functions } = requirementsOf(where);
  require(isObject(study), "a value, or none", shown(study));
  const { recipes, dataset, fractions, seeds, parts, standardParts, scaled } = study as Unknown<Study>;
  require(isObject(recipes) && Object.values(recipes).every(isTexts), "recipes by name, each with its settings", shown(
    recipes,
  ));
  require(Object.keys(study.recipes).length > 0, "at least one recipe", "none");
  require(isText(dataset), "a dataset", shown(dataset));
  const isShare = (value: unknown) => typeof value === "number" && value > 0 && value <= 1;
  require(Array.isArray(fractions) &&
    fractions.length > 0 &&
    fractions.every(isShare), "fractions, a list of shares", shown(fractions));
  require(Number.isSafeInteger(seeds) && Number(seeds) > 0, "seeds, a whole number above 0", shownNumber(seeds));
  require(isObject(parts), "parts by name", shown(parts));
  require(isTexts(standardParts) && isTexts(scaled), "lists standardParts and scaled", shown({
    standardParts,
    scaled,
  }));
  functions(study, ["plan"], []);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

/** Throws InputError where a listed recipe is not complete: it is written to a file, and read again by every command. */
function requireRecipe({ name: method }: Method, key: string, recipe: unknown, where: string): void {
  const { require } = requirementsOf(`${where}: recipe ${key}`);
  require(isObject(recipe), "a flat value", shown(recipe));
  if (!isObject(recipe)) return;
  require(isText(key) && recipe.name === key, `name ${shown(key)}, as it is listed`, shown(recipe.name));
  require(recipe.method === method, `method ${shown(method)}, as it is called`, shown(recipe.method));
  const missing = Object.keys(baseRecipe).find((field) => recipe[field] === undefined);
  require(missing === undefined, `the field ${missing} (spread baseRecipe)`, "none");
  for (const [field, value] of Object.entries(recipe)) {
    require(isRecipeValue(value), `${field} as a number, a word, true or false, or a list of them`, shownNumber(value));
  }
}

/** What a recipe's field may hold: what comes back from a file as it was. */
export function isRecipeValue(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((each) => typeof each === "string" || Number.isFinite(each));
  return typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}

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
  functions(stage, [], ["begin"]);
  if (stage.kind === "pass") {
    require(stage.writes === undefined || isKinds(stage.writes), `writes as a list of ${kindNames}`, shown(
      stage.writes,
    ));
    functions(stage, ["outputs", "visit"], ["weights"]);
    if (stage.room === undefined) return;
    require(isObject(stage.room) &&
      Number(stage.room.most) >= 0, "room with most, the bytes on disk that it may take", shown(stage.room));
    functions(stage.room, ["bytes", "remedy"], []);
    return;
  }
  const { settings, inputs, photographs } = stage as Unknown<typeof stage>;
  require(photographs === undefined || photographs === false, "photographs false or none", shown(photographs));
  functions(stage, ["prepare", "loss"], ["trains", "rests", "group"]);
  requireTrials(stage.trials ?? [], `${where}: trials`);
  require(isObject(inputs), "inputs by name", shown(inputs));
  require(isObject(settings), "settings, the recipe as it trains", shown(settings));
  if (!isObject(settings)) return;
  for (const field of ["steps", "warmupSteps"]) {
    const value = settings[field];
    require(Number.isSafeInteger(value) && Number(value) >= 0, `settings.${field} a whole number from 0`, shownNumber(
      value,
    ));
  }
  for (const field of Object.keys(baseRecipe)) {
    require(isRecipeValue(settings[field]), `settings.${field} as recipes have it`, shownNumber(settings[field]));
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
    functions(model, ["outputs", "segments"], []);
    return;
  }
  functions(model, ["scores"], ["refine"]);
  const { stride, remainder = 0, window, windowing } = model as Unknown<SemanticModel>;
  require(Number.isSafeInteger(stride) && Number(stride) > 0, "stride, a whole number above 0", shownNumber(stride));
  const fits = Number.isSafeInteger(remainder) && Number(remainder) >= 0 && Number(remainder) < Number(stride);
  require(fits, "remainder, a whole number from 0 below stride", shownNumber(remainder));
  require(window === undefined || isSize(window), "window as [height, width], or none", shown(window));
  const isKnown = windowing === undefined || windowings.includes(String(windowing));
  require(isKnown, `windowing as one of ${windowings.join(", ")}`, shown(windowing));
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
  const { weights, kept = {}, notes } = beginning;
  requireArrays(weights, `${where}: weights of begin`);
  requireArrays(kept, `${where}: kept of begin`);
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
    of.require(
      Number.isSafeInteger(images) && Number(images) > 0,
      "images, a whole number above 0",
      shownNumber(images),
    );
    of.require(
      learnsFrom === undefined || isKinds(learnsFrom),
      `learnsFrom as a list of ${kindNames}`,
      shown(learnsFrom),
    );
    of.functions(trial, ["prepare", "outputs"], ["scores", "pictures"]);
  }
}

/** Throws InputError where published weights were taken, but not said what they are. */
export function requireImported(imported: Imported, where: string): void {
  const { require } = requirementsOf(where);
  require(isObject(imported), "recipe, weights, outputs and untold of imports, or null", shown(imported));
  const { recipe, weights, outputs, untold } = imported as Unknown<Imported>;
  require(isObject(recipe), "recipe of imports", shown(recipe));
  requireArrays(weights, `${where}: weights of imports`);
  require(outputs === null || Number.isSafeInteger(outputs), "outputs of imports, a whole number or null", shown(
    outputs,
  ));
  require(Array.isArray(untold), "untold of imports, a list of fields", shown(untold));
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

const kindNames = labelKinds.join(", ");

function isKinds(value: unknown): boolean {
  return Array.isArray(value) && value.every(isLabelKind);
}

function isSize(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((side) => Number.isSafeInteger(side) && side > 0);
}

function isByte(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON has no NaN. */
function shownNumber(value: unknown): string {
  return typeof value === "number" ? String(value) : shown(value);
}

interface Requirements {
  require(holds: boolean, expected: string, got: string): void;
  functions(value: object, needed: readonly string[], optional: readonly string[]): void;
}

function requirementsOf(where: string): Requirements {
  const require: Requirements["require"] = (holds, expected, got) => {
    if (!holds) throw new InputError(`${where}: expected ${expected}, got ${got}. Correct the method.`);
  };
  return {
    require,
    functions(value, needed, optional) {
      for (const name of [...needed, ...optional]) {
        const kind = typeof (value as Readonly<Record<string, unknown>>)[name];
        const fits = kind === "function" || (kind === "undefined" && optional.includes(name));
        require(fits, `a function ${name}`, kind === "undefined" ? "none" : kind);
      }
    },
  };
}
