/** Where windows lie on an image, how large it is when they are cut, and how their results are blended. */
import type { Shape } from "../array/shape.ts";
import { InputError, suggestion } from "../errors.ts";
import type { WindowingName } from "../methods/model.ts";

/** No image is enlarged more than this many times: a thumbnail or a single pixel stays small. */
export const maxEnlargement = 8;

/** As the shorter side: whatever makes the whole image fit one window. */
export const fitWindow = -(2 ** 31);

/** The largest shorter side with which an image fits a window, at least 1: then a very long one may not fit all the same. */
export function fittedShortSide(height: number, width: number, [rows, columns]: readonly [number, number]): number {
  const short = Math.min(height, width);
  // round(side · t / short) ≤ most, halves being rounded up, for t whole.
  const fits = (side: number, most: number) => Math.floor((short * (2 * most + 1) - 1) / (2 * side));
  return Math.max(1, Math.min(fits(height, rows), fits(width, columns)));
}

/**
 * Rows and columns of an image when windows are cut from it. shortSide: pixels of its shorter side; 0 for its own
 * size; −n for at most n, never enlarging (as training does). longSide: most pixels of its longer side where it is scaled
 * at all; 0: any. Whole-number arithmetic, rounding halves up, so that graph and host agree exactly.
 */
export function workingSize(
  height: number,
  width: number,
  shortSide: number,
  longSide = 0,
): [height: number, width: number] {
  const short = Math.min(height, width);
  const long = Math.max(height, width);
  const wanted = shortSide < 0 ? Math.min(short, -shortSide) : Math.min(shortSide, maxEnlargement * short);
  const target = shortSide === 0 ? short : wanted;
  // The side that becomes `to` pixels from `from` decides about both.
  const tooLong = longSide > 0 && shortSide !== 0 && longSide * short < target * long;
  const [to, from] = tooLong ? [longSide, long] : [target, short];
  const scaled = (side: number) => Math.max(1, Math.floor((2 * side * to + from) / (2 * from)));
  return [scaled(height), scaled(width)];
}

/** How windows lie along each side of an image, and how their probabilities are averaged where they overlap. */
export interface Windowing {
  /** Pixels from one window to the next, 1 … `window`. The last window is flush with the border whatever remains. */
  stride(window: number): number;
  /**
   * Weights of a window's pixels along one side, all above 0. Weights that meet are divided by their sum, so only their
   * ratio counts; a pixel's weight is the product of those along both sides.
   */
  profile(window: number): Float32Array;
}

/** The choices by name. What they average, probabilities or logits, the model says. */
export const windowings = {
  /** Overlapping by a third, each window fading out towards its borders: no seams. */
  smooth: { stride: twoThirds, profile: smoothProfile },
  /** Overlapping by a third: probabilities summed and divided by the number of windows (DDeP on Pascal Context, ADE20K). */
  even: { stride: twoThirds, profile: evenProfile },
  /** Side by side; only the last one may overlap. Two squares make an image twice as wide as high (DDeP on Cityscapes). */
  tiles: { stride: (window) => window, profile: evenProfile },
  /** Overlapping by half, all alike (GroupViT). */
  halves: { stride: (window) => Math.max(1, Math.floor(window / 2)), profile: evenProfile },
  /** The whole image in one window: it is scaled to fit. */
  none: { stride: (window) => window, profile: evenProfile },
} as const satisfies Readonly<Record<WindowingName, Windowing>>;

/** What is used unless a model, or the user, says otherwise; the pipeline's graph has its model's built in. */
export const defaultWindowing: WindowingName = "smooth";

/** The choice of that name. Throws InputError for other names. */
export function windowingOf(name: WindowingName): Windowing {
  if (Object.hasOwn(windowings, name)) return windowings[name];
  const known = Object.keys(windowings);
  throw new InputError(
    `segment: windows must be one of ${known.join(", ")}, got "${name}". ${suggestion(name, known)}`,
  );
}

/** Two thirds of a window, at least 1 (DDeP, sec. 4.4 of our notes). */
function twoThirds(window: number): number {
  return Math.max(1, Math.floor((2 * window) / 3));
}

/** 1 inside, falling smoothly towards both borders over the part that two windows share, never 0. */
function smoothProfile(window: number): Float32Array {
  const ramp = Math.max(1, window - twoThirds(window));
  return Float32Array.from({ length: window }, (_, i) => {
    const t = Math.min(1, (i + 0.5) / ramp, (window - i - 0.5) / ramp);
    return t * t * (3 - 2 * t);
  });
}

/** Every pixel counts alike. */
function evenProfile(window: number): Float32Array {
  return new Float32Array(window).fill(1);
}

/** First pixels of the windows along one side of `size` ≥ `window` pixels; the last one is flush with the border. */
export function windowStarts(size: number, window: number, windowing: Windowing): number[] {
  const stride = windowing.stride(window);
  const count = 1 + Math.ceil((size - window) / stride);
  return Array.from({ length: count }, (_, i) => Math.min(i * stride, size - window));
}

/** Sides of an image padded so that a window fits. */
export function paddedSize([height, width]: Shape, window: Shape): [height: number, width: number] {
  return [Math.max(height, window[0]), Math.max(width, window[1])];
}

/**
 * What each window adds at each of its pixels along one side: its profile divided by the sum of all windows' profiles
 * there, in float32 as the graph computes it. One list a window, in the order of `windowStarts`.
 */
export function blendShares(size: number, window: number, windowing: Windowing): Float32Array[] {
  const starts = windowStarts(size, window, windowing);
  const profile = windowing.profile(window);
  const total = new Float32Array(size);
  for (const start of starts) for (let i = 0; i < window; i++) total[start + i] += profile[i];
  return starts.map((start) => profile.map((value, i) => value / total[start + i]));
}
