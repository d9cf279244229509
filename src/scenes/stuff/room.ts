import type { Random } from "../../array/random.ts";
import { mix, type Rgb, vary } from "../color.ts";
import { bricks, type Material, mottled, planks, striped } from "../material.ts";
import type { View } from "../stage.ts";
import { latticeNoise, noise } from "../texture.ts";

const wallColors: readonly Rgb[] = [
  [0.86, 0.84, 0.79],
  [0.72, 0.78, 0.76],
  [0.82, 0.74, 0.62],
  [0.62, 0.7, 0.78],
  [0.78, 0.62, 0.58],
  [0.56, 0.62, 0.52],
  [0.5, 0.48, 0.5],
  [0.88, 0.82, 0.66],
  [0.42, 0.48, 0.56],
  [0.68, 0.5, 0.42],
];

/** Paint, wallpaper, boards, tiles or bricks, in scene units. `color` is chosen if not given. */
export function wallMaterial(random: Random): Material {
  const color = vary(random, random.pick(wallColors), 0.1);
  const seed = random.integer(1 << 20);
  const second = mix(color, random.chance(0.5) ? [1, 1, 0.97] : [0.3, 0.3, 0.3], random.between(0.1, 0.3));
  switch (random.integer(7)) {
    case 0:
      return striped(color, second, { period: random.between(0.05, 0.14), share: random.between(0.2, 0.5), seed });
    case 1:
      return bricks(
        vary(
          random,
          random.pick<Rgb>([
            [0.6, 0.36, 0.28],
            [0.8, 0.78, 0.74],
            [0.55, 0.45, 0.4],
          ]),
          0.1,
        ),
        [0.7, 0.67, 0.62],
        {
          width: 0.11,
          height: 0.037,
          gap: 0.1,
          seed,
        },
      );
    case 2:
      return planks(color, { width: random.between(0.06, 0.1), contrast: 0.12, seed });
    case 3:
      return paper(color, second, random.between(0.07, 0.12), seed);
    default:
      return mottled(color, { size: random.between(0.15, 0.6), amount: random.between(0.03, 0.1), octaves: 3, seed });
  }
}

/** Wallpaper with a small repeated ornament. */
function paper(color: Rgb, ornament: Rgb, period: number, seed: number): Material {
  const petals = 3 + (seed % 4);
  return (x, y, out) => {
    const row = Math.floor(y / period);
    const u = x / period + (row & 1) * 0.5;
    const [du, dv] = [u - Math.floor(u) - 0.5, y / period - row - 0.5];
    const radius = 0.22 + 0.09 * Math.cos(petals * Math.atan2(dv, du));
    const inside = Math.hypot(du, dv) < radius;
    const shade = 1 + 0.04 * (noise(x * 30, y * 30, seed) - 0.5);
    for (let channel = 0; channel < 3; channel++) out[channel] = (inside ? ornament : color)[channel] * shade;
  };
}

/** Boards, tiles or carpet, seen in perspective. */
export function floorMaterial(random: Random, { width, horizon, eye }: View): Material {
  const seed = random.integer(1 << 20);
  const kind = random.integer(4);
  const color =
    kind <= 1
      ? vary(
          random,
          random.pick<Rgb>([
            [0.6, 0.42, 0.26],
            [0.45, 0.3, 0.2],
            [0.74, 0.58, 0.4],
            [0.52, 0.44, 0.38],
          ]),
          0.1,
        )
      : vary(random, random.pick<Rgb>([...wallColors, [0.45, 0.2, 0.2], [0.3, 0.34, 0.42]]), 0.1);
  const second = mix(
    color,
    random.pick<Rgb>([
      [0.95, 0.94, 0.9],
      [0.25, 0.22, 0.2],
    ]),
    random.between(0.15, 0.5),
  );
  const size = kind === 2 ? random.between(0.3, 0.6) : random.between(0.12, 0.2);
  const away = random.chance(0.5);
  return (x, y, out) => {
    const drop = Math.max(0.02, y - horizon);
    const across = ((x - width / 2) * eye) / drop;
    const along = (1.2 * eye) / drop;
    let base = color;
    let shade = 1;
    if (kind <= 1) {
      const [u, v] = away ? [across / size, along] : [along / size, across];
      const board = Math.floor(u);
      const piece = Math.floor(v / 1.3 + latticeNoise(board, 5, seed) * 3);
      shade = 0.86 + 0.26 * latticeNoise(board, piece, seed) + 0.16 * (noise(u * 7, v * 1.1, seed) - 0.5);
      if (u - board < 0.07) shade *= 0.72;
    } else if (kind === 2) {
      const [column, row] = [Math.floor(across / size), Math.floor(along / size)];
      if (((column + row) & 1) === 1) base = second;
      if (across / size - column < 0.05 || along / size - row < 0.05) shade = 0.75;
      shade *= 0.95 + 0.1 * latticeNoise(column, row, seed);
    } else {
      shade =
        0.93 + 0.14 * noise(across * 25, along * 25, seed) + 0.12 * (noise(across * 1.5, along * 1.5, seed + 1) - 0.5);
    }
    // Floors mirror a little of the light at the far end.
    shade *= 1.06 - 0.12 * Math.min(1, drop * 1.5);
    for (let channel = 0; channel < 3; channel++) out[channel] = base[channel] * shade;
  };
}
