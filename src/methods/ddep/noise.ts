/** What is denoised, and how the result is judged (Brempong et al. 2022, sec. 3). Images are in [−1, 1]. */
import type { Tensor } from "../../graph/tensor.ts";
import { abs, add, axisSize, div, less, mean, mul, reshape, sqrt, square, sub, where } from "../../ops/index.ts";
import type { DdepRecipe } from "./recipe.ts";

export type NoiseSettings = Pick<DdepRecipe, "noiseForm" | "noiseMeasure" | "noiseTarget">;

/** One number a sample as [B, 1, 1, 1], to meet images. */
function perSample(level: Tensor): Tensor {
  return reshape(level, [axisSize(level, 0), 1, 1, 1]);
}

/** How much of image and noise a noisy image consists of: x̃ = image·x + noise·ε. Both [B, 1, 1, 1] or 1. */
function shares(level: Tensor, { noiseForm, noiseMeasure }: NoiseSettings): { image: Tensor | number; noise: Tensor } {
  const value = perSample(level);
  if (noiseForm === "additive") return { image: 1, noise: value };
  if (noiseMeasure === "gamma") return { image: sqrt(value), noise: sqrt(sub(1, value)) };
  // γ = 1 / (1 + σ²), so √γ = 1 / √(1 + σ²) and √(1 − γ) = σ / √(1 + σ²).
  const deviation = sqrt(add(square(value), 1));
  return { image: div(1, deviation), noise: div(value, deviation) };
}

/**
 * x̃ = x + σ·ε (additive), (x + σ·ε) / √(1 + σ²) (scaled, by σ) or √γ·x + √(1 − γ)·ε (scaled, by γ).
 *
 * x, epsilon: [B, 3, H, W]; level: [B], σ or γ → [B, 3, H, W], not clipped.
 */
export function addNoise(x: Tensor, epsilon: Tensor, level: Tensor, settings: NoiseSettings): Tensor {
  const { noiseForm, noiseMeasure } = settings;
  if (noiseForm === "scaled" && noiseMeasure === "sigma") {
    const sigma = perSample(level);
    return div(add(x, mul(sigma, epsilon)), sqrt(add(square(sigma), 1)));
  }
  const { image, noise } = shares(level, settings);
  return add(mul(x, image), mul(epsilon, noise));
}

/** The clean image as a prediction has it. noisy, prediction: [B, 3, H, W]; level: [B] → [B, 3, H, W]. */
export function denoised(noisy: Tensor, prediction: Tensor, level: Tensor, settings: NoiseSettings): Tensor {
  if (settings.noiseTarget === "image") return prediction;
  const { image, noise } = shares(level, settings);
  return div(sub(noisy, mul(prediction, noise)), image);
}

/** σ of a level: γ = 1 / (1 + σ²). level: [B] → [B]. */
export function sigmaOf(level: Tensor, { noiseMeasure }: Pick<NoiseSettings, "noiseMeasure">): Tensor {
  return noiseMeasure === "sigma" ? level : sqrt(sub(div(1, level), 1));
}

/**
 * Mean error of each sample: squared (`l2`), absolute (`l1`), or smooth L1 with β = 1 (`huber`).
 * Differs: means over pixels and channels where the paper writes a sum; only the learning rate's meaning changes.
 *
 * prediction, target: [B, 3, H, W] → [B].
 */
export function denoisingErrors(prediction: Tensor, target: Tensor, kind: DdepRecipe["noiseLoss"]): Tensor {
  const difference = sub(prediction, target);
  const axes = { axes: [1, 2, 3] };
  if (kind === "l2") return mean(square(difference), axes);
  const size = abs(difference);
  if (kind === "l1") return mean(size, axes);
  return mean(where(less(size, 1), mul(square(difference), 0.5), sub(size, 0.5)), axes);
}

/**
 * Mean over the samples of weight · error; weights are not normalized. errors: [B]; weights: [B] or null for 1 → scalar.
 */
export function denoisingLoss(errors: Tensor, weights: Tensor | null): Tensor {
  return mean(weights === null ? errors : mul(errors, weights), {});
}

/** Factors of the samples' losses, [B]; null where all are 1. `snr`: 1 / σ². */
export function levelWeights(
  level: Tensor,
  settings: Pick<DdepRecipe, "levelWeights" | "noiseMeasure">,
): Tensor | null {
  return settings.levelWeights === "uniform" ? null : div(1, square(sigmaOf(level, settings)));
}
