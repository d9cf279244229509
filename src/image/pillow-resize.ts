import { cubicKernel } from "../array/cubic.ts";
import type { Image } from "./image.ts";

/** How far a filter reaches and its weights by distance, in pixels of the smaller picture. */
interface Kernel {
  readonly reach: number;
  weight(distance: number): number;
}

const kernels: Readonly<Record<"bilinear" | "bicubic", Kernel>> = {
  bilinear: { reach: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { reach: 2, weight: cubicKernel(-0.5) },
};

/** Pillow computes in whole numbers of so many binary places (libImaging/Resample.c, `PRECISION_BITS`). */
const one = 2 ** 22;

/**
 * A picture as width x height pixels, to the byte as Pillow's `Image.resize` gives it: filters as wide as shrinking asks for, across, then
 * down, each rounded and kept within 0 … 255.
 */
export function pillowResize(
  { width, height, data }: Image,
  [toWidth, toHeight]: readonly [width: number, height: number],
  filter: "bilinear" | "bicubic",
): Image {
  const across = resample(
    data,
    { lines: height, count: width, step: 3, stride: width * 3, channels: 3 },
    toWidth,
    filter,
  );
  const down = resample(
    across,
    { lines: toWidth * 3, count: height, step: toWidth * 3, stride: 1, channels: 1 },
    toHeight,
    filter,
  );
  return { width: toWidth, height: toHeight, data: down };
}

/** Where the numbers of a line lie: `stride` apart from line to line, `step` within one. */
interface Lines {
  readonly lines: number;
  readonly count: number;
  readonly step: number;
  readonly stride: number;
  readonly channels: number;
}

function resample(
  data: Uint8Array,
  { lines, count, step, stride, channels }: Lines,
  to: number,
  filter: "bilinear" | "bicubic",
): Uint8Array {
  if (to === count) return data;
  const { reach, weight } = kernels[filter];
  const scale = count / to;
  const wide = Math.max(scale, 1);
  const outputStride = stride === 1 ? 1 : to * step;
  const out = new Uint8Array(lines * to * channels);
  for (let place = 0; place < to; place++) {
    const center = (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - reach * wide + 0.5));
    const end = Math.min(count, Math.trunc(center + reach * wide + 0.5));
    const shares = Array.from({ length: end - first }, (_, i) => weight((first + i - center + 0.5) / wide));
    const total = shares.reduce((sum, share) => sum + share, 0);
    const whole = shares.map((share) => {
      const scaled = (share / total) * one;
      return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    });
    for (let line = 0; line < lines; line++) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = one / 2;
        let from = line * stride + first * step + channel;
        for (const share of whole) {
          sum += share * data[from];
          from += step;
        }
        const value = Math.floor(sum / one);
        out[line * outputStride + place * step + channel] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    }
  }
  return out;
}
