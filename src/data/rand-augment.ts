import type { Random } from "../array/random.ts";
import { affineImage, rotateImage } from "../image/affine.ts";
import { enhanceBrightness, enhanceColor, enhanceContrast, enhanceSharpness } from "../image/enhance.ts";
import type { Image } from "../image/image.ts";
import { meanColor } from "../image/pad.ts";
import { autoContrast, equalize, invert, posterize, solarize, solarizeAdd } from "../image/tone.ts";

/** How many operations change a picture, and how much. */
export interface RandAugmentSettings {
  /** Drawn for each picture, each of all of them, so that one may come twice; 0: none. */
  readonly randAugmentOperations: number;
  /** Mean strength, 0 … 10. */
  readonly randAugmentMagnitude: number;
  /** Standard deviation of the strength, which is drawn for each operation and cut to 0 … 10. */
  readonly randAugmentDeviation: number;
  /** With which a drawn operation is carried out. */
  readonly randAugmentProbability: number;
}

/** Changes a picture by a level of 0 … 1; a direction is drawn. */
export type Operation = (image: Image, level: number, random: Random) => Image;

/**
 * timm's "increasing" set: a greater level changes more, other than in the paper's. Geometry is bilinear, and what comes from
 * outside has ImageNet's mean colour. At level 1 posterize leaves black and solarize inverts everything, as published.
 */
export const operations = {
  autoContrast: (image) => autoContrast(image),
  equalize: (image) => equalize(image),
  invert: (image) => invert(image),
  /** Up to 30 degrees. */
  rotate: (image, level, random) => rotateImage(image, signed(30 * level, random), meanColor),
  /** Keeps 4 to 0 bits. */
  posterize: (image, level) => posterize(image, 4 - Math.trunc(level * 4)),
  /** Inverts values of 256 to 0 and above. */
  solarize: (image, level) => solarize(image, 256 - Math.trunc(level * 256)),
  /** Adds up to 110 to the values below 128. */
  solarizeAdd: (image, level) => solarizeAdd(image, Math.trunc(level * 110)),
  /** Factors of 1 ± 0.9, here and in the next three. */
  color: (image, level, random) => enhanceColor(image, 1 + signed(0.9 * level, random)),
  contrast: (image, level, random) => enhanceContrast(image, 1 + signed(0.9 * level, random)),
  brightness: (image, level, random) => enhanceBrightness(image, 1 + signed(0.9 * level, random)),
  sharpness: (image, level, random) => enhanceSharpness(image, 1 + signed(0.9 * level, random)),
  /** Up to 0.3 pixels a pixel. */
  shearX: (image, level, random) => affineImage(image, [1, signed(0.3 * level, random), 0, 0, 1, 0], meanColor),
  shearY: (image, level, random) => affineImage(image, [1, 0, 0, signed(0.3 * level, random), 1, 0], meanColor),
  /** Up to 0.45 of the side. */
  translateX: (image, level, random) =>
    affineImage(image, [1, 0, signed(0.45 * level, random) * image.width, 0, 1, 0], meanColor),
  translateY: (image, level, random) =>
    affineImage(image, [1, 0, 0, 0, 1, signed(0.45 * level, random) * image.height], meanColor),
} as const satisfies Readonly<Record<string, Operation>>;

const all: readonly Operation[] = Object.values(operations);

/** Level 1 of an operation. */
const greatestMagnitude = 10;

/**
 * RandAugment (Cubuk et al. 2020) as timm 0.4 to 0.9 carry it out under `rand-m9-mstd0.5-inc1`: magnitude 9, deviation 0.5, two
 * operations, each with probability ½. The picture that is given stays as it is.
 */
export function randAugment(image: Image, settings: RandAugmentSettings, random: Random): Image {
  const { randAugmentMagnitude, randAugmentDeviation } = settings;
  let result = image;
  for (let i = 0; i < settings.randAugmentOperations; i++) {
    const operation = random.pick(all);
    if (!random.chance(settings.randAugmentProbability)) continue;
    const magnitude = randAugmentMagnitude + randAugmentDeviation * random.normal();
    result = operation(result, Math.min(Math.max(magnitude / greatestMagnitude, 0), 1), random);
  }
  return result;
}

function signed(amount: number, random: Random): number {
  return random.chance(0.5) ? -amount : amount;
}
