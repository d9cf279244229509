import type { Image } from "../image/image.ts";
import type { Rgb } from "./color.ts";

/** What a camera adds. */
export interface Camera {
  readonly exposure: number;
  /** Factor of each channel. */
  readonly whiteBalance: Rgb;
  readonly saturation: number;
  readonly contrast: number;
  /** 0: sharp; 1: each pixel mixed with its neighbours' mean. */
  readonly blur: number;
  /** Darkening of the corners, 0 … 1. */
  readonly vignette: number;
  /** Standard deviation of the noise, 0 … 1. */
  readonly noise: number;
  readonly noiseSeed: number;
}

/** Light as a camera stores it: exposure, colours, blur, dark corners, noise; RGB bytes. */
export function develop(light: Float32Array, width: number, height: number, camera: Camera): Image {
  const blurred = camera.blur > 0 ? blur(light, width, height, camera.blur) : light;
  const data = new Uint8Array(width * height * 3);
  const reach = 1 / (width * width + height * height);
  const { whiteBalance, saturation, contrast, exposure } = camera;
  let state = camera.noiseSeed | 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      const [dx, dy] = [2 * x - width, 2 * y - height];
      const gain = exposure * (1 - camera.vignette * (dx * dx + dy * dy) * reach);
      const r = blurred[at] * whiteBalance[0];
      const g = blurred[at + 1] * whiteBalance[1];
      const b = blurred[at + 2] * whiteBalance[2];
      const grey = 0.3 * r + 0.59 * g + 0.11 * b;
      for (let channel = 0; channel < 3; channel++) {
        const value = (channel === 0 ? r : channel === 1 ? g : b) - grey;
        // Linear congruential bits, four bytes added: nearly normal, and cheap enough for every channel of every pixel.
        state = (Math.imul(state, 1664525) + 1013904223) | 0;
        const bits = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
        const dots = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
        const speckle = ((dots - 510) / 148) * camera.noise;
        const level = (grey + value * saturation) * gain;
        data[at + channel] = Math.min(255, Math.max(0, Math.round(255 * (0.5 + (level - 0.5) * contrast + speckle))));
      }
    }
  }
  return { width, height, data };
}

function blur(source: Float32Array, width: number, height: number, amount: number): Float32Array {
  const out = new Float32Array(source.length);
  const row = new Float32Array(source.length);
  const side = amount / 3;
  const middle = 1 - 2 * side;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      const before = x === 0 ? at : at - 3;
      const after = x === width - 1 ? at : at + 3;
      for (let channel = 0; channel < 3; channel++) {
        row[at + channel] = middle * source[at + channel] + side * (source[before + channel] + source[after + channel]);
      }
    }
  }
  const stride = width * 3;
  for (let at = 0; at < out.length; at++) {
    const before = at < stride ? at : at - stride;
    const after = at >= out.length - stride ? at : at + stride;
    out[at] = middle * row[at] + side * (row[before] + row[after]);
  }
  return out;
}
