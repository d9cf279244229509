import { templateSets } from "../../text/templates.ts";
import { type Bounds, checkImageAugmentation, checksOf, nearestMultiple, within } from "../checks.ts";
import type { Recipe } from "../recipe.ts";
import { stageWidth, stemGroup } from "./image-encoder.ts";
import type { GroupViTRecipe } from "./recipe.ts";
import type { GroupViTSettings, ImageEncoderSettings } from "./settings.ts";

type NetworkRecipe = Recipe & GroupViTSettings;
type ImageRecipe = Recipe & ImageEncoderSettings;

const size: Bounds = { least: 1, most: 65_536, whole: true };
const some: Bounds = { least: 0, most: 65_536, whole: true };
const positive: Bounds = { least: 0, above: true };

type BoundsOf<Settings> = readonly (readonly [keys: readonly (keyof Settings & string)[], bounds: Bounds])[];

/** Fields of the image encoder that are one number. */
const imageBounds: BoundsOf<ImageEncoderSettings> = [
  [["patchSize", "width"], size],
  [["mlpRatio", "gumbelTau", "initialDeviation"], positive],
  [["assignEps"], { least: 0 }],
  [["dropPath"], { least: 0, most: 0.999 }],
];

/** The same of what else is in the network. */
const bounds: BoundsOf<GroupViTSettings> = [
  [["textContext", "textWidth", "textHeads", "projectionWidth"], size],
  [["prompts", "textLayers", "projectionHidden"], some],
  [["textVocabulary"], { least: 1, most: 10_000_000, whole: true }],
];

/** Throws UsageError where a recipe describes no image encoder. */
export function checkImageEncoder(recipe: ImageRecipe): void {
  const { require, number, oneOf } = checksOf(recipe);
  for (const [keys, limits] of imageBounds) for (const key of keys) number(key, limits, "Change it with --set.");
  oneOf("assignment", ["hard", "soft"]);
  oneOf("position", ["learned", "sinusoidal"]);
  checkImageSide(recipe);
  checkStem(recipe);
  checkStages(recipe);
  const isPair = recipe.assignMlpRatio.length === 2 && recipe.assignMlpRatio.every((ratio) => within(ratio, positive));
  require(isPair, "assignMlpRatio", "two numbers above 0, for tokens and for channels", "0.5, 4 is usual.");
  // A group without tokens would be 0 / 0.
  const divides = recipe.sumAssign || recipe.assignEps > 0;
  require(divides, "assignEps", "above 0 unless sumAssign is true", "1 is usual.");
}

/** Throws UsageError where a recipe describes no network: values out of range, or such that do not go together. */
export function checkGroupViT(recipe: NetworkRecipe): void {
  checkImageEncoder(recipe);
  const { require, number, oneOf } = checksOf(recipe);
  for (const [keys, limits] of bounds) for (const key of keys) number(key, limits, "Change it with --set.");
  oneOf("multiLabelForm", ["mean-of-logs", "log-of-sum"]);
  oneOf("promptMatches", ["own", "same-word"]);
  const nearest = nearestMultiple(recipe.textWidth, recipe.textHeads);
  const splits = recipe.textWidth % recipe.textHeads === 0;
  require(splits, "textWidth", `a multiple of textHeads (${recipe.textHeads})`, `Try ${nearest}.`);
  const { textEndToken, textVocabulary } = recipe;
  const isToken = within(textEndToken, { least: -1, most: textVocabulary - 1, whole: true });
  require(isToken, "textEndToken", `a token id below ${textVocabulary}, or -1 for the largest of a text`, "Try -1.");
  require(recipe.batchSize >= 2, "batchSize", "at least 2, since the projections norm over the batch", "Try 8.");
}

/** The same of a whole recipe: how it trains and predicts, too. */
export function validate(recipe: GroupViTRecipe): void {
  checkGroupViT(recipe);
  const { require, number, oneOf } = checksOf(recipe);
  oneOf("promptWords", ["noun", "nounPhrase"]);
  oneOf("promptSource", ["caption", "photograph"]);
  const areLower = recipe.promptStopWords.every((word) => typeof word === "string" && word === word.toLowerCase());
  require(areLower, "promptStopWords", "a list of words in lower case", "Try image, side.");
  oneOf("normalization", ["official", "hf"]);
  oneOf("templates", Object.keys(templateSets));
  oneOf("scores", ["official", "paper", "hf"]);
  checkImageAugmentation(recipe);
  number("threshold", { least: 0, most: 1 }, "Higher: more background.");
  number("keptClasses", size, "Change it with --set.");
  number("shownGroups", some, "0 draws all.");
  const { imageSize, classifyShortSide } = recipe;
  const holdsSquare = classifyShortSide === 0 || within(classifyShortSide, { ...size, least: imageSize });
  require(holdsSquare, "classifyShortSide", `0, or at least imageSize (${imageSize})`, "0 is usual.");
  checkWindows(recipe);
}

/** How photographs are scaled and cut for prediction. */
export function checkWindows(
  recipe: Recipe & Pick<GroupViTRecipe, "windowSide" | "patchSize" | "shortSide" | "longSide">,
): void {
  const { require, number } = checksOf(recipe);
  const { windowSide, patchSize, shortSide, longSide } = recipe;
  for (const key of ["shortSide", "longSide"] as const) number(key, size, "Change it with --set.");
  const tiles = within(windowSide, { ...size, most: 8192 }) && windowSide % patchSize === 0;
  const nearest = nearestMultiple(windowSide, patchSize);
  require(tiles, "windowSide", `a multiple of patchSize (${patchSize})`, `Try ${nearest}.`);
  require(longSide >= shortSide, "longSide", `at least shortSide (${shortSide})`, "Make it longer.");
}

function checkImageSide(recipe: ImageRecipe): void {
  const { require } = checksOf(recipe);
  const { imageSize, patchSize, position, width } = recipe;
  const nearest = nearestMultiple(imageSize, patchSize);
  const tiles = within(imageSize, size) && imageSize % patchSize === 0;
  require(tiles, "imageSize", `a multiple of patchSize (${patchSize})`, `Try ${nearest}.`);
  for (const key of ["cropHeight", "cropWidth"] as const) {
    require(recipe[key] === imageSize, key, `as imageSize (${imageSize})`, `Set ${key}=${imageSize}.`);
  }
  const hasWaves = position === "learned" || width % 4 === 0;
  require(hasWaves, "width", "a multiple of 4 where positions are sinusoidal", `Try ${nearestMultiple(width, 4)}.`);
}

function checkStem(recipe: ImageRecipe): void {
  const { stemChannels, patchSize } = recipe;
  const { require } = checksOf(recipe);
  const splits = stemChannels.every((channels) => within(channels, size) && channels % stemGroup === 0);
  require(splits, "stemChannels", `numbers of channels that ${stemGroup} divides`, "32, 64, 96 is usual, [] the paper's.");
  const side = 2 ** stemChannels.length;
  const tiles = patchSize % side === 0;
  require(tiles, "patchSize", `a multiple of ${side}, as each of stemChannels halves the sides`, `Try ${nearestMultiple(patchSize, side)}.`);
}

function checkStages(recipe: ImageRecipe): void {
  const { require } = checksOf(recipe);
  const { depths, heads, widthFactors, groupTokens, outputGroups } = recipe;
  const count = depths.length;
  const whole = (values: readonly number[], limits: Bounds) => values.every((value) => within(value, limits));
  require(count >= 1 &&
    whole(depths, size), "depths", "blocks of at least one stage, each 1 or more", "6, 3, 3 is usual.");
  const each = `one number for each of ${count} stages`;
  require(heads.length === count && whole(heads, size), "heads", `${each}, 1 or more`, "Give as many as depths.");
  require(widthFactors.length === count &&
    whole(widthFactors, positive), "widthFactors", `${each}, above 0`, "Give as many as depths.");
  const group = groupTokens.slice(0, -1);
  require(groupTokens.length === count &&
    whole(group, size) &&
    whole(
      groupTokens,
      some,
    ), "groupTokens", `${each}, 1 or more but for the last, which may be 0`, "64, 8, 0 is usual.");
  require(outputGroups.length >= count - 1 &&
    whole(
      outputGroups,
      size,
    ), "outputGroups", `one number for each of ${count - 1} grouping stages, 1 or more`, "64, 8 is usual.");
  for (let stage = 0; stage < count; stage++) {
    const width = stageWidth(recipe, stage);
    const splits = width > 0 && width % heads[stage] === 0;
    require(splits, "heads", `such that they split the width of each stage (${width} of stage ${stage + 1})`, "Change it, width or widthFactors.");
  }
}
