/** Checks of single values of a recipe, for the `validate` of methods: one line that names the key and a remedy. */
import type { ImageAugmentation } from "../data/augment-image.ts";
import { UsageError } from "../errors.ts";
import type { ClassWeightSettings, SegmentationLossSettings } from "../losses/segmentation.ts";
import type { Recipe } from "./recipe.ts";

/** All optimizers and schedules, by name. */
export const optimizerNames: readonly Recipe["optimizer"][] = ["sgd", "adam", "adamw", "radam-lookahead"];
export const scheduleNames: readonly Recipe["schedule"][] = [
  "constant",
  "step",
  "poly",
  "poly-from-start",
  "poly-times-warmup",
  "poly-by-10",
  "cosine",
  "cosine-from-start",
];

/** What a number may be. */
export interface Bounds {
  readonly least: number;
  readonly most?: number;
  readonly whole?: boolean;
  /** The least value itself is excluded. */
  readonly above?: boolean;
}

/** Checks of one recipe's values; each throws UsageError. */
export interface Checks<R extends Recipe> {
  /** `expected` completes "key must be …"; `remedy` is a sentence. */
  require(holds: boolean, key: keyof R & string, expected: string, remedy: string): void;
  number(key: keyof R & string, bounds: Bounds, remedy: string): void;
  oneOf(key: keyof R & string, choices: readonly (string | number)[]): void;
}

export function checksOf<R extends Recipe>(recipe: R): Checks<R> {
  const checks: Checks<R> = {
    require(holds, key, expected, remedy) {
      if (holds) return;
      const value: unknown = recipe[key];
      const got = Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
      throw new UsageError(`recipe ${recipe.name}: ${key} must be ${expected}, got ${got}. ${remedy}`);
    },
    number(key, bounds, remedy) {
      const value = recipe[key];
      checks.require(typeof value === "number" && within(value, bounds), key, textOf(bounds), remedy);
    },
    oneOf(key, choices) {
      const value = recipe[key] as string | number;
      checks.require(choices.includes(value), key, `one of ${choices.join(", ")}`, `Try ${choices[0]}.`);
    },
  };
  return checks;
}

export function within(value: number, { least, most = Infinity, whole = false, above = false }: Bounds): boolean {
  return value >= least && value <= most && !(above && value === least) && (!whole || Number.isInteger(value));
}

/** `a whole number from 1 to 256`, `a number above 0`. */
export function textOf({ least, most = Infinity, whole = false, above = false }: Bounds): string {
  const kind = whole ? "a whole number" : "a number";
  if (above) return `${kind} above ${least}${most < Infinity ? ` and at most ${most}` : ""}`;
  return most < Infinity ? `${kind} from ${least} to ${most}` : `${kind} of at least ${least}`;
}

/** The multiple of `divisor` nearest to `value`, at least one. */
export function nearestMultiple(value: number, divisor: number): number {
  return Math.max(1, Math.round(value / divisor)) * divisor;
}

/** Throws UsageError where the weights of classes are out of range. */
export function checkClassWeights(recipe: Recipe & ClassWeightSettings): void {
  const { number, oneOf } = checksOf(recipe);
  oneOf("classWeights", ["none", "balanced"]);
  number("classWeightLimit", { least: 1 }, "Try 5.");
  number("classWeightPower", { least: 0 }, "Try 0.5.");
}

/** Throws UsageError where the fields of the segmentation loss do not go together. */
export function checkSegmentationLoss(recipe: Recipe & SegmentationLossSettings): void {
  checkClassWeights(recipe);
  const { require, number } = checksOf(recipe);
  require(recipe.labelSmoothing >= 0 &&
    recipe.labelSmoothing < 1, "labelSmoothing", "at least 0 and below 1", "Use 0 for none.");
  const terms = ["crossEntropyWeight", "diceWeight", "focalWeight"] as const;
  for (const key of terms) number(key, { least: 0 }, "Use 0 to leave the term out.");
  require(terms.some((key) => recipe[key] > 0), "crossEntropyWeight", "above 0 where no other loss is used", "Try 1.");
  require(recipe.focalGamma === 0 || recipe.focalGamma >= 1, "focalGamma", "0 or at least 1", "2 is usual.");
}

/** Throws UsageError where a field of the augmentation of photographs without masks is out of range. */
export function checkImageAugmentation(recipe: Recipe & ImageAugmentation): void {
  const { number } = checksOf(recipe);
  const side = { least: 1, whole: true };
  number("cropHeight", side, "Try 224.");
  number("cropWidth", side, "Try 224.");
  number("cropAreaMin", { least: 0, most: 1, above: true }, "Try 0.08.");
  number("cropAreaMax", { least: recipe.cropAreaMin, most: 1 }, "Use 1 for up to the whole picture.");
  number("cropRatioMin", { least: 0, most: 100, above: true }, "Try 0.75.");
  number("cropRatioMax", { least: recipe.cropRatioMin, most: 100 }, "Try 1.33.");
  const share = { least: 0, most: 1 };
  number("flipProbability", share, "Use 0 for never.");
  number("randAugmentOperations", { least: 0, most: 100, whole: true }, "Use 0 for none.");
  number("randAugmentMagnitude", { least: 0, most: 10 }, "Try 9.");
  number("randAugmentDeviation", { least: 0, most: 10 }, "Try 0.5.");
  number("randAugmentProbability", share, "Try 0.5.");
  number("erasingProbability", share, "Use 0 for never.");
}
