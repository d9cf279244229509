import { networkOf } from "../../networks/network.ts";
import { checkSides } from "../check-network.ts";
import { type Bounds, checksOf } from "../checks.ts";
import { checkNetworkTraining } from "../network-method.ts";
import type { DdepRecipe } from "./recipe.ts";

type Key = Extract<keyof DdepRecipe, string>;

const steps: Bounds = { least: 0, most: 99_999_999, whole: true };
const batch: Bounds = { least: 1, most: 1_000_000, whole: true };
const scale: Bounds = { least: 0, most: 16, above: true };
const rate: Bounds = { least: 0, above: true };
const decay: Bounds = { least: 0 };

/** The fields of the two stages before fine-tuning, by their ends: the same bounds as those of fine-tuning. */
const bounds: readonly (readonly [keys: readonly Key[], bounds: Bounds])[] = [
  [["encoderSteps", "denoiseSteps", "encoderWarmupSteps", "denoiseWarmupSteps"], steps],
  [["encoderBatchSize", "denoiseBatchSize"], batch],
  [["encoderScaleMin", "encoderScaleMax", "denoiseScaleMin", "denoiseScaleMax"], scale],
  [["encoderLearningRate", "denoiseLearningRate"], rate],
  [["encoderWeightDecay", "denoiseWeightDecay", "denoiseClipNorm", "denoiseEncoderRate"], decay],
  [["denoiseAverageDecay"], { least: 0, most: 0.999999 }],
  [["conditionWidth"], { least: 1, most: 65_536, whole: true }],
];

/** Throws UsageError where values do not go together. */
export function validate(recipe: DdepRecipe): void {
  checkNetworkTraining(recipe);
  const { require, number, oneOf } = checksOf(recipe);
  oneOf("start", ["ddep", "dep", "supervised", "none"]);
  oneOf("noiseForm", ["scaled", "additive"]);
  oneOf("noiseMeasure", ["sigma", "gamma"]);
  oneOf("noiseTarget", ["noise", "image"]);
  oneOf("noiseLoss", ["l2", "l1", "huber"]);
  oneOf("denoiseOutputStride", [1, 2, 4]);
  // Fine-tuning takes all blocks of the decoder over, or none.
  const hasBlocks = !("decoder" in recipe) || recipe.decoder === "unet";
  const denoises = recipe.denoiseSteps > 0 && recipe.steps > 0 && (recipe.start === "dep" || recipe.start === "ddep");
  require(!denoises ||
    !hasBlocks ||
    recipe.denoiseOutputStride <=
      recipe.outputStride, "denoiseOutputStride", `at most outputStride (${recipe.outputStride})`, "Change one of them.");
  oneOf("levelWeights", ["uniform", "snr"]);
  oneOf("denoiseOptimizer", ["adam", "adamw", "sgd", "radam-lookahead"]);
  for (const [keys, limits] of bounds) for (const key of keys) number(key, limits, "Change it with --set.");
  const { multiple } = networkOf(recipe);
  checkSides(recipe, multiple, ["encoderCropHeight", "encoderCropWidth", "denoiseCropHeight", "denoiseCropWidth"]);
  for (const [low, high] of [
    ["encoderScaleMin", "encoderScaleMax"],
    ["denoiseScaleMin", "denoiseScaleMax"],
    ["noiseLevelMin", "noiseLevelMax"],
  ] as const) {
    require(recipe[low] <= recipe[high], low, `at most ${high} (${recipe[high]})`, "Change one of them.");
  }
  // Otherwise ddep would train what supervised is.
  const skips = recipe.start === "ddep" && recipe.encoderSteps > 0 && recipe.denoiseSteps === 0 && recipe.steps > 0;
  require(!skips, "denoiseSteps", "above 0 for start ddep", "Change it with --set, or set start=supervised.");
  const gamma = recipe.noiseMeasure === "gamma";
  require(!gamma || recipe.noiseForm === "scaled", "noiseMeasure", "sigma where the noise is additive", "Use sigma.");
  for (const key of ["noiseLevelMin", "noiseLevelMax"] as const) {
    if (gamma) require(recipe[key] > 0 && recipe[key] < 1, key, "a gamma above 0 and below 1", "0.95 is usual.");
    else number(key, { least: 0, above: true, most: 100 }, "0.22 is usual.");
  }
  const embedding = recipe.conditionEmbedding;
  const even = Number.isInteger(embedding) && embedding >= 2 && embedding <= 65_536 && embedding % 2 === 0;
  require(even, "conditionEmbedding", "an even whole number from 2 to 65536", "Try 32.");
}
