import type { Random } from "../array/random.ts";
import { mix, type Paint, type Rgb, scaled } from "./color.ts";
import { fractal, latticeNoise, noise, smoothStep } from "./texture.ts";

/** Colour of a surface at a point of its own coordinates, written to `out` (0 … 1), before light falls on it. */
export type Material = (x: number, y: number, out: Float64Array) => void;

/** Weight of b against a, 0 … 1, at a point. */
type Pattern = (x: number, y: number) => number;

function put(out: Float64Array, color: Rgb, factor = 1): void {
  out[0] = color[0] * factor;
  out[1] = color[1] * factor;
  out[2] = color[2] * factor;
}

/** Two colours mixed by a pattern, roughened by fine noise of relative strength `grain`. */
export function patterned(a: Rgb, b: Rgb, pattern: Pattern, grain = 0.06, seed = 1): Material {
  return (x, y, out) => {
    const weight = pattern(x, y);
    const factor = 1 + grain * (2 * noise(x * 31, y * 31, seed) - 1);
    for (let channel = 0; channel < 3; channel++)
      out[channel] = (a[channel] + (b[channel] - a[channel]) * weight) * factor;
  };
}

/** One colour all over. */
export function plain(color: Rgb): Material {
  return (_x, _y, out) => put(out, color);
}

export interface MottleOptions {
  /** Size of the largest patches, in the units of the surface. */
  readonly size?: number;
  /** Greatest relative change of brightness. */
  readonly amount?: number;
  readonly octaves?: number;
  /** Width of a patch relative to its height. */
  readonly stretch?: number;
  readonly seed?: number;
}

/** One colour, lighter and darker in patches. */
export function mottled(
  color: Rgb,
  { size = 0.2, amount = 0.15, octaves = 2, stretch = 1, seed = 1 }: MottleOptions = {},
): Material {
  const frequency = 1 / size;
  return (x, y, out) =>
    put(out, color, 1 + amount * (2 * fractal((x * frequency) / stretch, y * frequency, octaves, seed) - 1));
}

/** Irregular patches of `b` on `a`; `share` of the surface is b, roughly. */
export function patched(a: Rgb, b: Rgb, { size = 0.3, share = 0.4, seed = 1 } = {}): Material {
  const edge = 1 - share;
  return patterned(
    a,
    b,
    (x, y) => smoothStep(edge - 0.04, edge + 0.04, noise(x / size, y / size, seed) * 0.8 + 0.1),
    0.1,
    seed,
  );
}

/** Stripes across the direction `angle` (0: upright stripes); `share` of a period is b. */
export function striped(a: Rgb, b: Rgb, { period = 0.1, angle = 0, share = 0.5, seed = 1 } = {}): Material {
  const [cos, sin] = [Math.cos(angle) / period, Math.sin(angle) / period];
  return patterned(
    a,
    b,
    (x, y) => {
      const phase = x * cos + y * sin;
      return phase - Math.floor(phase) < share ? 1 : 0;
    },
    0.05,
    seed,
  );
}

/** Squares of two colours in turn. */
export function checked(a: Rgb, b: Rgb, { size = 0.1, seed = 1 } = {}): Material {
  return patterned(a, b, (x, y) => (Math.floor(x / size) + Math.floor(y / size)) & 1, 0.05, seed);
}

/** Round dots of `b` in rows on `a`. */
function dotted(a: Rgb, b: Rgb, { spacing = 0.12, radius = 0.3, seed = 1 } = {}): Material {
  return patterned(
    a,
    b,
    (x, y) => {
      const row = Math.floor(y / spacing);
      const u = x / spacing + (row & 1) * 0.5;
      return Math.hypot(u - Math.floor(u) - 0.5, y / spacing - row - 0.5) < radius ? 1 : 0;
    },
    0.05,
    seed,
  );
}

/** Courses of bricks, each brick its own shade, with joints of colour `joint`. */
export function bricks(color: Rgb, joint: Rgb, { width = 0.25, height = 0.08, gap = 0.1, seed = 1 } = {}): Material {
  return (x, y, out) => {
    const row = Math.floor(y / height);
    const u = x / width + (row & 1) * 0.5;
    const column = Math.floor(u);
    const inJoint = y / height - row < gap || (u - column) * (width / height) < gap;
    if (inJoint) put(out, joint, 0.9 + 0.2 * noise(x * 40, y * 40, seed));
    else put(out, color, 0.82 + 0.36 * latticeNoise(column, row, seed));
  };
}

/** Boards side by side along x (or along y when `upright` is false), each with its grain. */
export function planks(color: Rgb, { width = 0.15, upright = true, contrast = 0.25, seed = 1 } = {}): Material {
  const dark = scaled(color, 0.6);
  return (x, y, out) => {
    const [across, along] = upright ? [x / width, y] : [y / width, x];
    const board = Math.floor(across);
    const grain = noise(across * 9, along * 1.3 + board * 7, seed);
    const shade = 1 - contrast / 2 + contrast * latticeNoise(board, 3, seed) + 0.14 * (grain - 0.5);
    put(out, across - board < 0.06 ? dark : color, shade);
  };
}

/** From `low` at height y0 to `high` at y1, lightly mottled. */
export function gradient(low: Rgb, high: Rgb, y0: number, y1: number, seed = 1): Material {
  return patterned(low, high, (_x, y) => smoothStep(y0, y1, y), 0.03, seed);
}

/** What clothes, covers and lampshades are made of: plain, striped, checked or dotted, its main colour that of `paint`. */
export function cloth(random: Random, { rgb }: Paint, scale = 1): Material {
  const seed = random.integer(1 << 20);
  const brightness = (rgb[0] + rgb[1] + rgb[2]) / 3;
  const second = mix(rgb, brightness > 0.5 ? [0.2, 0.2, 0.25] : [0.95, 0.93, 0.9], random.between(0.25, 0.7));
  switch (random.integer(6)) {
    case 0:
      return striped(rgb, second, {
        period: scale * random.between(0.09, 0.2),
        angle: random.pick([0, Math.PI / 2, 0.6]),
        share: 0.35,
        seed,
      });
    case 1:
      return checked(rgb, mix(rgb, second, 0.6), { size: scale * random.between(0.05, 0.1), seed });
    case 2:
      return dotted(rgb, second, {
        spacing: scale * random.between(0.1, 0.16),
        radius: random.between(0.2, 0.3),
        seed,
      });
    default:
      return mottled(rgb, { size: scale * random.between(0.08, 0.3), amount: random.between(0.05, 0.16), seed });
  }
}
