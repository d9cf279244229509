import type { Image } from "./image.ts";

/**
 * The picture with its hues turned by `share` of the circle, −0.5 … 0.5, as torchvision's `adjust_hue` gives it of a Pillow picture: in HSV of
 * 8 bits a channel, hues counted round (Pillow's `Convert.c`). Grey stays as it is. A new picture.
 */
export function turnHue({ width, height, data }: Image, share: number): Image {
  // What NumPy makes of a negative number of 8 bits: counted from 256 down.
  const turn = Math.trunc(share * 255) & 255;
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const [red, green, blue] = [data[i], data[i + 1], data[i + 2]];
    const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
    const saturation = most === least ? 0 : Math.trunc(255 * Math.fround((most - least) / most));
    const hue = (hueOf(red, green, blue, most, least) + turn) & 255;
    writeColor(out, i, hue, saturation, most);
  }
  return { width, height, data: out };
}

/** 0 … 255 round the circle from red. */
function hueOf(red: number, green: number, blue: number, most: number, least: number): number {
  if (most === least) return 0;
  // Rounded to 32 bits wherever Pillow keeps a number in so many: it decides one hue in some hundreds.
  const { fround } = Math;
  const chroma = most - least;
  const [r, g, b] = [fround((most - red) / chroma), fround((most - green) / chroma), fround((most - blue) / chroma)];
  const sixths = fround(red === most ? b - g : green === most ? 2 + r - b : 4 + g - r);
  return Math.trunc(255 * fround((sixths / 6 + 1) % 1));
}

function writeColor(out: Uint8Array, at: number, hue: number, saturation: number, value: number): void {
  if (saturation === 0) {
    out.fill(value, at, at + 3);
    return;
  }
  const sixths = (hue * 6) / 255;
  const part = Math.floor(sixths);
  const [share, rest] = [saturation / 255, sixths - part];
  const low = Math.round(value * (1 - share));
  const falling = Math.round(value * (1 - share * rest));
  const rising = Math.round(value * (1 - share * (1 - rest)));
  const colors = [
    [value, rising, low],
    [falling, value, low],
    [low, value, rising],
    [low, falling, value],
    [rising, low, value],
    [value, low, falling],
  ];
  out.set(colors[part % 6], at);
}
