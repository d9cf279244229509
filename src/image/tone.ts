/** What changes each byte by a table, as Pillow's `ImageOps` define it. Each gives a new picture. */
import type { Image } from "./image.ts";

/** Per channel the darkest value becomes 0 and the brightest 255, linearly, cut to whole numbers; one value alone stays. */
export function autoContrast(image: Image): Image {
  return byChannel(image, (counts) => {
    const low = counts.findIndex((count) => count > 0);
    const high = counts.findLastIndex((count) => count > 0);
    if (high <= low) return (value) => value;
    const scale = 255 / (high - low);
    const offset = -low * scale;
    return (value) => value * scale + offset;
  });
}

/**
 * Per channel a flat histogram: a value becomes the number of pixels below it in steps of 1/255 of the pixels, those of the
 * brightest value not counted. Channels with one value, or with fewer than 255 pixels below the brightest, stay.
 */
export function equalize(image: Image): Image {
  return byChannel(image, (counts) => {
    const brightest = counts.findLastIndex((count) => count > 0);
    const step = Math.floor((image.width * image.height - counts[brightest]) / 255);
    if (step === 0) return (value) => value;
    const below = new Float64Array(256);
    for (let value = 1; value < 256; value++) below[value] = below[value - 1] + counts[value - 1];
    return (value) => (Math.floor(step / 2) + below[value]) / step;
  });
}

/** v → 255 − v. */
export function invert(image: Image): Image {
  return byTable(image, (value) => 255 - value);
}

/** Keeps the `bits` most significant bits of each byte, 0 … 8; none leave black. */
export function posterize(image: Image, bits: number): Image {
  const mask = 256 - 2 ** (8 - bits);
  return byTable(image, (value) => value & mask);
}

/** Inverts the values of `threshold` and above, 0 … 256. */
export function solarize(image: Image, threshold: number): Image {
  return byTable(image, (value) => (value < threshold ? value : 255 - value));
}

/** Adds `amount`, at least 0, to the values below 128 (timm's and EfficientNet's `SolarizeAdd`). */
export function solarizeAdd(image: Image, amount: number): Image {
  return byTable(image, (value) => (value < 128 ? value + amount : value));
}

/** `change`: a byte to what becomes it, which is cut to 0 … 255 and to a whole number. */
export function byTable({ width, height, data }: Image, change: (value: number) => number): Image {
  const table = tableOf(change);
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) out[i] = table[data[i]];
  return { width, height, data: out };
}

/** The same with a table for each channel, from how often each value occurs in it. */
function byChannel(
  { width, height, data }: Image,
  changeFor: (counts: Uint32Array) => (value: number) => number,
): Image {
  const out = new Uint8Array(data.length);
  for (let channel = 0; channel < 3; channel++) {
    const counts = new Uint32Array(256);
    for (let i = channel; i < data.length; i += 3) counts[data[i]]++;
    const table = tableOf(changeFor(counts));
    for (let i = channel; i < data.length; i += 3) out[i] = table[data[i]];
  }
  return { width, height, data: out };
}

function tableOf(change: (value: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, value) => Math.min(Math.max(change(value), 0), 255));
}
