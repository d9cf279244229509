import type { Random } from "../array/random.ts";
import type { Image } from "../image/image.ts";

/**
 * Photometric distortion as in mmsegmentation's `PhotoMetricDistortion` (after Liu et al. 2016, SSD): brightness ±32,
 * contrast and saturation times 0.5 … 1.5, hue ±36 degrees (18 steps of two in 8-bit HSV), each with probability ½,
 * contrast before or after the colours. `strength` scales the ranges; 0 changes nothing.
 * Differs: values are rounded to bytes once, at the end. The pixels are changed in place.
 */
export function distortColors(image: Image, strength: number, random: Random): void {
  if (strength <= 0) return;
  const brightness = random.chance(0.5) ? random.between(-32, 32) * strength : 0;
  const contrastFirst = random.chance(0.5);
  const contrast = random.chance(0.5) ? 1 + random.between(-0.5, 0.5) * strength : 1;
  const saturation = random.chance(0.5) ? Math.max(0, 1 + random.between(-0.5, 0.5) * strength) : 1;
  const hue = random.chance(0.5) ? (random.between(-36, 36) * strength) / 60 : 0; // in sixths of the circle
  const before = Float32Array.from({ length: 256 }, (_, value) => {
    const bright = Math.min(Math.max(value + brightness, 0), 255);
    return contrastFirst ? Math.min(bright * contrast, 255) : bright;
  });
  changeColors(image.data, before, contrastFirst ? 1 : contrast, saturation, hue);
}

/** Per pixel: the table, saturation and hue in HSV, the last contrast. */
function changeColors(data: Uint8Array, before: Float32Array, contrast: number, saturation: number, hue: number): void {
  const colors = saturation !== 1 || hue !== 0;
  for (let i = 0; i < data.length; i += 3) {
    let red = before[data[i]];
    let green = before[data[i + 1]];
    let blue = before[data[i + 2]];
    const high = Math.max(red, green, blue);
    const low = Math.min(red, green, blue);
    const chroma = high - low;
    if (colors && chroma > 0) {
      const scaled = Math.min(chroma * saturation, high); // saturation chroma / high stays at most 1
      if (hue === 0) {
        const factor = scaled / chroma;
        red = high - (high - red) * factor;
        green = high - (high - green) * factor;
        blue = high - (high - blue) * factor;
      } else {
        let turn =
          high === red
            ? (green - blue) / chroma
            : high === green
              ? 2 + (blue - red) / chroma
              : 4 + (red - green) / chroma;
        turn += hue;
        turn -= 6 * Math.floor(turn / 6);
        red = channel(turn + 5, high, scaled);
        green = channel(turn + 3, high, scaled);
        blue = channel(turn + 1, high, scaled);
      }
    }
    red = red * contrast + 0.5;
    green = green * contrast + 0.5;
    blue = blue * contrast + 0.5;
    data[i] = Math.min(red, 255);
    data[i + 1] = Math.min(green, 255);
    data[i + 2] = Math.min(blue, 255);
  }
}

/** One channel from HSV: value − chroma · max(0, min(k, 4 − k, 1)), k the hue in sixths, shifted for the channel. */
function channel(shifted: number, value: number, chroma: number): number {
  const k = shifted >= 6 ? shifted - 6 : shifted;
  return value - chroma * Math.max(0, Math.min(k, 4 - k, 1));
}
