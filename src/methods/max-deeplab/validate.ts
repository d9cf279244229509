import { type Bounds, checksOf, within } from "../checks.ts";
import type { MaxDeepLabRecipe } from "./recipe.ts";

const size: Bounds = { least: 1, most: 65_536, whole: true };
const positive: Bounds = { least: 0, above: true };
const share: Bounds = { least: 0, most: 1 };

/** Fields that are one number. */
const bounds: readonly (readonly [keys: readonly (keyof MaxDeepLabRecipe)[], bounds: Bounds])[] = [
  [["slots", "memoryChannels", "featureChannels", "maskChannels", "headChannels", "asppChannels"], size],
  [["semanticChannels", "heads", "keyExpansion", "valueExpansion", "axialExpansion", "maxSpan"], size],
  [["backboneDecoderBlocks", "extraDecoderBlocks", "maxThings", "axialFromStride"], size],
  [["transformerFromStride", "extraTransformerFromStride", "dropPathFromStride"], size],
  [["backboneHourglasses", "extraHourglasses"], { least: 0, most: 4, whole: true }],
  [["ffnChannels", "thingArea", "stuffArea"], { least: 0, most: 2 ** 31, whole: true }],
  [["classifySteps", "classifyWarmupSteps"], { least: 0, most: 99_999_999, whole: true }],
  [["classifyBatchSize"], size],
  [["classifyRate"], positive],
  [["classifyWeightDecay"], { least: 0 }],
  [["smallArea"], { least: 0, most: 65_536, whole: true }],
  [
    ["widthMultiplier", "stemMultiplier", "transformerMultiplier", "instanceTemperature", "maskScale", "scaleMin"],
    positive,
  ],
  [["pqWeight", "maskIdWeight", "instanceWeight", "semanticWeight", "smallWeight", "backboneRate"], { least: 0 }],
  [["pqAlpha", "classThreshold", "pixelThreshold", "flipProbability", "areaPower"], share],
  [["dropPath", "asppDropout"], { least: 0, most: 0.999 }],
  [["colorPolicy"], { least: 0, most: 1, whole: true }],
];

/** Throws UsageError where values are out of range, or do not go together. */
export function validate(recipe: MaxDeepLabRecipe): void {
  const { require, number, oneOf } = checksOf(recipe);
  for (const [keys, limits] of bounds) for (const key of keys) number(key, limits, "Change it with --set.");
  oneOf("backbone", ["resnet", "wide-resnet"]);
  oneOf("dropPathSchedule", ["linear", "constant"]);
  oneOf("pqForm", ["code", "paper"]);
  oneOf("negativeWeight", ["voidRatio", "none", "oneMinusVoidRatio"]);
  oneOf("similarity", ["product", "sum"]);
  const { pqWeight, maskIdWeight, instanceWeight, semanticWeight } = recipe;
  const learns = [pqWeight, maskIdWeight, instanceWeight, semanticWeight].some((weight) => weight > 0);
  require(learns, "pqWeight", "above 0, as all four weights of the loss are 0", "Make one of them 1.");
  number("scaleMax", { least: recipe.scaleMin }, "Make it at least scaleMin.");
  for (const key of ["cropHeight", "cropWidth", "classifySize", "predictionHeight", "predictionWidth"] as const) {
    const side = recipe[key];
    const mayBeZero = key === "predictionHeight" || key === "predictionWidth";
    if (mayBeZero && side === 0) continue;
    const fits = within(side, { least: 33, most: 4097, whole: true }) && (side - 1) % 16 === 0;
    const nearest = Math.max(2, Math.round((side - 1) / 16)) * 16 + 1;
    const wanted = `${mayBeZero ? "0, or " : ""}a multiple of 16, plus 1, from 33 to 4097`;
    require(fits, key, wanted, `Try ${nearest || 129}.`);
  }
  const each = (values: readonly number[], count: number | null, limits: Bounds) =>
    (count === null || values.length === count) && values.every((value) => within(value, limits));
  require(each(
    recipe.stageBlocks,
    4,
    size,
  ), "stageBlocks", "blocks of four stages, each 1 or more", "3, 4, 6, 3 is usual.");
  require(each(recipe.lowLevelChannels, 2, size), "lowLevelChannels", "two widths, each 1 or more", "64, 32 is usual.");
  require(each(recipe.asppRates, null, size), "asppRates", "rates of 1 or more", "6, 12, 18 is usual.");
  checkHeads(recipe);
  number("batchSize", size, "Try 4.");
}

/** All attention splits into heads: axial blocks, and transformers behind stages and in the decoder. */
function checkHeads(recipe: MaxDeepLabRecipe): void {
  const { require } = checksOf(recipe);
  const { heads, widthMultiplier, transformerMultiplier, keyExpansion, valueExpansion } = recipe;
  for (const stride of [4, 8, 16]) {
    const filters = Math.round(32 * widthMultiplier * stride);
    // Blocks whose input has stride 4 are those of stage 3, and so on.
    const axial = stride >= recipe.axialFromStride || (stride === 8 && recipe.axialFromStride <= 16);
    const splits = !axial || [keyExpansion, valueExpansion].every((factor) => (factor * filters) % heads === 0);
    require(splits, "heads", `such that they split the widths of axial blocks (${filters})`, "Change it, or widthMultiplier.");
    const from = Math.min(recipe.transformerFromStride, recipe.extraTransformerFromStride);
    const width = Math.round(8 * transformerMultiplier * stride);
    const hasTransformer = 2 * stride >= from;
    require(!hasTransformer ||
      (width > 0 &&
        width % heads ===
          0), "heads", `such that they split the widths of transformers (${width})`, "Change it, or transformerMultiplier.");
  }
}
