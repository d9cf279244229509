/**
 * Colour, contrast, brightness and sharpness as Pillow's `ImageEnhance` define them (after Haeberli and Voorhies 1994): a mixture
 * of the picture and a poorer one, `poorer + factor · (picture − poorer)`, in float32, cut to 0 … 255 and to whole numbers.
 * Factor 0 gives the poorer one, 1 the picture, above 1 more than it. Each gives a new picture.
 */
import type { Image } from "./image.ts";
import { byTable } from "./tone.ts";

/** The poorer picture is grey. */
export function enhanceColor({ width, height, data }: Image, factor: number): Image {
  const share = Math.fround(factor);
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const grey = greyOf(data[i], data[i + 1], data[i + 2]);
    out[i] = mixed(grey, data[i], share);
    out[i + 1] = mixed(grey, data[i + 1], share);
    out[i + 2] = mixed(grey, data[i + 2], share);
  }
  return { width, height, data: out };
}

/** The poorer picture has everywhere the mean of the grey one, rounded. */
export function enhanceContrast(image: Image, factor: number): Image {
  const { data } = image;
  let total = 0;
  for (let i = 0; i < data.length; i += 3) total += greyOf(data[i], data[i + 1], data[i + 2]);
  const mean = Math.floor(total / (image.width * image.height) + 0.5);
  const share = Math.fround(factor);
  return byTable(image, (value) => mixed(mean, value, share));
}

/** The poorer picture is black. */
export function enhanceBrightness(image: Image, factor: number): Image {
  const share = Math.fround(factor);
  return byTable(image, (value) => mixed(0, value, share));
}

/** The poorer picture is smoothed: a pixel five times and its eight neighbours once; the outermost pixels stay. */
export function enhanceSharpness({ width, height, data }: Image, factor: number): Image {
  const share = Math.fround(factor);
  const out = Uint8Array.from(data);
  const row = width * 3;
  // Three rows added up for each place, then three neighbours of these sums: 6 additions in place of 9.
  const sums = new Int32Array(row);
  for (let y = 1; y < height - 1; y++) {
    const base = y * row;
    for (let i = 0; i < row; i++) sums[i] = data[base - row + i] + data[base + i] + data[base + row + i];
    for (let i = 3; i < row - 3; i++) {
      const value = data[base + i];
      const sum = sums[i - 3] + sums[i] + sums[i + 3] + 4 * value;
      out[base + i] = mixed(Math.floor((sum + 6.5) / 13), value, share);
    }
  }
  return { width, height, data: out };
}

/** Pillow's grey: 0.299 red + 0.587 green + 0.114 blue in 16-bit fixed point, rounded. */
function greyOf(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

function mixed(poorer: number, value: number, share: number): number {
  const result = Math.fround(poorer + Math.fround(share * (value - poorer)));
  return result <= 0 ? 0 : result >= 255 ? 255 : result;
}
