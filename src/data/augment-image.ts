import type { Random } from "../array/random.ts";
import { flipImage } from "../image/flip.ts";
import type { Image } from "../image/image.ts";
import { type RandAugmentSettings, randAugment } from "./rand-augment.ts";
import { randomErasing } from "./random-erasing.ts";
import { type ResizedCropSettings, randomResizedCrop } from "./random-resized-crop.ts";

/** The fields of a recipe by which a photograph without a mask is augmented. */
export interface ImageAugmentation extends ResizedCropSettings, RandAugmentSettings {
  readonly flipProbability: number;
  /** That one box of the picture becomes noise. */
  readonly erasingProbability: number;
}

/** As DeiT (Touvron et al. 2021) and, after it, GroupViT are trained, at any size. */
export const publishedImageAugmentation: Omit<ImageAugmentation, "cropHeight" | "cropWidth"> = {
  cropAreaMin: 0.08,
  cropAreaMax: 1,
  cropRatioMin: 3 / 4,
  cropRatioMax: 4 / 3,
  flipProbability: 0.5,
  randAugmentOperations: 2,
  randAugmentMagnitude: 9,
  randAugmentDeviation: 0.5,
  randAugmentProbability: 0.5,
  erasingProbability: 0.25,
};

/**
 * Random resized crop, flip, RandAugment and random erasing, in this order: for what is learned from whole pictures, since labels
 * of pixels would not follow. `checkImageAugmentation` says which settings are in range.
 *
 * image: any size, left as it is → cropHeight x cropWidth. The same image, settings and `random` give the same bytes; each
 * part has a stream of its own, so that leaving one out does not change the others.
 */
export function augmentImage(image: Image, settings: ImageAugmentation, random: Random): Image {
  const crop = randomResizedCrop(image, settings, random.fork("crop"));
  const flipped = random.fork("flip").chance(settings.flipProbability) ? flipImage(crop) : crop;
  const changed = randAugment(flipped, settings, random.fork("randAugment"));
  randomErasing(changed, settings.erasingProbability, random.fork("erasing"));
  return changed;
}
