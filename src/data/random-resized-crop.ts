import type { Random } from "../array/random.ts";
import type { Rectangle } from "../image/crop.ts";
import type { Image } from "../image/image.ts";
import { resampleImage } from "../image/resample.ts";

/** The part of a picture that is taken, and its size afterwards. */
export interface ResizedCropSettings {
  /** Of the result, pixels. */
  readonly cropHeight: number;
  readonly cropWidth: number;
  /** Share of the picture's area that is taken, drawn uniformly; above 0, at most 1. */
  readonly cropAreaMin: number;
  readonly cropAreaMax: number;
  /** Width over height of what is taken, drawn uniformly in its logarithm; above 0. */
  readonly cropRatioMin: number;
  readonly cropRatioMax: number;
}

const tries = 10;

/**
 * A random part of a picture, of random area and shape, as cropHeight x cropWidth pixels: bilinear with a low-pass filter, as
 * torchvision's and timm's `RandomResizedCrop` on Pillow's pictures (Szegedy et al. 2015).
 */
export function randomResizedCrop(image: Image, settings: ResizedCropSettings, random: Random): Image {
  const rectangle = drawRectangle(image.width, image.height, settings, random);
  return resampleImage(image, rectangle, settings.cropWidth, settings.cropHeight);
}

/**
 * Where in width x height pixels the part lies: the first of ten drawn shapes that fits, anywhere; else the middle, as large
 * as the limits of the shape allow.
 */
export function drawRectangle(
  width: number,
  height: number,
  { cropAreaMin, cropAreaMax, cropRatioMin, cropRatioMax }: Omit<ResizedCropSettings, "cropHeight" | "cropWidth">,
  random: Random,
): Rectangle {
  for (let i = 0; i < tries; i++) {
    const area = width * height * random.between(cropAreaMin, cropAreaMax);
    const ratio = Math.exp(random.between(Math.log(cropRatioMin), Math.log(cropRatioMax)));
    const size = { width: atLeastOne(Math.sqrt(area * ratio)), height: atLeastOne(Math.sqrt(area / ratio)) };
    if (size.width <= width && size.height <= height) {
      return { left: random.integer(width - size.width + 1), top: random.integer(height - size.height + 1), ...size };
    }
  }
  const ratio = Math.min(Math.max(width / height, cropRatioMin), cropRatioMax);
  const size = {
    width: Math.min(width, atLeastOne(height * ratio)),
    height: Math.min(height, atLeastOne(width / ratio)),
  };
  return { left: Math.floor((width - size.width) / 2), top: Math.floor((height - size.height) / 2), ...size };
}

function atLeastOne(pixels: number): number {
  return Math.max(1, Math.round(pixels));
}
