import { baseRecipe, type Recipe } from "../recipe.ts";
import { publishedHead } from "./head.ts";
import type { NetworkSettings } from "./settings.ts";
import type { TokenizerSettings } from "./tokenizer-settings.ts";
import type { TransformSettings } from "./transform.ts";

/** The fields that all recipes have are those of the prior, the network that predicts tokens; stages before and behind have their own. */
export interface GssRecipe extends Recipe, TransformSettings, TokenizerSettings, NetworkSettings {
  // The tokenizer, where it is trained here. 0 steps: it is given.
  readonly tokenizerSteps: number;
  readonly tokenizerWarmupSteps: number;
  readonly tokenizerBatchSize: number;
  /** Side of the pictures that it learns from, and of those that X and X⁻¹ learn from before the prior. */
  readonly tokenizerCrop: number;
  /** What masks are made larger by before these are cut. */
  readonly tokenizerScaleMin: number;
  readonly tokenizerScaleMax: number;
  /** What it learns to give back: masks painted, photographs, or each of them half of the time. */
  readonly tokenizerSource: "masks" | "photographs" | "both";
  /** Share of the masks whose classes change colours with one another, so that rare ones are learned as often as others. */
  readonly tokenizerExchange: number;
  readonly tokenizerRate: number;
  readonly tokenizerWeightDecay: number;
  readonly tokenizerAverageDecay: number;
  /** Weight of the divergence from a uniform choice of codes, for each token; it grows over `klShare` of the steps. */
  readonly klWeight: number;
  readonly klShare: number;
  /** Weight of the divergence from using all codes alike, for each token. */
  readonly usageWeight: number;
  /** Weight of the cross-entropy of the classes that are read off what it gives back: see `readingLoss`. Of a dVAE of painted masks. */
  readonly readingWeight: number;
  /** The relaxed choice cools from 1 to this over `temperatureShare` of the steps. */
  readonly temperatureEnd: number;
  readonly temperatureShare: number;
  /** See `logitLaplaceLoss`. */
  readonly logScaleMin: number;

  // X and X⁻¹, where a variant trains them.
  readonly inverseSteps: number;
  readonly inverseWarmupSteps: number;
  readonly inverseBatchSize: number;
  readonly inverseRate: number;
  /** Of FT and FT-W. `posterior`: what the tokenizer gives back of masks, before the prior. `prior`: what that predicts, behind it. */
  readonly inverseSource: "posterior" | "prior";
  /** Of the hard choice of codes that TF and TT pass their gradients through. */
  readonly gumbelTemperature: number;
}

/** Of the released networks (Chen et al. 2023, and their configurations), whatever the backbone and data set. */
export const published: Omit<GssRecipe, "name" | "encoder" | "encoderStride" | "palette"> = {
  ...baseRecipe,
  method: "gss",
  variant: "FF",
  inverse: "nearest",
  inverseWidth: 128,
  inverseHeads: 4,
  inverseWindow: 7,
  inverseDepth: 2,
  scoreTemperature: 0,
  paletteSeed: 0,
  paletteColors: [],

  tokenizer: "dvae",
  tokenizerChannels: "colors",
  codes: 8192,
  tokenizerWidth: 256,
  tokenizerEntryWidth: 128,
  tokenizerBlocks: 2,
  tokenizerGroups: 4,
  tokenizerStart: "published",
  codeWidth: 256,

  encoderNorms: "batch",
  encoderRate: 1,
  encoderDropPath: 0,
  magnification: 1,
  tokenGrid: 4,
  levelWidth: publishedHead.levelWidth,
  fusionWidth: publishedHead.width,
  classifierWidth: publishedHead.classifierWidth,
  aggregates: true,
  aggregationDepth: publishedHead.depth,
  aggregationHeads: publishedHead.heads,
  aggregationWindow: publishedHead.window,
  headDropout: publishedHead.dropout,
  pixelHead: "separate",
  tokenWeight: 0.8,
  pixelWeight: 0.2,
  classWeights: "none",
  classWeightPower: 0.5,
  classWeightLimit: 5,

  // DALL-E's, which is given; its schedule is that of its paper.
  tokenizerSteps: 0,
  tokenizerWarmupSteps: 5000,
  tokenizerBatchSize: 8,
  tokenizerCrop: 256,
  tokenizerScaleMin: 1,
  tokenizerScaleMax: 2,
  tokenizerSource: "photographs",
  tokenizerExchange: 0,
  tokenizerRate: 1e-4,
  tokenizerWeightDecay: 1e-4,
  tokenizerAverageDecay: 0.999,
  klWeight: 6.6,
  klShare: 0.01,
  usageWeight: 0,
  readingWeight: 0,
  temperatureEnd: 1 / 16,
  temperatureShare: 0.05,
  logScaleMin: -10,

  inverseSteps: 0,
  inverseWarmupSteps: 1500,
  inverseBatchSize: 2,
  inverseRate: 1.5e-3,
  inverseSource: "prior",
  gumbelTemperature: 1,

  cropHeight: 512,
  cropWidth: 512,
  scaleMin: 0.5,
  scaleMax: 2,
  cropMaxShare: 0.75,
  flipProbability: 0.5,
  photometric: 1,

  optimizer: "adamw",
  weightDecay: 0.01,
  schedule: "poly-times-warmup",
  schedulePower: 1,
  finalRate: 0,
  warmupSteps: 1500,
  warmupStart: 1e-6,
  clipNorm: 0,
  logEvery: 100,
  checkpointEvery: 1000,
  evaluateEvery: 8000,
};

/**
 * Ours: tokenizer and prior in 40 minutes on two cores, on any backbone; made for pretrained weights (--encoder). Scores: see the README
 * beside this file.
 */
const small: GssRecipe = {
  ...published,
  name: "gss-small",
  // Cells on a border come out grey: with farthest colours, of which one is grey, that class lost half of its IoU.
  palette: "vivid",

  codes: 256,
  tokenizerWidth: 16,
  tokenizerEntryWidth: 64,
  tokenizerBlocks: 1,
  tokenizerStart: "spread",
  // Tokens of 4 × 4 pixels: of 8 × 8 of a mask that is made twice as large few codes stay in use.
  tokenizerGroups: 3,
  codeWidth: 32,
  // Small pictures, reduced or not, so that most of them show a border.
  tokenizerSteps: 1000,
  tokenizerWarmupSteps: 50,
  tokenizerBatchSize: 16,
  tokenizerCrop: 32,
  tokenizerScaleMin: 0.7,
  tokenizerScaleMax: 1.8,
  tokenizerSource: "masks",
  tokenizerExchange: 0.8,
  tokenizerRate: 3e-3,
  tokenizerWeightDecay: 0,
  tokenizerAverageDecay: 0.99,
  klWeight: 0.25,
  klShare: 0.2,
  usageWeight: 10,
  readingWeight: 0.5,
  // Colder, fewer codes stay in use; and so where the likelihood grows beside the terms that ask for them.
  temperatureEnd: 0.45,
  temperatureShare: 0.7,
  logScaleMin: -1,

  encoder: "mobilenet-v2",
  encoderStride: 32,
  encoderRate: 0.2,
  levelWidth: 64,
  fusionWidth: 128,
  classifierWidth: 256,
  aggregationDepth: 2,
  aggregationHeads: 4,
  classWeights: "balanced",

  inverseWidth: 32,
  inverseDepth: 1,
  inverseWarmupSteps: 20,
  inverseBatchSize: 4,

  batchSize: 8,
  cropHeight: 192,
  cropWidth: 192,
  scaleMin: 0.6,
  scaleMax: 1.7,
  cropMaxShare: 1,
  photometric: 0.5,
  steps: 600,
  learningRate: 1e-3,
  schedule: "cosine",
  warmupSteps: 50,
  warmupStart: 0,
  clipNorm: 1,
  averageDecay: 0.99,
  logEvery: 20,
  checkpointEvery: 100,
  evaluateEvery: 200,
};

/** The tokenizer of `gss-small` alone: --from gives it to others. */
const tokenizerSmall: GssRecipe = { ...small, name: "gss-tokenizer-small", steps: 0 };

/** For tests: a few steps on small pictures. */
const tiny: GssRecipe = {
  ...small,
  name: "gss-tiny",
  tokenizerGroups: 4,
  codes: 32,
  tokenizerWidth: 8,
  tokenizerEntryWidth: 8,
  codeWidth: 8,
  tokenizerSteps: 2,
  tokenizerWarmupSteps: 1,
  tokenizerBatchSize: 2,
  tokenizerCrop: 32,

  levelWidth: 8,
  fusionWidth: 16,
  classifierWidth: 16,
  aggregationDepth: 1,
  inverseWidth: 8,
  inverseSteps: 2,
  inverseWarmupSteps: 1,
  inverseBatchSize: 2,

  batchSize: 2,
  cropHeight: 64,
  cropWidth: 64,
  steps: 2,
  warmupSteps: 1,
  averageDecay: 0,
};

export const recipes = { "gss-small": small, "gss-tokenizer-small": tokenizerSmall, "gss-tiny": tiny };
