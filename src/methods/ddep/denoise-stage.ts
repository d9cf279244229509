import { float32, item, type NdArray, ndarray } from "../../array/ndarray.ts";
import type { Random } from "../../array/random.ts";
import { augment } from "../../data/augment.ts";
import type { Sample } from "../../data/sample.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Image } from "../../image/image.ts";
import { networkOf } from "../../networks/network.ts";
import { imageInput } from "../../nn/image-input.ts";
import { clip, mean, square, sub } from "../../ops/index.ts";
import { encoderTraining } from "../network-method.ts";
import type { Beginning, Trained, TrainingStage, Trial, TrialPicture } from "../stage.ts";
import { levelModulation } from "./conditioning.ts";
import { addNoise, denoised, denoisingErrors, denoisingLoss, levelWeights, sigmaOf } from "./noise.ts";
import type { DdepRecipe } from "./recipe.ts";

/** The recipe as the denoising stage has it. */
function denoiseRecipe(recipe: DdepRecipe): DdepRecipe {
  return {
    ...recipe,
    steps: recipe.denoiseSteps,
    batchSize: recipe.denoiseBatchSize,
    cropHeight: recipe.denoiseCropHeight,
    cropWidth: recipe.denoiseCropWidth,
    scaleMin: recipe.denoiseScaleMin,
    scaleMax: recipe.denoiseScaleMax,
    cropMaxShare: 1,
    photometric: 0,
    optimizer: recipe.denoiseOptimizer,
    learningRate: recipe.denoiseLearningRate,
    weightDecay: recipe.denoiseWeightDecay,
    warmupSteps: recipe.denoiseWarmupSteps,
    clipNorm: recipe.denoiseClipNorm,
    averageDecay: recipe.denoiseAverageDecay,
    schedule: "cosine",
    finalRate: 0,
    warmupStart: 0,
    accumulate: 1,
    outputStride: recipe.denoiseOutputStride,
  };
}

export interface Denoising {
  readonly clean: Tensor;
  readonly noisy: Tensor;
  /** What the network says: the noise or the clean image. */
  readonly prediction: Tensor;
  /** Error of each sample, [B]. */
  readonly errors: Tensor;
}

/** clean, epsilon: [B, 3, H, W]; level: [B]. */
export function denoising(scope: Scope, clean: Tensor, epsilon: Tensor, level: Tensor, recipe: DdepRecipe): Denoising {
  const noisy = addNoise(clean, epsilon, level, recipe);
  const told = recipe.conditioned ? levelModulation(scope.at("condition"), sigmaOf(level, recipe), recipe) : undefined;
  const prediction = networkOf(recipe).logits(scope, noisy, 3, told);
  const target = recipe.noiseTarget === "noise" ? epsilon : clean;
  return { clean, noisy, prediction, errors: denoisingErrors(prediction, target, recipe.noiseLoss) };
}

/** One crop, and the level of its noise. */
function prepare(sample: Sample, recipe: DdepRecipe, random: Random): Record<"image" | "level", NdArray> {
  const { image } = augment(sample, recipe, random);
  const level = random.fork("level").between(recipe.noiseLevelMin, recipe.noiseLevelMax);
  return {
    image: ndarray("uint8", [image.height, image.width, 3], image.data),
    level: float32([], [level]),
  };
}

/** The encoder alone: the decoder is what is to be pretrained. */
function begin({ weights, recipe: from, source }: Trained, recipe: DdepRecipe): Beginning {
  return networkOf(recipe).transfer(weights, from, { parts: ["encoder"], outputs: 3, source });
}

/**
 * Denoising pretraining (Brempong et al. 2022, sec. 3): noise is added to images, and the network says what was added.
 * With `ddep` the encoder is frozen (no gradient, no dropout) or trains at a rate of its own; with `dep` everything trains.
 *
 * requires: see `Stage`.
 */
export function denoiseStage(recipe: DdepRecipe, requires: string | undefined): TrainingStage {
  const settings = denoiseRecipe(recipe);
  const { batchSize, cropHeight, cropWidth } = settings;
  return {
    kind: "training",
    name: "denoise",
    learnsFrom: [],
    predicts: false, // its head gives colours, not classes
    requires,
    settings,
    fields: { steps: "denoiseSteps", warmupSteps: "denoiseWarmupSteps" },
    begin: (from) => begin(from, settings),
    inputs: {
      image: { dtype: "uint8", shape: [batchSize, cropHeight, cropWidth, 3] },
      level: { dtype: "float32", shape: [batchSize] },
    },
    prepare: (sample, random) => prepare(sample, settings, random),
    loss(scope, { image, level }) {
      const clean = imageInput(image);
      const epsilon = scope.noise("epsilon", clean.shape, "normal");
      const { errors } = denoising(scope, clean, epsilon, level, settings);
      return { terms: { denoising: denoisingLoss(errors, levelWeights(level, settings)) } };
    },
    ...encoderTraining(settings.start === "ddep" ? settings.denoiseEncoderRate : 1),
    trials: [denoisingTrial(settings)],
  };
}

/** What the network makes of the same noise on the same images, step after step. */
function denoisingTrial(settings: DdepRecipe): Trial {
  const { cropHeight, cropWidth } = settings;
  return {
    name: "denoising",
    images: 16,
    prepare(sample, random) {
      const noise = random.fork("epsilon").fillNormal(new Float32Array(3 * cropHeight * cropWidth));
      return {
        ...prepare(sample, { ...settings, flipProbability: 0 }, random),
        epsilon: float32([3, cropHeight, cropWidth], noise),
      };
    },
    outputs(scope, { image, level, epsilon }) {
      const { clean, noisy, prediction, errors } = denoising(scope, imageInput(image), epsilon, level, settings);
      const visible = (x: Tensor) => clip(x, { min: -1, max: 1 });
      // The noisy image is shown at the brightness of the clean one, whatever the form of the noise.
      const shown = visible(denoised(noisy, sub(noisy, noisy), level, { ...settings, noiseTarget: "noise" }));
      const restored = visible(denoised(noisy, prediction, level, settings));
      const off = (x: Tensor) => mean(square(sub(x, clean)), {});
      return { clean, noisy: shown, denoised: restored, noisyOff: off(shown), denoisedOff: off(restored), errors };
    },
    scores(results) {
      const average = (name: string) =>
        results.reduce((sum, result) => sum + peakSignalToNoise(result[name]), 0) / results.length;
      return [
        { name: "PSNR", value: average("denoisedOff"), unit: "dB" },
        { name: "PSNR of the noisy image", value: average("noisyOff"), unit: "dB" },
      ];
    },
    pictures(result): TrialPicture[] {
      const decibels = (name: string) => `${peakSignalToNoise(result[name]).toFixed(1)} dB`;
      return [
        { name: "clean", image: imageOf(result.clean), changes: false, caption: "" },
        { name: "noisy", image: imageOf(result.noisy), changes: false, caption: decibels("noisyOff") },
        { name: "denoised", image: imageOf(result.denoised), changes: true, caption: decibels("denoisedOff") },
      ];
    },
  };
}

/** In dB, for values in [−1, 1]: 10·log₁₀(2² / mean squared error). */
function peakSignalToNoise(meanSquaredError: NdArray): number {
  return 10 * Math.log10(4 / Math.max(1e-12, item(meanSquaredError)));
}

/** [1, 3, H, W] in [−1, 1] → bytes. */
function imageOf({ shape: [, , height, width], data }: NdArray): Image {
  const plane = height * width;
  const bytes = new Uint8Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) bytes[3 * i + c] = Math.round(127.5 + 127.5 * Number(data[c * plane + i]));
  }
  return { width, height, data: bytes };
}
