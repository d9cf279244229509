import { UsageError } from "../../errors.ts";
import { recipes, type TransUNetRecipe } from "./recipe.ts";

/** Far beyond what anybody trains; a graph of more layers would take minutes to build. */
const mostWidth = 65_536;
const mostDepth = 256;

/** Throws UsageError when values do not go together. */
export function validate(recipe: TransUNetRecipe): void {
  const require = (holds: boolean, key: keyof TransUNetRecipe, expected: string, remedy: string) => {
    if (holds) return;
    const value = recipe[key];
    const got = Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
    throw new UsageError(`recipe ${recipe.name}: ${key} must be ${expected}, got ${got}. ${remedy}`);
  };
  const whole = (value: number, least = 1, most = Infinity) =>
    Number.isInteger(value) && value >= least && value <= most;
  const nearest = (value: number, divisor: number) => String(Math.max(1, Math.round(value / divisor)) * divisor);
  const oneOf = (key: keyof TransUNetRecipe, choices: readonly (string | number)[]) =>
    require(choices.includes(
      recipe[key] as string | number,
    ), key, `one of ${choices.join(", ")}`, `Try ${choices[0]}.`);

  for (const key of ["cropHeight", "cropWidth"] as const) {
    require(whole(recipe[key], 16) &&
      recipe[key] % 16 === 0, key, "a multiple of 16", `Try ${nearest(recipe[key], 16)}.`);
  }
  for (const key of ["stemWidth", "normGroups", "tokenWidth", "heads", "mlpWidth", "headChannels"] as const) {
    const usual = `${recipes.transunet[key]} is as published.`;
    require(whole(recipe[key], 1, mostWidth), key, `a whole number from 1 to ${mostWidth}`, usual);
  }
  require(whole(recipe.layers, 0, mostDepth), "layers", `a whole number from 0 to ${mostDepth}`, "Try 12.");
  require(recipe.stemWidth % recipe.normGroups ===
    0, "stemWidth", `a multiple of normGroups (${recipe.normGroups})`, `Try ${nearest(recipe.stemWidth, recipe.normGroups)}.`);
  require(recipe.tokenWidth % recipe.heads ===
    0, "tokenWidth", `a multiple of heads (${recipe.heads})`, `Try ${nearest(recipe.tokenWidth, recipe.heads)}.`);
  const list = (key: "stageUnits" | "decoderChannels", length: number, most: number) =>
    require(Array.isArray(recipe[key]) &&
      recipe[key].length === length &&
      recipe[key].every((value) =>
        whole(value, 1, most),
      ), key, `${length} whole numbers from 1 to ${most}`, `As in ${recipes.transunet[key].join(", ")}.`);
  list("stageUnits", 3, mostDepth);
  list("decoderChannels", 4, mostWidth);
  require(recipe.widthMultiplier > 0 &&
    recipe.widthMultiplier <= 64, "widthMultiplier", "above 0 and at most 64", "1 is the width as listed.");
  for (const channels of [recipe.headChannels, ...recipe.decoderChannels]) {
    require(Number.isInteger(
      channels * recipe.widthMultiplier,
    ), "widthMultiplier", `a factor that keeps ${channels} channels whole`, "Try 1 or 2.");
  }
  oneOf("skips", [3, 2, 1, 0]);
  oneOf("outputStride", [1, 2, 4]);
  oneOf("encoderConvention", ["jax", "transunet"]);
  oneOf("initialization", ["jax", "transunet"]);
  oneOf("classWeights", ["none", "balanced"]);
  for (const key of ["dropout", "attentionDropout", "labelSmoothing"] as const) {
    require(recipe[key] >= 0 && recipe[key] < 1, key, "at least 0 and below 1", "Use 0 for none.");
  }
  const terms = ["crossEntropyWeight", "diceWeight", "focalWeight"] as const;
  for (const key of terms) require(recipe[key] >= 0, key, "at least 0", "Use 0 to leave the term out.");
  require(terms.some((key) => recipe[key] > 0), "crossEntropyWeight", "above 0 where no other loss is used", "Try 1.");
  require(recipe.focalGamma === 0 || recipe.focalGamma >= 1, "focalGamma", "0 or at least 1", "2 is usual.");
  require(recipe.classWeightLimit >= 1, "classWeightLimit", "at least 1", "Try 5.");
  require(recipe.classWeightPower >= 0, "classWeightPower", "at least 0", "Try 0.5.");
}
