import type { Random } from "../array/random.ts";

/** Red, green, blue as displayed, 0 … 1. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Colours that captions may name. */
export const namedColors = {
  red: [0.76, 0.15, 0.14],
  orange: [0.9, 0.48, 0.13],
  yellow: [0.92, 0.79, 0.22],
  green: [0.22, 0.52, 0.24],
  turquoise: [0.2, 0.62, 0.62],
  blue: [0.18, 0.34, 0.68],
  purple: [0.46, 0.26, 0.58],
  pink: [0.89, 0.55, 0.65],
  brown: [0.43, 0.27, 0.16],
  beige: [0.82, 0.74, 0.6],
  white: [0.92, 0.91, 0.89],
  grey: [0.52, 0.52, 0.53],
  black: [0.13, 0.13, 0.14],
} as const satisfies Record<string, Rgb>;

export type ColorName = keyof typeof namedColors;

/** A colour and the word that is true of it. */
export interface Paint {
  readonly name: ColorName;
  readonly rgb: Rgb;
}

/** One of the named colours, varied so little that the name stays true. */
export function pickPaint(
  random: Random,
  names: readonly ColorName[] = Object.keys(namedColors) as ColorName[],
): Paint {
  const name = random.pick(names);
  return { name, rgb: vary(random, namedColors[name], 0.09) };
}

/** `color` with brightness changed by up to `amount` (a fraction) and each channel by up to a third of that. */
export function vary(random: Random, color: Rgb, amount: number): Rgb {
  const light = 1 + random.between(-amount, amount);
  const channel = (value: number) => clamp(value * light + random.between(-amount, amount) / 3);
  return [channel(color[0]), channel(color[1]), channel(color[2])];
}

export function mix(a: Rgb, b: Rgb, amount: number): Rgb {
  return [a[0] + (b[0] - a[0]) * amount, a[1] + (b[1] - a[1]) * amount, a[2] + (b[2] - a[2]) * amount];
}

export function scaled(color: Rgb, factor: number): Rgb {
  return [clamp(color[0] * factor), clamp(color[1] * factor), clamp(color[2] * factor)];
}

export function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
