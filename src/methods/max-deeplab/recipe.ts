import { baseRecipe, type Recipe } from "../recipe.ts";
import type { AugmentSettings } from "./augment.ts";
import { type LossSettings, publishedLosses } from "./losses.ts";
import type { PostprocessSettings } from "./postprocess.ts";
import { type MaxDeepLabSettings, maxDeepLabL, maxDeepLabS } from "./settings.ts";
import type { LabelOptions } from "./targets.ts";

export interface MaxDeepLabRecipe
  extends Recipe,
    MaxDeepLabSettings,
    LossSettings,
    LabelOptions,
    PostprocessSettings,
    AugmentSettings {
  /** Learning rate of the backbone, the part that is pretrained: a fraction of `learningRate`. */
  readonly backboneRate: number;

  /** Sides of what prediction sees, multiples of 16, plus 1; 0: as in training, `cropHeight` and `cropWidth`. */
  readonly predictionHeight: number;
  readonly predictionWidth: number;

  /** Steps in which the pixel path first learns to classify photographs by their tags; 0: it begins as it is, or with `--from` or `--encoder`. */
  readonly classifySteps: number;
  readonly classifyWarmupSteps: number;
  readonly classifyBatchSize: number;
  /** Sides of what it sees, a multiple of 16, plus 1. */
  readonly classifySize: number;
  /** Of AdamW, falling to 0 along a cosine. */
  readonly classifyRate: number;
  readonly classifyWeightDecay: number;
}

/** Fields that matter for prediction alone. */
export const predictionFields = [
  ...["classThreshold", "pixelThreshold", "thingArea", "stuffArea", "predictionHeight", "predictionWidth"],
] as const satisfies readonly (keyof MaxDeepLabRecipe)[];

/** [height, width] of what prediction sees. */
export function predictionSize(recipe: MaxDeepLabRecipe): readonly [height: number, width: number] {
  return [recipe.predictionHeight || recipe.cropHeight, recipe.predictionWidth || recipe.cropWidth];
}

/**
 * MaX-DeepLab-S on COCO at 641 pixels: 64 images a step, whatever holds them at once. Published: PQ 45.9 after 100,000 steps
 * (the authors' code, val2017). Ours: not yet measured.
 */
const small641: MaxDeepLabRecipe = {
  ...baseRecipe,
  ...maxDeepLabS,
  ...publishedLosses,
  name: "maxdeeplab-s",
  method: "max-deeplab",

  batchSize: 4,
  accumulate: 16,
  cropHeight: 641,
  cropWidth: 641,
  scaleMin: 0.5,
  scaleMax: 1.5,
  flipProbability: 0.5,
  colorPolicy: 0,

  maxThings: 128,
  crowdIsVoid: true,
  smallArea: 4096,
  smallWeight: 1,

  steps: 100_000,
  optimizer: "adam",
  learningRate: 1e-3,
  backboneRate: 0.1,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-7,
  weightDecay: 0,
  schedule: "poly-from-start",
  schedulePower: 0.9,
  warmupSteps: 5000,
  clipNorm: 0,

  classifySteps: 0,
  classifyWarmupSteps: 1000,
  classifyBatchSize: 32,
  classifySize: 225,
  classifyRate: 1e-3,
  classifyWeightDecay: 0.05,

  logEvery: 100,
  checkpointEvery: 1000,
  evaluateEvery: 10_000,

  predictionHeight: 0,
  predictionWidth: 0,
  classThreshold: 0.7,
  pixelThreshold: 0.4,
  thingArea: 100,
  stuffArea: 1600,
};

/** MaX-DeepLab-L at 1025 pixels. Published: PQ 50.9 after 100,000 steps. Ours: not yet measured. */
const large1025: MaxDeepLabRecipe = {
  ...small641,
  ...maxDeepLabL,
  name: "maxdeeplab-l",

  batchSize: 1,
  accumulate: 64,
  cropHeight: 1025,
  cropWidth: 1025,
  colorPolicy: 1,
  smallWeight: 3,
  learningRate: 3e-4,

  thingArea: 256,
  stuffArea: 4096,
};

/** Ours: from nothing on drawn scenes of 128 pixels, in half an hour on two cores. Scores: see the README beside this file. */
const small: MaxDeepLabRecipe = {
  ...small641,
  name: "maxdeeplab-small",

  stageBlocks: [1, 1, 2, 1],
  widthMultiplier: 0.25,
  stemMultiplier: 0.25,
  transformerMultiplier: 0.5,
  // Slots look often, and where small things are seen.
  transformerFromStride: 16,
  extraTransformerFromStride: 4,
  heads: 4,
  slots: 24,
  memoryChannels: 96,
  ffnChannels: 192,
  featureChannels: 96,
  maskChannels: 32,
  headChannels: 64,
  // The published 0.1 takes thousands of steps to grow.
  maskScale: 1,
  asppChannels: 32,
  asppRates: [2],
  semanticChannels: 64,
  lowLevelChannels: [32, 16],
  asppDropout: 0,
  dropPath: 0,

  // By the product a small thing weighs by its Dice times nothing and nothing times its class: neither begins to grow.
  similarity: "sum",
  pqWeight: 12,
  maskIdWeight: 3,
  areaPower: 0.5,

  batchSize: 4,
  accumulate: 1,
  // Half as large again as a scene: masks are a quarter of it, and half of the things have fewer than 16 pixels to a side.
  cropHeight: 193,
  cropWidth: 193,
  // Where a thing lies tells slots apart: of scenes enlarged at random, by up to 1.7, as many steps teach little more than half of it.
  scaleMin: 1,
  scaleMax: 1,
  maxThings: 64,

  steps: 5000,
  learningRate: 6e-3,
  backboneRate: 1,
  warmupSteps: 100,

  classifyWarmupSteps: 50,
  classifyBatchSize: 16,
  classifySize: 129,

  logEvery: 20,
  checkpointEvery: 400,
  evaluateEvery: 1000,

  classThreshold: 0.5,
  pixelThreshold: 0.4,
  thingArea: 16,
  stuffArea: 64,
};

/** For tests: seconds. */
const tiny: MaxDeepLabRecipe = {
  ...small,
  name: "maxdeeplab-tiny",

  widthMultiplier: 1 / 16,
  stemMultiplier: 1 / 8,
  transformerMultiplier: 1 / 8,
  transformerFromStride: 32,
  extraTransformerFromStride: 32,
  heads: 2,
  slots: 12,
  memoryChannels: 16,
  ffnChannels: 16,
  featureChannels: 16,
  maskChannels: 8,
  headChannels: 16,
  asppChannels: 8,
  semanticChannels: 8,
  lowLevelChannels: [8, 8],
  maxThings: 24,

  batchSize: 2,
  cropHeight: 65,
  cropWidth: 65,

  steps: 12,
  learningRate: 2e-3,
  warmupSteps: 2,
  classifyWarmupSteps: 0,
  classifyBatchSize: 4,
  classifySize: 49,
  logEvery: 3,
  checkpointEvery: 50,
  evaluateEvery: 50,

  classThreshold: 0,
  pixelThreshold: 0,
  thingArea: 0,
  stuffArea: 0,
};

export const recipes = {
  "maxdeeplab-s": small641,
  "maxdeeplab-l": large1025,
  "maxdeeplab-small": small,
  "maxdeeplab-tiny": tiny,
};
