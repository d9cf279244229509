import { plainCrossEntropy, type SegmentationLossSettings } from "../../losses/segmentation.ts";
import { type UNetSettings, usualUNet } from "../../networks/unet/settings.ts";
import { baseRecipe, type Recipe } from "../recipe.ts";

export interface UNetRecipe extends Recipe, UNetSettings, SegmentationLossSettings {
  /** Steps before `steps` in which the encoder keeps its weights and the rest learns. */
  readonly frozenSteps: number;
  readonly frozenWarmupSteps: number;
  /**
   * Above 0, the encoder keeps its weights, and what it makes of each photograph is computed once and kept on disk while the run
   * trains: at most so many megabytes (10⁶ bytes). 0: it is computed anew in every step.
   */
  readonly cacheMegabytes: number;
  /** Photographs whose longer side has more pixels are made that small before they are encoded for the cache. */
  readonly cacheSide: number;
}

/**
 * Ours: a U-Net on MobileNetV2, for photographs and a few hundred masks in 20 minutes on two cores; made for pretrained weights
 * (--encoder). Scores: see the README beside this file.
 */
const mobilenet: UNetRecipe = {
  ...baseRecipe,
  ...plainCrossEntropy,
  ...usualUNet,
  name: "unet-mobilenet",
  method: "unet",

  batchSize: 8,
  cropHeight: 192,
  cropWidth: 192,
  scaleMin: 0.6,
  scaleMax: 1.7,
  cropMaxShare: 1,
  photometric: 0.5,

  steps: 1000,
  learningRate: 1e-3,
  weightDecay: 0.01,
  warmupSteps: 50,
  averageDecay: 0.99,
  evaluateEvery: 250,

  frozenSteps: 0,
  frozenWarmupSteps: 0,
  cacheMegabytes: 0,
  cacheSide: 1024,

  // On MSRC-21 0.589 mean IoU after 175 steps in place of 0.400: see the README beside this file.
  classWeights: "balanced",
  encoderRate: 0.2,
  decoderChannels: [128, 96, 64, 32, 16],
  mapNorms: "batch",
  upsampling: "bilinear",
  outputStride: 4,
};

/** The same on ResNet-50. */
const resnet50: UNetRecipe = { ...mobilenet, name: "unet-resnet50", encoder: "resnet50", batchSize: 4 };

/**
 * Batch norm and one layer on the features of a frozen DINOv2-S/14 (Oquab et al. 2024, sec. 7.4: linear evaluation): little to
 * learn, for a handful of masks.
 */
const dinov2Linear: UNetRecipe = {
  ...mobilenet,
  name: "dinov2-linear",
  batchSize: 4,
  cropHeight: 224,
  cropWidth: 224,

  encoder: "dinov2-small-14",
  encoderRate: 0,
  decoder: "linear",
  outputStride: 1,
};

/**
 * The same, each photograph encoded once: no colours and scales are varied, and steps take a fraction of the time.
 */
const dinov2Cached: UNetRecipe = {
  ...dinov2Linear,
  name: "dinov2-cached",
  scaleMin: 1,
  scaleMax: 1,
  photometric: 0,
  cacheMegabytes: 10_000,
};

/** For tests: pictures of 64 pixels by heart. */
const tiny: UNetRecipe = {
  ...mobilenet,
  name: "unet-tiny",

  batchSize: 4,
  cropHeight: 64,
  cropWidth: 64,
  scaleMin: 1,
  scaleMax: 1,
  flipProbability: 0,
  photometric: 0,

  steps: 40,
  learningRate: 3e-3,
  weightDecay: 0,
  warmupSteps: 5,
  averageDecay: 0,
  logEvery: 5,
  checkpointEvery: 50,
  evaluateEvery: 50,

  encoderRate: 1,
  decoderChannels: [32, 24, 16],
};

export const recipes = {
  "unet-mobilenet": mobilenet,
  "unet-resnet50": resnet50,
  "dinov2-linear": dinov2Linear,
  "dinov2-cached": dinov2Cached,
  "unet-tiny": tiny,
};
