import { plainCrossEntropy, type SegmentationLossSettings } from "../../losses/segmentation.ts";
import type { NetworkSettings } from "../../networks/network.ts";
import { publishedTransUNet, type TransUNetSettings } from "../../networks/transunet/settings.ts";
import { type UNetSettings, usualUNet } from "../../networks/unet/settings.ts";
import type { Recipe } from "../recipe.ts";

/**
 * The fields that all recipes have are those of fine-tuning; the two stages before it have fields of their own. Flips,
 * Adam's betas and epsilon hold for all three; for the encoder stage also `clipNorm`, `averageDecay` and `photometric`.
 */
export type DdepRecipe = DdepSettings & NetworkSettings;

/** On the paper's own network. */
export type DdepTransUNetRecipe = DdepSettings & TransUNetSettings;

interface DdepSettings extends Recipe, SegmentationLossSettings {
  /**
   * Where fine-tuning starts (Brempong et al. 2022). `none`: from random weights. `supervised`: from an encoder that
   * was pretrained by classification. `dep`: all of the network was pretrained by denoising. `ddep`: the encoder by
   * classification, then, while it is frozen, the decoder by denoising.
   */
  readonly start: "none" | "supervised" | "dep" | "ddep";

  // Encoder stage: classification by tags (`supervised` and `ddep`). 0 steps: the encoder's weights are given.
  readonly encoderSteps: number;
  readonly encoderBatchSize: number;
  readonly encoderCropHeight: number;
  readonly encoderCropWidth: number;
  readonly encoderScaleMin: number;
  readonly encoderScaleMax: number;
  readonly encoderLearningRate: number;
  readonly encoderWeightDecay: number;
  readonly encoderWarmupSteps: number;

  // Denoising stage (`dep` and `ddep`). 0 steps: weights that were pretrained by denoising are given.
  readonly denoiseSteps: number;
  readonly denoiseBatchSize: number;
  readonly denoiseCropHeight: number;
  readonly denoiseCropWidth: number;
  readonly denoiseScaleMin: number;
  readonly denoiseScaleMax: number;
  readonly denoiseOptimizer: Recipe["optimizer"];
  readonly denoiseLearningRate: number;
  readonly denoiseWeightDecay: number;
  readonly denoiseWarmupSteps: number;
  readonly denoiseClipNorm: number;
  readonly denoiseAverageDecay: number;
  /** 0: with `ddep` the encoder is frozen, as in the paper; else it trains along, at this part of the denoising's rate. */
  readonly denoiseEncoderRate: number;
  /** 1, as in the paper: of every pixel. 2, 4: of that part of the picture's size, and the prediction is resized. */
  readonly denoiseOutputStride: 1 | 2 | 4;

  // What is denoised.
  /** `additive`: x + σ·ε. `scaled`: √γ·x + √(1 − γ)·ε, which keeps the variance; γ = 1 / (1 + σ²). */
  readonly noiseForm: "additive" | "scaled";
  /** What the levels below are; `gamma` is for the scaled form. Images are in [−1, 1]. */
  readonly noiseMeasure: "sigma" | "gamma";
  /** Each sample's level is drawn uniformly between them; equal: fixed. */
  readonly noiseLevelMin: number;
  readonly noiseLevelMax: number;
  /** What the network predicts: the noise ε or the clean image x. */
  readonly noiseTarget: "noise" | "image";
  readonly noiseLoss: "l2" | "l1" | "huber";
  /** Factor of a sample's loss: 1, or 1 / σ². */
  readonly levelWeights: "uniform" | "snr";
  /** The decoder's batch norms are told the level; before fine-tuning this is folded into them at the mean level. */
  readonly conditioned: boolean;
  /** Sines and cosines of the level, together. */
  readonly conditionEmbedding: number;
  /** Width of the two layers behind them. */
  readonly conditionWidth: number;
}

/** The paper's decoder at its default width (×1); TransUNet's own is half as wide. */
const paperDecoder = { headChannels: 1024, decoderChannels: [512, 256, 128, 64] } as const;

/** The paper's training, whatever the network (Brempong et al. 2022, sec. 4; what is uncertain is marked in the README). */
const published: Omit<DdepSettings, "name" | "cropHeight" | "cropWidth"> = {
  method: "ddep",
  seed: 0,
  start: "ddep",

  batchSize: 16,
  scaleMin: 1,
  scaleMax: 1,
  cropMaxShare: 1,
  flipProbability: 0.5,
  photometric: 0,

  steps: 40_000,
  optimizer: "adamw",
  learningRate: 6e-5,
  momentum: 0.9,
  nesterov: false,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 6e-5,
  schedule: "cosine",
  schedulePower: 1,
  scheduleMilestones: [],
  scheduleFactor: 1,
  finalRate: 0,
  warmupSteps: 500,
  warmupStart: 0,
  clipNorm: 1,
  averageDecay: 0,
  accumulate: 1,

  logEvery: 20,
  checkpointEvery: 1000,
  keepCheckpoints: 2,
  evaluateEvery: 2000,

  // ImageNet-21k classification is given as published weights.
  encoderSteps: 0,
  encoderBatchSize: 512,
  encoderCropHeight: 224,
  encoderCropWidth: 224,
  encoderScaleMin: 1,
  encoderScaleMax: 1.15,
  encoderLearningRate: 1e-3,
  encoderWeightDecay: 0.05,
  encoderWarmupSteps: 10_000,

  // 100 epochs of 14.2 million images.
  denoiseSteps: 2_770_000,
  denoiseBatchSize: 512,
  denoiseCropHeight: 224,
  denoiseCropWidth: 224,
  denoiseScaleMin: 1,
  denoiseScaleMax: 1,
  denoiseEncoderRate: 0,
  denoiseOutputStride: 1,
  denoiseOptimizer: "adam",
  denoiseLearningRate: 6e-5,
  denoiseWeightDecay: 0,
  denoiseWarmupSteps: 0,
  denoiseClipNorm: 0,
  denoiseAverageDecay: 0,

  noiseForm: "scaled",
  noiseMeasure: "sigma",
  noiseLevelMin: 0.22,
  noiseLevelMax: 0.22,
  noiseTarget: "noise",
  noiseLoss: "l2",
  levelWeights: "uniform",
  conditioned: false,
  conditionEmbedding: 128,
  conditionWidth: 512,

  ...plainCrossEntropy,
};

/** Cityscapes with all labels: crops of 1024. */
const cityscapes: DdepTransUNetRecipe = {
  ...published,
  name: "ddep-cityscapes",

  ...publishedTransUNet,
  ...paperDecoder,
  cropHeight: 1024,
  cropWidth: 1024,
  encoderConvention: "jax",
  initialization: "jax",
};

/** Pascal Context with all labels: crops of 512, 59 classes. */
const pascalContext: DdepTransUNetRecipe = {
  ...cityscapes,
  name: "ddep-pascal-context",
  batchSize: 32,
  cropHeight: 512,
  cropWidth: 512,
};

/** ADE20K with all labels: crops of 512, 150 classes. */
const ade20k: DdepTransUNetRecipe = { ...pascalContext, name: "ddep-ade20k", steps: 80_000 };

/** Ours: made to show within minutes on two cores what each start is worth. */
const short: Omit<DdepSettings, "name" | "cropHeight" | "cropWidth"> = {
  ...published,

  batchSize: 4,
  scaleMin: 0.6,
  scaleMax: 1.7,
  cropMaxShare: 0.75,
  photometric: 0.5,

  steps: 2000,
  learningRate: 1.5e-3,
  weightDecay: 0.05,
  warmupSteps: 50,
  averageDecay: 0.99,

  checkpointEvery: 250,
  evaluateEvery: 500,

  encoderSteps: 2000,
  encoderBatchSize: 16,
  encoderCropHeight: 128,
  encoderCropWidth: 128,
  encoderLearningRate: 4e-4,
  encoderWarmupSteps: 100,

  denoiseSteps: 1000,
  denoiseBatchSize: 8,
  denoiseCropHeight: 128,
  denoiseCropWidth: 128,
  denoiseLearningRate: 5e-4,
  denoiseWarmupSteps: 50,
  denoiseClipNorm: 1,

  // Differs from the paper's: a small network tells noise from its shallow layers alone, and the deep ones wither.
  noiseTarget: "image",
  conditionEmbedding: 32,
  conditionWidth: 64,

  diceWeight: 0.5,
  classWeights: "balanced",
};

/** Ours: the network of transunet-small at full resolution. Scores: see the README beside this file. */
const small: DdepTransUNetRecipe = {
  ...publishedTransUNet,
  ...short,
  name: "ddep-small",

  cropHeight: 96,
  cropWidth: 128,
  encoderConvention: "jax",
  initialization: "jax",
  stemWidth: 24,
  normGroups: 8,
  stageUnits: [2, 2, 2],
  tokenWidth: 192,
  layers: 4,
  heads: 3,
  mlpWidth: 768,
  dropout: 0,
  headChannels: 64,
  decoderChannels: [64, 48, 32, 16],
};

/** Ours: a U-Net on MobileNetV2, whose pretrained weights --encoder gives. */
const mobilenet: DdepSettings & UNetSettings = {
  ...short,
  ...usualUNet,
  name: "ddep-mobilenet",

  batchSize: 8,
  cropHeight: 192,
  cropWidth: 192,
  cropMaxShare: 1,

  steps: 700,
  learningRate: 1e-3,
  weightDecay: 0.01,

  denoiseCropHeight: 160,
  denoiseCropWidth: 160,

  encoderRate: 0.2,
  mapNorms: "batch",
  upsampling: "bilinear",
  decoderChannels: [128, 96, 64, 32, 16],
  outputStride: 4,

  // As unet-mobilenet.
  diceWeight: 0,
  classWeights: "balanced",
};

/** For tests: every stage in seconds on pictures of 64 pixels. */
const tiny: DdepTransUNetRecipe = {
  ...small,
  name: "ddep-tiny",

  scaleMin: 1,
  scaleMax: 1,
  cropMaxShare: 1,
  flipProbability: 0,
  photometric: 0,

  steps: 12,
  learningRate: 3e-3,
  weightDecay: 0,
  warmupSteps: 2,
  averageDecay: 0,

  logEvery: 3,
  checkpointEvery: 50,
  evaluateEvery: 50,

  encoderSteps: 8,
  encoderBatchSize: 4,
  encoderCropHeight: 64,
  encoderCropWidth: 64,
  encoderScaleMax: 1,
  encoderLearningRate: 1.5e-3,
  encoderWarmupSteps: 2,

  denoiseSteps: 8,
  denoiseBatchSize: 4,
  denoiseCropHeight: 32,
  denoiseCropWidth: 48,
  denoiseLearningRate: 2e-3,
  denoiseWarmupSteps: 2,

  noiseTarget: "noise",
  conditionEmbedding: 8,
  conditionWidth: 8,

  cropHeight: 64,
  cropWidth: 64,
  stemWidth: 8,
  normGroups: 4,
  stageUnits: [1, 1, 1],
  tokenWidth: 32,
  layers: 1,
  heads: 2,
  mlpWidth: 64,
  headChannels: 32,
  decoderChannels: [32, 24, 16, 16],
  diceWeight: 0,
  classWeights: "none",
};

export const recipes = {
  "ddep-cityscapes": cityscapes,
  "ddep-pascal-context": pascalContext,
  "ddep-ade20k": ade20k,
  "ddep-small": small,
  "ddep-mobilenet": mobilenet,
  "ddep-tiny": tiny,
};
