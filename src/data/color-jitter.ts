import type { Random } from "../array/random.ts";
import { enhanceBrightness, enhanceColor, enhanceContrast } from "../image/enhance.ts";
import { turnHue } from "../image/hue.ts";
import type { Image } from "../image/image.ts";

/** How far colours may change: brightness, contrast and saturation by this share of them, hue by this share of the circle. */
export type ColorJitter = readonly [brightness: number, contrast: number, saturation: number, hue: number];

/**
 * Brightness, contrast, saturation and hue changed in random order, as torchvision's `ColorJitter` does: factors from 1 − share to
 * 1 + share, not below 0; hue turned by −share … share. Each is rounded to bytes, as Pillow does. A new picture; 0 leaves its part as it is.
 */
export function jitterColors(
  image: Image,
  [brightness, contrast, saturation, hue]: ColorJitter,
  random: Random,
): Image {
  const factor = (share: number) => random.between(Math.max(0, 1 - share), 1 + share);
  const [bright, strong, colored] = [brightness, contrast, saturation].map(factor);
  const turn = random.between(-hue, hue);
  const changes: ((seen: Image) => Image)[] = [
    (seen) => (brightness > 0 ? enhanceBrightness(seen, bright) : seen),
    (seen) => (contrast > 0 ? enhanceContrast(seen, strong) : seen),
    (seen) => (saturation > 0 ? enhanceColor(seen, colored) : seen),
    (seen) => (hue > 0 ? turnHue(seen, turn) : seen),
  ];
  let seen: Image = { ...image, data: image.data.slice() };
  for (const change of random.shuffle(changes)) seen = change(seen);
  return seen;
}
