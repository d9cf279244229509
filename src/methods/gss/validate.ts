import { encoderNames, findEncoder } from "../../backbones/encoders.ts";
import { checkSides } from "../check-network.ts";
import { type Bounds, checkClassWeights, checksOf, nearestMultiple } from "../checks.ts";
import { paletteFromNumbers, paletteNames } from "./palette.ts";
import type { GssRecipe } from "./recipe.ts";
import { inverseNames, trainsColors, trainsInverse, variantNames } from "./transform.ts";

const size: Bounds = { least: 1, most: 65_536, whole: true };
const steps: Bounds = { least: 0, most: 99_999_999, whole: true };
const share: Bounds = { least: 0, most: 1 };
const positive: Bounds = { least: 0, above: true };

/** Fields that are one number. */
const bounds: readonly (readonly [keys: readonly (keyof GssRecipe)[], bounds: Bounds])[] = [
  [["codes"], { ...size, least: 2 }],
  [["tokenizerWidth", "tokenizerEntryWidth", "codeWidth", "tokenizerBatchSize", "inverseBatchSize", "batchSize"], size],
  [["levelWidth", "fusionWidth", "classifierWidth", "inverseWidth"], size],
  [["aggregationHeads", "aggregationWindow", "inverseHeads", "inverseWindow"], size],
  [["tokenizerBlocks", "aggregationDepth", "inverseDepth"], { least: 1, most: 256, whole: true }],
  [["tokenizerGroups"], { least: 1, most: 6, whole: true }],
  [["tokenizerSteps", "tokenizerWarmupSteps", "inverseSteps", "inverseWarmupSteps"], steps],
  [["tokenizerScaleMin", "tokenizerRate", "inverseRate", "temperatureEnd", "gumbelTemperature"], positive],
  [
    [
      "tokenizerWeightDecay",
      "klWeight",
      "usageWeight",
      "readingWeight",
      "scoreTemperature",
      "tokenWeight",
      "pixelWeight",
      "encoderRate",
    ],
    { least: 0 },
  ],
  [["klShare", "temperatureShare", "tokenizerExchange"], share],
  [["tokenizerAverageDecay", "headDropout", "encoderDropPath"], { least: 0, most: 0.9999 }],
  [["logScaleMin"], { least: -30, most: 10 }],
];

/** Throws UsageError where values are out of range, or do not go together. */
export function validate(recipe: GssRecipe): void {
  const { require, number, oneOf } = checksOf(recipe);
  for (const [keys, limits] of bounds) for (const key of keys) number(key, limits, "Change it with --set.");
  oneOf("variant", variantNames);
  oneOf("inverse", inverseNames);
  oneOf("palette", paletteNames);
  oneOf("tokenizer", ["dvae", "vq"]);
  oneOf("tokenizerStart", ["published", "spread"]);
  oneOf("tokenizerChannels", ["colors", "classes"]);
  oneOf("tokenizerSource", ["masks", "photographs", "both"]);
  oneOf("inverseSource", ["posterior", "prior"]);
  oneOf("pixelHead", ["none", "separate", "single"]);
  const { variant, palette, inverse, tokenizerGroups, tokenizerChannels, tokenizerWidth, tokenGrid } = recipe;
  require(variant !== "FF-R" || palette === "random", "palette", "random for FF-R", "Choose variant FF for others.");
  require(variant.startsWith("FF") ||
    inverse === "nearest", "inverse", `nearest where ${variant} has one of its own`, "Or choose variant FF.");
  require(tokenizerChannels === "colors" ||
    (variant === "FF" &&
      inverse ===
        "nearest"), "tokenizerChannels", `colors for ${variant} and ${inverse}`, "Channels of classes need no inverse: choose FF and nearest.");
  require(tokenizerChannels === "colors" ||
    recipe.tokenizerSource ===
      "masks", "tokenizerSource", "masks where channels are classes", "Photographs have none.");
  require(tokenizerWidth % 4 === 0, "tokenizerWidth", "a multiple of 4", `Try ${nearestMultiple(tokenizerWidth, 4)}.`);
  const stride = 2 ** (tokenizerGroups - 1);
  oneOf(
    "tokenGrid",
    [stride, stride / 2].filter((each) => each >= 1),
  );
  const crop = recipe.tokenizerCrop;
  require(Number.isInteger(crop) &&
    crop >= stride &&
    crop % stride === 0, "tokenizerCrop", `a multiple of ${stride}`, `Try ${nearestMultiple(crop, stride)}.`);
  number("tokenizerScaleMax", { least: recipe.tokenizerScaleMin, most: 64 }, "Make it at least tokenizerScaleMin.");
  require(!(trainsColors(recipe) || trainsInverse(recipe)) ||
    recipe.inverseSteps > 0 ||
    recipe.steps > 0 ||
    recipe.tokenizerSteps > 0, "inverseSteps", "at least 1", "It trains X or its inverse.");
  require(recipe.fusionWidth % recipe.aggregationHeads ===
    0, "fusionWidth", `a multiple of aggregationHeads (${recipe.aggregationHeads})`, `Try ${nearestMultiple(recipe.fusionWidth, recipe.aggregationHeads)}.`);
  require(variant !== "FT-W" ||
    recipe.inverseWidth % recipe.inverseHeads ===
      0, "inverseWidth", `a multiple of inverseHeads (${recipe.inverseHeads})`, `Try ${nearestMultiple(recipe.inverseWidth, recipe.inverseHeads)}.`);
  checkClassWeights(recipe);
  if (palette === "given") paletteFromNumbers(recipe.paletteColors);
  checkEncoder(recipe, tokenGrid);
}

function checkEncoder(recipe: GssRecipe, tokenGrid: number): void {
  const { require, oneOf } = checksOf(recipe);
  oneOf("encoder", encoderNames());
  oneOf("encoderNorms", ["batch", "frozen", "folded"]);
  oneOf("encoderStride", [32, 16, 8]);
  oneOf("magnification", [1, 2]);
  const { multiple, dilates, size: only, dropsPaths } = findEncoder(recipe.encoder);
  require(recipe.encoderStride === 32 || dilates, "encoderStride", `32 for ${recipe.encoder}`, "Set it to 32.");
  require(recipe.encoderDropPath === 0 ||
    dropsPaths === true, "encoderDropPath", `0 for ${recipe.encoder}, which has no stochastic depth`, "Set it to 0.");
  require(recipe.magnification === 1 ||
    only === undefined, "magnification", `1 for ${recipe.encoder}, which was made for one size`, "Set it to 1.");
  checkSides(recipe, multiple, ["cropHeight", "cropWidth"]);
  require(recipe.cropHeight >= 2 * tokenGrid, "cropHeight", "at least two tokens", "Make it larger.");
}
