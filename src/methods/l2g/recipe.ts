import { plainCrossEntropy, type SegmentationLossSettings } from "../../losses/segmentation.ts";
import { usualUNet } from "../../networks/unet/settings.ts";
import type { MultiScaleSettings } from "../multi-scale.ts";
import { baseRecipe, type Recipe } from "../recipe.ts";
import { type ClassifierSettings, type HeadSettings, usualHead } from "./network.ts";
import type { PseudoLabelSettings } from "./pseudo-labels.ts";
import type { samplerNames } from "./views.ts";
import { allParts } from "./weights.ts";

export interface L2GRecipe
  extends Recipe,
    MultiScaleSettings,
    SegmentationLossSettings,
    HeadSettings,
    PseudoLabelSettings,
    Pick<ClassifierSettings, "localEncoder" | "localNorms" | "encoderWidth" | "encoderUnits" | "viewNormalization"> {
  /** Steps, batch and rates of the pair of networks; `steps` and the other fields of recipes are those of the segmentation. */
  readonly attentionSteps: number;
  readonly attentionWarmupSteps: number;
  readonly attentionBatchSize: number;
  readonly attentionOptimizer: Recipe["optimizer"];
  readonly attentionRate: number;
  readonly attentionWeightDecay: number;
  readonly attentionMomentum: number;
  readonly attentionSchedule: Recipe["schedule"];
  /** Factor on the rate of layers that start anew. */
  readonly newRate: number;
  /** Factor on the rate of biases, wherever they are: the release's 2. ResNet-38 and its head have none, VGG-16 has. */
  readonly attentionBiasRate: number;
  /** Parts of the encoders that keep their weights, by the names that the encoder gives them, or `all`; norms keep theirs always. */
  readonly frozenParts: readonly string[];

  /**
   * How photographs become global views. `crop`: a square of the photograph, whose shorter side is made `shortSide` (the release on VOC).
   * `squeeze`: all of it made a square, whatever its sides (the release on COCO).
   */
  readonly viewFit: "crop" | "squeeze";
  /**
   * How far colours of views change in training: brightness, contrast, saturation, hue, see `ColorJitter`; as released 0.3, 0.3, 0.3, 0.1. None:
   * photometric distortion, as strong as `photometric` says.
   */
  readonly viewJitter: readonly number[];
  /** False: photographs in the order of their names, epoch after epoch, as the release reads them. */
  readonly attentionShuffle: boolean;
  /** Pixels that the shorter side of a photograph is made to have, and the sides of global and local views. */
  readonly shortSide: number;
  readonly viewSize: number;
  readonly localSize: number;
  /**
   * Draw where the global view lies with width and height exchanged, as the release does on VOC: of photographs that are no squares one end is never
   * seen, and some views run past an edge and are black there. False, the default, draws from all of the photograph.
   */
  readonly releaseCropBug: boolean;
  readonly views: number;
  readonly sampler: (typeof samplerNames)[number];

  /** Learn outlines from saliency maps of the data set, which it must then have. */
  readonly saliency: boolean;
  /** Of the transfer; 0: the global network learns nothing. */
  readonly transferWeight: number;
  /** Of the classification of local views, and of global ones; the latter is no part of the method (an ablation). */
  readonly localWeight: number;
  readonly globalWeight: number;
  /** See `TargetOptions`. */
  readonly targetThreshold: number;
  readonly targetBackground: "binary" | "raw";
  readonly strongestOnly: boolean;
  readonly saliencyFallback: "paper" | "release";
  readonly alignedBoxes: boolean;

  /** Scales at which photographs are seen for their pseudo masks, each mirrored as well. */
  readonly camScales: readonly number[];
  /** `sliding`: through windows as large as local views, their maps averaged; no part of the method (a baseline). */
  readonly camWindows: "whole" | "sliding";

  /** Class maps that the run keeps beside the pseudo masks: a grey PNG a class, as the release, or NumPy's files. */
  readonly camMaps: "none" | "png" | "npy";
}

/** Jiang et al. 2022 on PASCAL VOC, as released; the segmentation is ours. Not yet measured. */
const voc: L2GRecipe = {
  ...baseRecipe,
  ...plainCrossEntropy,
  ...usualUNet,
  ...usualHead,
  name: "l2g-voc",
  method: "l2g",

  encoder: "resnet38",
  localEncoder: "same",
  localNorms: "frozen",
  encoderWidth: 0,
  encoderUnits: [],
  encoderNorms: "frozen",
  encoderRate: 0.1,
  decoder: "convolutional",
  decoderChannels: [256],
  outputStride: 4,

  // 10,582 photographs, batch 3, 10 epochs; a tenth of the rate from the fifth on.
  attentionSteps: 35_280,
  attentionWarmupSteps: 0,
  attentionBatchSize: 3,
  attentionOptimizer: "sgd",
  attentionRate: 1e-3,
  attentionWeightDecay: 5e-4,
  attentionMomentum: 0.9,
  attentionSchedule: "step",
  scheduleMilestones: [0.5],
  scheduleFactor: 0.1,
  nesterov: true,
  clipNorm: 0,
  newRate: 10,
  attentionBiasRate: 2,
  frozenParts: ["stem", "stage1"],

  viewNormalization: "encoder",
  viewFit: "crop",
  viewJitter: [0.3, 0.3, 0.3, 0.1],
  attentionShuffle: true,
  shortSide: 512,
  viewSize: 448,
  localSize: 320,
  releaseCropBug: false,
  views: 6,
  sampler: "corners+random",
  photometric: 0.6,

  saliency: true,
  transferWeight: 10,
  localWeight: 1,
  globalWeight: 0,
  targetThreshold: 0.001,
  targetBackground: "binary",
  strongestOnly: true,
  saliencyFallback: "release",
  alignedBoxes: false,

  camScales: [0.5, 1, 1.5, 2],
  camWindows: "whole",
  camThreshold: 0.25,
  camSaliency: "none",
  camSaliencyWeight: 0.5,
  camCrf: "none",
  camAlphas: [4, 24],
  camMaps: "none",

  multiScale: false,

  batchSize: 5,
  accumulate: 1,
  cropHeight: 320,
  cropWidth: 320,
  scaleMin: 0.5,
  scaleMax: 1.5,
  steps: 20_000,
  learningRate: 1e-4,
};

/**
 * The same on COCO as released, but for the optimizer: the release gives its weight decay where the momentum is meant (`l2g-coco-release`).
 * With a momentum of 0.9 ten steps add up, so that a tenth of the release's rate moves weights as far. Not yet measured.
 */
const coco: L2GRecipe = {
  ...voc,
  name: "l2g-coco",
  attentionSteps: 102_600,
  attentionBatchSize: 12,
  attentionRate: 0.01,
  attentionSchedule: "poly",
  schedulePower: 0.7,
  viewNormalization: "coco",
  viewFit: "squeeze",
  views: 4,
  sampler: "random",
  transferWeight: 30,
  targetThreshold: 0.1,
  targetBackground: "raw",
  steps: 50_000,
};

/**
 * The same with the release's optimizer as it runs: its weight decay lands in the momentum, and its warm-up has no effect. Its loader does
 * not shuffle. For comparison with what the authors trained.
 */
const cocoRelease: L2GRecipe = {
  ...coco,
  name: "l2g-coco-release",
  attentionRate: 0.1,
  attentionWeightDecay: 0,
  attentionMomentum: 5e-4,
  nesterov: false,
  attentionShuffle: false,
};

/**
 * Ours, for two cores: any encoder of the room (--encoder), small views, no saliency. Scores: see the README.
 */
const small: L2GRecipe = {
  ...voc,
  name: "l2g-small",
  encoder: "mobilenet-v2",
  encoderStride: 16,
  encoderRate: 0.2,
  earlyChannels: 32,
  lateChannels: 32,
  affinityChannels: 64,
  scoreStart: "zeros",

  attentionSteps: 900,
  attentionWarmupSteps: 20,
  attentionBatchSize: 2,
  attentionOptimizer: "adamw",
  attentionRate: 1e-4,
  attentionWeightDecay: 5e-4,
  attentionSchedule: "poly",
  newRate: 20,
  attentionBiasRate: 1,
  clipNorm: 1,
  // Of a few hundred photographs MobileNet's blocks unlearn more than they learn, and what rests costs a fraction.
  frozenParts: [allParts],

  viewJitter: [],
  shortSide: 224,
  viewSize: 192,
  localSize: 128,
  views: 4,
  sampler: "random",
  alignedBoxes: true,
  saliency: false,

  // Maps of few steps are flat: the sweep in the run's report says what suits others.
  camScales: [1],
  camThreshold: 0.5,
  camAlphas: [3, 24],

  batchSize: 8,
  cropHeight: 192,
  cropWidth: 192,
  scaleMin: 0.6,
  scaleMax: 1.7,
  steps: 400,
  learningRate: 1e-3,
  averageDecay: 0.99,
  evaluateEvery: 200,
  classWeights: "balanced",
  decoder: "unet",
  decoderChannels: [128, 96, 64, 32, 16],
  mapNorms: "batch",
};

/**
 * Ours, as `small`, on ResNet-50 v2 up to stride 16 (--encoder), which rests. Its features are small (mean 0.02 in
 * the file's check, 1.2 in MobileNet's), and at MobileNet's rate scores stay below zero everywhere. What local views add is seen here: see the README.
 */
const resNet50: L2GRecipe = {
  ...small,
  name: "l2g-resnet50",
  encoder: "resnet50-v2-c4",
  attentionSteps: 600,
  attentionBatchSize: 8,
  newRate: 200,
  camThreshold: 0.25,
};

/** For tests: a few steps on small pictures. */
const tiny: L2GRecipe = {
  ...small,
  name: "l2g-tiny",
  frozenParts: ["stem"],
  attentionSteps: 2,
  attentionWarmupSteps: 1,
  shortSide: 64,
  viewSize: 64,
  localSize: 32,
  views: 2,
  camScales: [1],
  batchSize: 2,
  cropHeight: 64,
  cropWidth: 64,
  steps: 2,
  warmupSteps: 1,
  decoder: "convolutional",
  decoderChannels: [16],
};

export const recipes = {
  "l2g-voc": voc,
  "l2g-coco": coco,
  "l2g-coco-release": cocoRelease,
  "l2g-small": small,
  "l2g-resnet50": resNet50,
  "l2g-tiny": tiny,
};
