import { publishedTransUNet, type TransUNetSettings } from "../networks/transunet/settings.ts";
import { checksOf, nearestMultiple } from "./checks.ts";
import type { Recipe } from "./recipe.ts";

/** Far beyond what anybody trains; a graph of more layers would take minutes to build. */
const mostWidth = 65_536;
const mostDepth = 256;

/** Throws UsageError where the fields that describe a TransUNet do not go together. */
export function checkTransUNet(recipe: Recipe & TransUNetSettings): void {
  const { require, number, oneOf } = checksOf(recipe);
  const usual = (key: keyof TransUNetSettings) => `${publishedTransUNet[key]} is as published.`;
  for (const key of ["cropHeight", "cropWidth"] as const) {
    const side = recipe[key];
    require(Number.isInteger(side) &&
      side >= 16 &&
      side % 16 === 0, key, "a multiple of 16", `Try ${nearestMultiple(side, 16)}.`);
  }
  for (const key of ["stemWidth", "normGroups", "tokenWidth", "heads", "mlpWidth", "headChannels"] as const) {
    number(key, { least: 1, most: mostWidth, whole: true }, usual(key));
  }
  number("layers", { least: 0, most: mostDepth, whole: true }, "Try 12.");
  for (const [key, divisor] of [
    ["stemWidth", "normGroups"],
    ["tokenWidth", "heads"],
  ] as const) {
    const by = recipe[divisor];
    require(recipe[key] % by ===
      0, key, `a multiple of ${divisor} (${by})`, `Try ${nearestMultiple(recipe[key], by)}.`);
  }
  const list = (key: "stageUnits" | "decoderChannels", lengths: readonly number[], most: number, expected: string) =>
    require(Array.isArray(recipe[key]) &&
      lengths.includes(recipe[key].length) &&
      recipe[key].every(
        (value) => Number.isInteger(value) && value >= 1 && value <= most,
      ), key, `${expected} from 1 to ${most}`, `As in ${publishedTransUNet[key].join(", ")}.`);
  list("stageUnits", [3, 0], mostDepth, "3 whole numbers (or none, for patches alone)");
  list("decoderChannels", [4], mostWidth, "4 whole numbers");
  number("widthMultiplier", { least: 0, above: true, most: 64 }, "1 is the width as listed.");
  for (const channels of [recipe.headChannels, ...recipe.decoderChannels]) {
    require(Number.isInteger(
      channels * recipe.widthMultiplier,
    ), "widthMultiplier", `a factor that keeps ${channels} channels whole`, "Try 1 or 2.");
  }
  oneOf("skips", recipe.stageUnits.length === 0 ? [0] : [3, 2, 1, 0]);
  oneOf("outputStride", [1, 2, 4]);
  oneOf("encoderConvention", ["jax", "transunet"]);
  oneOf("initialization", ["jax", "transunet"]);
  for (const key of ["dropout", "attentionDropout"] as const) {
    require(recipe[key] >= 0 && recipe[key] < 1, key, "at least 0 and below 1", "Use 0 for none.");
  }
}
