/** Where windows lie on an image, how large it is when they are cut, and how their results are blended. */
import type { Shape } from "../array/shape.ts";

/** No image is enlarged more than this many times: a thumbnail or a single pixel stays small. */
export const maxEnlargement = 8;

/**
 * Rows and columns of an image when windows are cut from it. shortSide: pixels of its shorter side; 0 for its own
 * size; −n for at most n, never enlarging (as training does). Whole-number arithmetic, rounding halves up, so that
 * graph and host agree exactly.
 */
export function workingSize(height: number, width: number, shortSide: number): [height: number, width: number] {
  const short = Math.min(height, width);
  const wanted = shortSide < 0 ? Math.min(short, -shortSide) : Math.min(shortSide, maxEnlargement * short);
  const target = shortSide === 0 ? short : wanted;
  const scaled = (side: number) => Math.max(1, Math.floor((2 * side * target + short) / (2 * short)));
  return [scaled(height), scaled(width)];
}

/** Distance between windows: two thirds of their size (DDeP, sec. 4.4 of our notes), at least 1. */
export function windowStride(window: number): number {
  return Math.max(1, Math.floor((2 * window) / 3));
}

/** First pixels of the windows along one side of `size` ≥ `window` pixels; the last one is flush with the border. */
export function windowStarts(size: number, window: number): number[] {
  const stride = windowStride(window);
  const count = 1 + Math.ceil((size - window) / stride);
  return Array.from({ length: count }, (_, i) => Math.min(i * stride, size - window));
}

/**
 * Weights of a window's pixels along one side: 1 inside, falling smoothly towards both borders over the part that two
 * windows share, never 0. Overlapping weights are divided by their sum, so only their ratio counts.
 */
export function blendProfile(window: number): Float32Array {
  const ramp = Math.max(1, window - windowStride(window));
  return Float32Array.from({ length: window }, (_, i) => {
    const t = Math.min(1, (i + 0.5) / ramp, (window - i - 0.5) / ramp);
    return t * t * (3 - 2 * t);
  });
}

/** Sides of an image padded so that a window fits. */
export function paddedSize([height, width]: Shape, window: Shape): [height: number, width: number] {
  return [Math.max(height, window[0]), Math.max(width, window[1])];
}

/**
 * What each window adds at each of its pixels along one side: its profile divided by the sum of all windows' profiles
 * there, in float32 as the graph computes it. One list a window, in the order of `windowStarts`.
 */
export function blendShares(size: number, window: number): Float32Array[] {
  const starts = windowStarts(size, window);
  const profile = blendProfile(window);
  const total = new Float32Array(size);
  for (const start of starts) for (let i = 0; i < window; i++) total[start + i] += profile[i];
  return starts.map((start) => profile.map((value, i) => value / total[start + i]));
}
