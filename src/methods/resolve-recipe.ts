/** From what a user types to one complete recipe: a name, then changes of single values. */
import { InputError, shown, suggestion, UsageError } from "../errors.ts";
import { isRecipeValue } from "./check-method.ts";
import { type Bounds, checksOf, optimizerNames, scheduleNames } from "./checks.ts";
import { findMethod, findRecipe } from "./index.ts";
import type { Method, ResolvedRecipe } from "./method.ts";
import { requireKnownKeys } from "./other-version.ts";
import type { Recipe } from "./recipe.ts";
import type { Trained } from "./stage.ts";
import { anyTask, stagesOf, totalSteps } from "./stages.ts";

type Value = Recipe[keyof Recipe] | boolean | readonly (number | string)[];

/**
 * The recipe called `name` with `settings` such as `learningRate=1e-3` applied in order, checked as a whole.
 * Throws UsageError for an unknown recipe or key (the nearest is offered) and for values that cannot be.
 */
export function resolveRecipe(
  name: string,
  settings: readonly string[] = [],
  methods?: readonly Method[],
): ResolvedRecipe {
  const resolved = recipeToAdopt(name, settings, methods);
  checkRecipe(resolved.method, resolved.recipe);
  return resolved;
}

/** The same, not checked as a whole yet: weights that `adopt` takes into account may change what goes together. */
export function recipeToAdopt(
  name: string,
  settings: readonly string[] = [],
  methods?: readonly Method[],
): ResolvedRecipe {
  const { method, recipe } = findRecipe(name, methods);
  return { method, recipe: settings.reduce(applySetting, recipe) };
}

/**
 * A recipe without the stages that given weights have behind them, and a line for each value that changed. Throws
 * UsageError where the recipe would not use them, or nothing is left to train.
 */
export function adopt(
  { method, recipe }: ResolvedRecipe,
  from: readonly Trained[],
): ResolvedRecipe & { changes: string[] } {
  const changed = from.length === 0 ? recipe : (method.adopt?.(recipe, from) ?? recipe);
  checkRecipe(method, changed);
  return { method, recipe: changed, changes: differences(recipe, changed) };
}

/**
 * The recipe made so long that its stages have `total` steps together, each its share of them and at least one; a warm-up
 * gets shorter as its stage does. Throws UsageError where there are more stages than steps.
 */
export function withSteps(resolved: ResolvedRecipe, total: number): ResolvedRecipe {
  const { method, recipe } = resolved;
  // A stage of no steps is left out by the recipe, and stays so.
  const stages = stagesOf(resolved)
    .filter((stage) => stage.kind === "training")
    .filter(({ settings }) => settings.steps > 0);
  const before = stages.reduce((sum, { settings }) => sum + settings.steps, 0);
  if (total < stages.length) {
    throw new UsageError(
      `recipe ${recipe.name}: expected at least ${stages.length} steps, one for each of ${stages.map(({ name }) => name).join(", ")}, got ${total}. Add some.`,
    );
  }
  const changed: Record<string, unknown> = { ...recipe };
  let [left, rest] = [total, before];
  for (const [index, { settings, fields }] of stages.entries()) {
    const after = stages.length - 1 - index;
    const steps = Math.min(left - after, Math.max(1, Math.round((left * settings.steps) / rest)));
    const { steps: stepsField, warmupSteps } = fields ?? { steps: "steps", warmupSteps: "warmupSteps" };
    changed[stepsField] = steps;
    changed[warmupSteps] = Math.min(settings.warmupSteps, Math.floor((settings.warmupSteps * steps) / settings.steps));
    left -= steps;
    rest -= settings.steps;
  }
  const longer = changed as unknown as Recipe;
  checkRecipe(method, longer);
  return { method, recipe: longer };
}

/**
 * The recipe whose last stage goes on until `total` steps of all stages are done; null where that stage is a pass, or the
 * steps are fewer than there are.
 */
export function withMoreSteps(resolved: ResolvedRecipe, total: number): ResolvedRecipe | null {
  const { method, recipe } = resolved;
  const stages = stagesOf(resolved);
  const last = stages.at(-1);
  const more = total - totalSteps(stages);
  if (last?.kind !== "training" || more < 0) return null;
  const longer = { ...recipe, [last.fields?.steps ?? "steps"]: last.settings.steps + more } as Recipe;
  checkRecipe(method, longer);
  return { method, recipe: longer };
}

/** A recipe read from a file: known method, every key there and of the right type, and no other. Throws InputError. */
export function recipeFrom(value: unknown, where: string, methods?: readonly Method[]): ResolvedRecipe {
  const given = value as Recipe;
  if (
    typeof given !== "object" ||
    given === null ||
    typeof given.method !== "string" ||
    typeof given.name !== "string"
  ) {
    throw new InputError(`${where}: expected a recipe with a name and a method, got something else. Restore the file.`);
  }
  try {
    const method = findMethod(given.method, methods);
    // Under a name of its own, its fields tell on which network it is.
    const all = Object.values(method.recipes);
    const alike = all.find((each) => Object.keys(each).every((key) => Object.hasOwn(given, key)));
    const complete = method.recipes[given.name] ?? alike ?? all[0];
    const what = `a recipe of ${method.name} (see tessera recipes ${complete.name})`;
    requireKnownKeys(given, Object.keys(complete), what, where);
    const former: Recipe = { ...complete, ...method.formerly };
    for (const key of Object.keys(complete) as (keyof Recipe)[]) {
      const line = (from: Recipe) => `${JSON.stringify(key)}: ${JSON.stringify(from[key])}`;
      if (!Object.hasOwn(given, key)) {
        throw new UsageError(
          `expected the key "${key}" (${kindOf(complete[key])}), got none. Add it, such as ${line(former)}.`,
        );
      }
      if (typeof given[key] !== typeof complete[key] || Array.isArray(given[key]) !== Array.isArray(complete[key])) {
        throw new UsageError(
          `${key} must be ${kindOf(complete[key])}, got ${shown(given[key])}. Write one, such as ${line(complete)}.`,
        );
      }
    }
    checkRecipe(method, given);
    return { method, recipe: given };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new InputError(`${where}: ${error.message}`);
  }
}

/** The field that a setting changes. */
export function keyOf(setting: string): string {
  return setting.split("=")[0].trim();
}

/** `recipe` with one value changed: `key=value`, read as the type that the value has now. */
export function applySetting(recipe: Recipe, setting: string): Recipe {
  const where = `recipe ${recipe.name}`;
  const equals = setting.indexOf("=");
  if (equals < 1)
    throw new UsageError(`${where}: a setting must read key=value, got "${setting}". For example: steps=500.`);
  const key = setting.slice(0, equals).trim();
  const text = setting.slice(equals + 1).trim();
  if (!Object.hasOwn(recipe, key))
    throw new UsageError(`${where}: unknown key "${key}". ${suggestion(key, Object.keys(recipe))}`);
  if (key === "name" || key === "method") {
    throw new UsageError(`${where}: ${key} cannot be set, got "${setting}". Choose another recipe with --recipe.`);
  }
  const current = recipe[key as keyof Recipe] as Value;
  const value = valueFrom(text, current);
  if (value === undefined)
    throw new UsageError(`${where}: ${key} must be ${kindOf(current)}, got "${text}". Now it is ${show(current)}.`);
  return { ...recipe, [key]: value };
}

function valueFrom(text: string, like: Value): Value | undefined {
  if (typeof like === "string") return text === "" ? undefined : text;
  if (typeof like === "boolean") return text === "true" ? true : text === "false" ? false : undefined;
  if (typeof like === "number") return numberFrom(text);
  const inside = text.replace(/^\[(.*)\]$/, "$1").trim();
  if (inside === "") return [];
  const parts = inside.split(",").map((part) => part.trim());
  if (typeof like[0] === "string") return parts;
  const numbers = parts.map(numberFrom);
  // A list that is empty now tells not what it is of; the method says whether such parts will do.
  if (like.length === 0 && numbers.every((number) => number === undefined)) return parts;
  return numbers.every((number) => number !== undefined) ? (numbers as number[]) : undefined;
}

function numberFrom(text: string): number | undefined {
  const number = text === "" ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : undefined;
}

function kindOf(value: Value): string {
  if (typeof value === "object")
    return typeof value[0] === "string" ? "words with commas between" : "numbers with commas between";
  return typeof value === "boolean" ? "true or false" : typeof value === "number" ? "a number" : "a word";
}

function show(value: Value): string {
  return typeof value === "object" ? `[${value.join(", ")}]` : String(value);
}

/** What the values that every recipe has may be. */
const ranges: Partial<Record<keyof Recipe, Bounds>> = {
  seed: { least: 0, most: Number.MAX_SAFE_INTEGER, whole: true },
  batchSize: { least: 1, most: 1_000_000, whole: true },
  cropHeight: { least: 1, most: 8192, whole: true },
  cropWidth: { least: 1, most: 8192, whole: true },
  scaleMin: { least: 0, most: 16, above: true },
  scaleMax: { least: 0, most: 16, above: true },
  cropMaxShare: { least: 0, most: 1, above: true },
  flipProbability: { least: 0, most: 1 },
  photometric: { least: 0 },
  steps: { least: 0, most: 99_999_999, whole: true },
  learningRate: { least: 0, above: true },
  momentum: { least: 0, most: 1 },
  beta1: { least: 0, most: 0.999999 },
  beta2: { least: 0, most: 0.999999 },
  epsilon: { least: 0 },
  weightDecay: { least: 0 },
  schedulePower: { least: 0 },
  scheduleFactor: { least: 0 },
  finalRate: { least: 0, most: 1 },
  warmupSteps: { least: 0, whole: true },
  warmupStart: { least: 0, most: 1 },
  clipNorm: { least: 0 },
  averageDecay: { least: 0, most: 0.999999 },
  accumulate: { least: 1, most: 1_000_000, whole: true },
  logEvery: { least: 1, whole: true },
  checkpointEvery: { least: 1, whole: true },
  keepCheckpoints: { least: 1, whole: true },
  evaluateEvery: { least: 0, whole: true },
};

const choices: Partial<Record<keyof Recipe, readonly string[]>> = {
  optimizer: optimizerNames,
  schedule: scheduleNames,
};

/** Throws UsageError when a value is out of range or values do not go together. */
export function checkRecipe(method: Method, recipe: Recipe): void {
  const where = `recipe ${recipe.name}`;
  const { number } = checksOf(recipe);
  if (recipe.method !== method.name) {
    throw new UsageError(
      `${where}: method must be ${method.name}, got ${shown(recipe.method)}. Name the method that it is of.`,
    );
  }
  const odd = Object.entries(recipe).find(([, value]) => !isRecipeValue(value));
  if (odd !== undefined) {
    throw new UsageError(
      `${where}: ${odd[0]} must be a finite number, a word, true or false, or a list, got ${String(odd[1])}. Change it.`,
    );
  }
  for (const [key, bounds] of Object.entries(ranges) as [keyof Recipe, Bounds][]) {
    number(key, bounds, "Change it with --set.");
  }
  for (const [key, known] of Object.entries(choices) as [keyof Recipe, readonly string[]][]) {
    const value = String(recipe[key]);
    if (!known.includes(value))
      throw new UsageError(
        `${where}: ${key} must be one of ${known.join(", ")}, got ${value}. ${suggestion(value, known)}`,
      );
  }
  const { scheduleMilestones: milestones = [] } = recipe;
  if (milestones.some((share, i) => !(share >= (milestones[i - 1] ?? 0) && share <= 1))) {
    throw new UsageError(
      `${where}: scheduleMilestones must be shares of the steps from 0 to 1 in ascending order, got [${milestones.join(", ")}]. As in 0.5, 0.75.`,
    );
  }
  if (recipe.scaleMin > recipe.scaleMax) {
    throw new UsageError(
      `${where}: scaleMin must be at most scaleMax (${recipe.scaleMax}), got ${recipe.scaleMin}. Change one of them.`,
    );
  }
  method.validate(recipe);
  // A recipe of no steps may leave out all stages: that is its fault, not the method's.
  const isEmpty = recipe.steps === 0 && method.stages(recipe, anyTask)?.length === 0;
  if (isEmpty || totalSteps(stagesOf({ method, recipe })) === 0) {
    throw new UsageError(
      `${where}: steps must be at least 1 where no other stage has any, got 0. Change it with --set.`,
    );
  }
}

/** Where two records differ, a line for each key: `learningRate: 0.1 → 0.01`. */
export function differences(before: object, after: object): string[] {
  const [a, b] = [before as Record<string, unknown>, after as Record<string, unknown>];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys.flatMap((key) => {
    const [left, right] = [a[key], b[key]].map((value) => (value === undefined ? "none" : JSON.stringify(value)));
    return left === right ? [] : [`${key}: ${left} → ${right}`];
  });
}
