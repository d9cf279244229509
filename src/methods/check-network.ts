import { encoderNames, findEncoder } from "../backbones/encoders.ts";
import { headNames } from "../networks/deeplab/heads.ts";
import type { NetworkSettings } from "../networks/network.ts";
import { publishedTransUNet, type TransUNetSettings } from "../networks/transunet/settings.ts";
import type { UNetSettings } from "../networks/unet/settings.ts";
import { checksOf, nearestMultiple } from "./checks.ts";
import type { Recipe } from "./recipe.ts";

/** Far beyond what anybody trains; a graph of more layers would take minutes to build. */
const mostWidth = 65_536;
const mostDepth = 256;

/** Throws UsageError where the fields that describe a network do not go together. */
export function checkNetwork(recipe: Recipe & NetworkSettings): void {
  if ("encoder" in recipe) checkUNet(recipe);
  else checkTransUNet(recipe);
}

/** The sides that a network's pictures can have, by the names of a recipe's crops. */
export function checkSides<R extends Recipe>(recipe: R, multiple: number, keys: readonly (keyof R & string)[]): void {
  const { require } = checksOf(recipe);
  for (const key of keys) {
    const side = Number(recipe[key]);
    const fits = Number.isInteger(side) && side >= multiple && side <= 8192 && side % multiple === 0;
    require(fits, key, `a multiple of ${multiple} up to 8192`, `Try ${nearestMultiple(Math.min(side, 8192), multiple)}.`);
  }
}

function checkUNet(recipe: Recipe & UNetSettings): void {
  const { oneOf, number, require } = checksOf(recipe);
  oneOf("encoder", encoderNames());
  oneOf("encoderNorms", ["batch", "frozen", "folded"]);
  number("encoderRate", { least: 0 }, "0.1 is usual.");
  oneOf("encoderStride", [32, 16, 8]);
  oneOf("magnification", [1, 2]);
  oneOf("decoder", ["unet", "linear", "convolutional", ...headNames]);
  oneOf("upsampling", ["nearest", "bilinear"]);
  oneOf("mapNorms", ["none", "batch"]);
  oneOf("outputStride", [1, 2, 4]);
  const { encoder, encoderStride, magnification, decoder, decoderChannels, outputStride } = recipe;
  const { multiple, roundsUp, dilates, size, batch } = findEncoder(encoder);
  require(encoderStride === 32 || dilates, "encoderStride", `32 for ${encoder}`, "Set it to 32.");
  require(magnification === 1 ||
    size === undefined, "magnification", `1 for ${encoder}, which was made for one size`, "Set it to 1.");
  const doublings = Math.log2(Math.min(encoderStride, multiple) / magnification / outputStride);
  const joins = decoder !== "unet" || Number.isInteger(doublings);
  require(joins, "decoder", `linear or convolutional for ${encoder}`, "Try convolutional.");
  const blocks = decoder === "unet" ? doublings : decoder === "linear" || decoder === "aspp" ? 0 : 1;
  const whole =
    Array.isArray(decoderChannels) &&
    decoderChannels.length >= blocks &&
    decoderChannels.every((value) => Number.isInteger(value) && value >= 1 && value <= mostWidth);
  require(whole, "decoderChannels", `at least ${blocks} whole numbers from 1 to ${mostWidth}`, "As in 256, 128, 64, 32, 16.");
  checkSides(recipe, roundsUp && decoder !== "unet" ? 1 : multiple, ["cropHeight", "cropWidth"]);
  const fixed = { cropHeight: size?.[0], cropWidth: size?.[1], batchSize: batch };
  for (const key of ["cropHeight", "cropWidth", "batchSize"] as const) {
    const value = fixed[key] ?? recipe[key];
    require(recipe[key] === value, key, `${value}, for which alone ${encoder} was made`, `Add --set ${key}=${value}.`);
  }
}

function checkTransUNet(recipe: Recipe & TransUNetSettings): void {
  const { require, number, oneOf } = checksOf(recipe);
  const usual = (key: keyof TransUNetSettings) => `${publishedTransUNet[key]} is as published.`;
  checkSides(recipe, 16, ["cropHeight", "cropWidth"]);
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
