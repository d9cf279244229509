/** What a method gives, checked where it is first known: a mistake found after an hour of training is found too late. */
import { requireArrays } from "../array/check-arrays.ts";
import { isObject, shown } from "../errors.ts";
import type { Imported, Method } from "./method.ts";
import { baseRecipe } from "./recipe.ts";
import { isText, requirementsOf, type Unknown } from "./requirements.ts";
import type { Study } from "./study.ts";

/** Throws InputError, which begins with `where`, where a value is no method or its recipes are not of it. */
export function requireMethod(method: Method, where: string): void {
  const { require } = requirementsOf(where);
  const { name, vocabulary, paper, recipes } = method as Unknown<Method>;
  require(isText(name), "a name", shown(name));
  for (const key of ["stages", "model", "validate"] as const) {
    require(typeof method[key] === "function", `a function ${key}`, typeof method[key]);
  }
  const optional = [
    "ready",
    "settingsFor",
    "notesOf",
    "views",
    "groups",
    "patches",
    "classifier",
    "adopt",
    "encoder",
    "imports",
  ] as const;
  for (const key of optional) {
    require(method[key] === undefined || typeof method[key] === "function", `a function ${key} or none`, typeof method[
      key
    ]);
  }
  require(vocabulary === "closed" || vocabulary === "open", 'vocabulary "closed" or "open"', shown(vocabulary));
  const texts = isObject(paper) ? ["authors", "title", "venue", "url"].map((key) => paper[key]) : [undefined];
  require(texts.every((text) => typeof text === "string"), "paper with authors, title, venue and url", shown(paper));
  require(isObject(recipes) && Object.keys(recipes).length > 0, "recipes by name, at least one", shown(recipes));
  for (const [key, recipe] of Object.entries(method.recipes)) requireRecipe(method, key, recipe, where);
  const { predictionFields = [], forms = {}, formerly = {} } = method;
  const areForms = isObject(forms) && Object.values(forms).every((form) => typeof form === "function");
  require(areForms, "forms, functions by name, or none", shown(forms));
  const fields = Object.values(method.recipes).flatMap((recipe) => Object.keys(recipe));
  const areFields = isTexts(predictionFields) && predictionFields.every((field) => fields.includes(field));
  require(areFields, "predictionFields, names of its recipes' fields, or none", shown(predictionFields));
  const areValues =
    isObject(formerly) &&
    Object.entries(formerly).every(([key, value]) => fields.includes(key) && isRecipeValue(value));
  require(areValues, "formerly, values of its recipes' fields, or none", shown(formerly));
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
  require(Number.isSafeInteger(seeds) && Number(seeds) > 0, "seeds, a whole number above 0", shown(seeds));
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
    require(isRecipeValue(value), `${field} as a number, a word, true or false, or a list of them`, shown(value));
  }
}

/** What a recipe's field may hold: what comes back from a file as it was. */
export function isRecipeValue(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((each) => typeof each === "string" || Number.isFinite(each));
  return typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}

/** Throws InputError where published weights were taken, but not said what they are. */
export function requireImported(imported: Imported, where: string): void {
  const { require } = requirementsOf(where);
  // Weights are not written out: millions of numbers.
  const what = isObject(imported) ? "an object" : shown(imported);
  require(isObject(imported), "recipe, weights, outputs and untold of imports, or null", what);
  const { recipe, weights, outputs, untold, notes = [] } = imported as Unknown<Imported>;
  require(isObject(recipe), "recipe of imports", shown(recipe));
  requireArrays(weights, `${where}: weights of imports`);
  requireArrays(imported.kept ?? {}, `${where}: kept of imports`);
  require(outputs === null || Number.isSafeInteger(outputs), "outputs of imports, a whole number or null", shown(
    outputs,
  ));
  require(Array.isArray(untold), "untold of imports, a list of fields", shown(untold));
  require(isTexts(notes), "notes of imports, a list of lines, or none", shown(notes));
}
