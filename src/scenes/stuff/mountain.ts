import type { Random } from "../../array/random.ts";
import { type Rgb, vary } from "../color.ts";
import type { Polygon } from "../geometry.ts";
import type { Material } from "../material.ts";
import { fractal, noise, smoothStep } from "../texture.ts";

/** A ridge across the picture (scene units): its outline, and rock with snow above `snowLine` (a height above the horizon). */
export function ridge(
  random: Random,
  {
    width,
    horizon,
    height,
    rugged,
    snowLine,
  }: { width: number; horizon: number; height: number; rugged: number; snowLine: number },
): { polygon: Polygon; material: Material } {
  const seed = random.integer(1 << 20);
  const count = 70;
  const wide = random.between(1.6, 3.2);
  const points = new Float64Array(2 * (count + 3));
  const crest = (x: number) => {
    // Folded noise has sharp crests, as mountains have.
    const folded = 1 - Math.abs(2 * noise(x * wide, 0.5, seed) - 1);
    const broad = folded * (0.6 + 0.4 * noise(x * wide * 0.6, 3.5, seed + 2));
    const fine = fractal(x * wide * 3.1, 7.5, 4, seed + 1) - 0.5;
    return horizon - height * Math.max(0.03, 0.25 + 0.75 * broad + rugged * fine);
  };
  for (let i = 0; i <= count; i++) {
    const x = (width * i) / count;
    points[2 * i] = x;
    points[2 * i + 1] = crest(x);
  }
  points.set([width, horizon + 0.03, 0, horizon + 0.03], 2 * (count + 1));

  const rock = vary(
    random,
    random.pick<Rgb>([
      [0.42, 0.4, 0.42],
      [0.36, 0.4, 0.36],
      [0.5, 0.44, 0.38],
      [0.33, 0.42, 0.3],
      [0.4, 0.36, 0.42],
    ]),
    0.12,
  );
  const snow: Rgb = [0.93, 0.95, 0.98];
  const material: Material = (x, y, out) => {
    const slope = fractal(x * 9, y * 5, 3, seed + 5);
    const face = 0.7 + 0.6 * noise(x * 12 + y * 14, y * 3, seed + 8);
    const white = smoothStep(-0.02, 0.02, horizon - y - snowLine + 0.16 * (slope - 0.5));
    for (let channel = 0; channel < 3; channel++) {
      const stone = rock[channel] * (0.75 + 0.5 * slope) * face;
      out[channel] = stone + (snow[channel] * (0.82 + 0.22 * face) - stone) * white;
    }
  };
  return { polygon: points, material };
}
