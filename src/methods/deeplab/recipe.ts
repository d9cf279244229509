import { plainCrossEntropy, type SegmentationLossSettings } from "../../losses/segmentation.ts";
import { usualUNet } from "../../networks/unet/settings.ts";
import type { MultiScaleSettings } from "../multi-scale.ts";
import { baseRecipe, type Recipe } from "../recipe.ts";

export interface DeepLabRecipe extends Recipe, MultiScaleSettings, SegmentationLossSettings {
  /** Factor on the rate of biases, the encoder's and the head's. */
  readonly biasRate: number;
}

/**
 * DeepLab v2 on ResNet-101, as its PyTorch code trains it on VOC (kazuto1011's, which is the second stage of L2G's release). Made for
 * pretrained weights (--encoder). Not yet measured here.
 */
const v2: DeepLabRecipe = {
  ...baseRecipe,
  ...plainCrossEntropy,
  ...usualUNet,
  name: "deeplab-v2",
  method: "deeplab",

  encoder: "resnet101-caffe",
  encoderNorms: "frozen",
  encoderStride: 8,
  decoder: "aspp",
  multiScale: true,

  // On COCO 20 at once.
  batchSize: 5,
  accumulate: 2,
  cropHeight: 321,
  cropWidth: 321,
  scaleMin: 0.5,
  scaleMax: 1.5,

  // On COCO 50,000.
  steps: 20_000,
  optimizer: "sgd",
  // The head's: 2.5e-4 for the encoder, twice as much for biases.
  learningRate: 2.5e-3,
  encoderRate: 0.1,
  biasRate: 2,
  momentum: 0.9,
  weightDecay: 5e-4,
  schedule: "poly-by-10",
  schedulePower: 0.9,
  warmupSteps: 0,
  clipNorm: 0,

  checkpointEvery: 500,
  evaluateEvery: 2000,
};

/** The same with the head of v1, one wide field of view. The release never trained that head on ResNet-101 by mistake; here it learns. */
const v1: DeepLabRecipe = { ...v2, name: "deeplab-v1", decoder: "large-fov", decoderChannels: [1024] };

/** v2 on VGG-16: larger crops, more scales, half as many steps again. */
const v2Vgg: DeepLabRecipe = {
  ...v2,
  name: "deeplab-v2-vgg",
  encoder: "vgg16-deeplab",
  // Its stride is 8 by itself.
  encoderStride: 32,
  decoder: "deep-aspp",
  decoderChannels: [1024],
  cropHeight: 448,
  cropWidth: 448,
  scaleMax: 2,
  steps: 30_000,
};

const v1Vgg: DeepLabRecipe = { ...v2Vgg, name: "deeplab-v1-vgg", decoder: "large-fov" };

export const recipes = { "deeplab-v2": v2, "deeplab-v1": v1, "deeplab-v2-vgg": v2Vgg, "deeplab-v1-vgg": v1Vgg };
