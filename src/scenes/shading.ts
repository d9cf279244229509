import type { Rgb } from "./color.ts";
import type { Drawing, Part } from "./drawing.ts";
import { SAMPLES } from "./raster.ts";

/**
 * The light that comes from every pixel: each part seen in it is coloured once, at the pixel's centre, and weighs as much
 * as the samples it covers. tint: colour of lit white. haze: what far parts fade into. Returns RGB, 0 … 1 (more where
 * light is strong), data[(y · width + x) · 3 + channel].
 */
export function shade({ width, height, raster, parts }: Drawing, tint: Rgb, haze: Rgb): Float32Array {
  const out = new Float32Array(width * height * 3);
  const rgb = new Float64Array(3);
  const seen = new Int32Array(SAMPLES * SAMPLES);
  const { columns, parts: samples, shadow: shadows } = raster;
  const all = SAMPLES * SAMPLES;

  const addPart = (part: Part, x: number, y: number, shadow: number, share: number, at: number) => {
    const { toLocal } = part;
    const u = toLocal[0] * x + toLocal[2] * y + toLocal[4];
    const v = toLocal[1] * x + toLocal[3] * y + toLocal[5];
    part.material(u, v, rgb);
    const nx = Math.min(1, Math.max(-1, (u - part.centerX) * part.perX));
    const ny = Math.min(1, Math.max(-1, (v - part.centerY) * part.perY));
    const light = share * (1 - part.haze) * (1 + part.lightX * nx + part.lightY * ny);
    const veil = share * part.haze;
    // Shadows keep some of the sky's blue.
    out[at] += rgb[0] * light * tint[0] * (1 - shadow) + haze[0] * veil;
    out[at + 1] += rgb[1] * light * tint[1] * (1 - 0.97 * shadow) + haze[1] * veil;
    out[at + 2] += rgb[2] * light * tint[2] * (1 - 0.88 * shadow) + haze[2] * veil;
  };

  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const corner = y * SAMPLES * columns + x * SAMPLES;
      const first = samples[corner];
      let uniform = true;
      let shadow = 0;
      for (let row = 0, i = 0; row < SAMPLES; row++) {
        const start = corner + row * columns;
        for (let column = 0; column < SAMPLES; column++, i++) {
          const part = samples[start + column];
          seen[i] = part;
          uniform &&= part === first;
          shadow += shadows[start + column];
        }
      }
      shadow /= 255 * all;
      if (uniform) {
        addPart(parts[first], x + 0.5, y + 0.5, shadow, 1, at);
        continue;
      }
      for (let i = 0; i < all; i++) {
        const part = seen[i];
        if (part < 0) continue;
        let count = 0;
        for (let j = i; j < all; j++) {
          if (seen[j] !== part) continue;
          count++;
          seen[j] = -1;
        }
        addPart(parts[part], x + 0.5, y + 0.5, shadow, count / all, at);
      }
    }
  }
  return out;
}
