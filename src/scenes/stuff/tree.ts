import type { Random } from "../../array/random.ts";
import { mix, type Rgb, scaled, vary } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { blob, limb, type Point, polygon } from "../geometry.ts";
import { type Material, mottled } from "../material.ts";
import { fractal, noise, smoothStep } from "../texture.ts";

export type Season = "summer" | "autumn" | "winter";

const foliage: Record<Season, readonly Rgb[]> = {
  summer: [
    [0.2, 0.36, 0.15],
    [0.28, 0.42, 0.16],
    [0.16, 0.3, 0.17],
    [0.36, 0.44, 0.2],
  ],
  autumn: [
    [0.72, 0.42, 0.14],
    [0.66, 0.27, 0.13],
    [0.78, 0.6, 0.2],
    [0.45, 0.38, 0.16],
  ],
  winter: [
    [0.17, 0.28, 0.22],
    [0.22, 0.3, 0.26],
  ],
};

/** Leaves: light and dark clusters of two sizes, under snow where `white` is above 0. */
function leaves(random: Random, color: Rgb, white: number): Material {
  const seed = random.integer(1 << 20);
  const snow: Rgb = [0.9, 0.93, 0.97];
  return (x, y, out) => {
    const cluster = noise(x * 2.6, y * 3.2, seed);
    const leaf = noise(x * 11, y * 11, seed + 1);
    const shade = 0.62 + 0.42 * cluster + 0.5 * (leaf - 0.5);
    const cap = white > 0 ? smoothStep(0.95 - white, 1.1 - white, fractal(x * 2.3, y * 4.2, 2, seed + 2)) : 0;
    for (let channel = 0; channel < 3; channel++)
      out[channel] = color[channel] * shade * (1 - cap) + snow[channel] * cap;
  };
}

/** One tree, 3 to 8 metres high: round, tall, a fir, or bare. */
export function drawTree(random: Random, season: Season): Figure {
  const color = vary(random, random.pick(foliage[season]), 0.15);
  const bark = vary(
    random,
    random.pick<Rgb>([
      [0.36, 0.27, 0.2],
      [0.45, 0.4, 0.34],
      [0.28, 0.22, 0.18],
      [0.75, 0.73, 0.68],
    ]),
    0.12,
  );
  const trunk = mottled(bark, { size: 0.25, amount: 0.3, stretch: 0.3, seed: random.integer(1 << 20) });
  const height = random.between(3.5, 7.5);
  const kind =
    season === "winter"
      ? random.pick(["fir", "fir", "bare"] as const)
      : random.pick(["round", "round", "tall", "fir"] as const);
  const white = season === "winter" ? random.between(0.15, 0.55) : 0;
  const green = leaves(random, kind === "fir" && season === "autumn" ? foliage.summer[2] : color, white);
  const girth = height * random.between(0.02, 0.035);
  const shapes: Shape[] = [];

  if (kind === "fir") {
    shapes.push(shape(limb([0, 0, girth], [0, height * 0.4, girth * 0.7]), trunk, 0.7));
    const tiers = 4 + random.integer(3);
    const spread = height * random.between(0.2, 0.28);
    for (let tier = 0; tier < tiers; tier++) {
      const low = height * (0.12 + (0.72 * tier) / tiers);
      const half = spread * (1 - (0.82 * tier) / tiers);
      const top = Math.min(height, low + height * 0.36);
      const teeth: Point[] = [[0, top]];
      for (let i = 0; i <= 6; i++) {
        const across = half - (2 * half * i) / 6;
        teeth.push([across, low + (i & 1 ? height * 0.035 : 0) + random.between(0, height * 0.015)]);
      }
      shapes.push(shape(polygon(...teeth), green, 0.8));
    }
  } else if (kind === "bare") {
    shapes.push(shape(branches(random, 0, 0, Math.PI / 2, height * 0.32, girth, 4), trunk, 0.3));
  } else {
    const lean = random.between(-0.3, 0.3);
    const crown = height * (kind === "tall" ? 0.36 : 0.33);
    const across = kind === "tall" ? crown * 0.5 : crown * random.between(0.85, 1.1);
    const middle = height - crown;
    shapes.push(
      shape(limb([0, 0, girth * 1.4], [lean * 0.5, middle * 0.6, girth], [lean, middle, girth * 0.7]), trunk, 0.8),
    );
    const bounds = { x0: lean - across * 1.2, x1: lean + across * 1.2, y0: middle - crown, y1: height };
    const clumps = kind === "tall" ? 4 : 6;
    const polygons = [blob(random, lean, middle, across, crown * 0.85, 0.12, 13)];
    for (let i = 0; i < clumps; i++) {
      const turn = (2 * Math.PI * (i + random.uniform())) / clumps;
      const size = crown * random.between(0.35, 0.55);
      polygons.push(
        blob(
          random,
          lean + across * 0.62 * Math.cos(turn),
          middle + crown * 0.6 * Math.sin(turn),
          size * (across / crown),
          size,
          0.16,
        ),
      );
    }
    shapes.push(shape(polygons, green, 1.3, bounds));
  }
  return { shapes, traits: {} };
}

function branches(
  random: Random,
  x: number,
  y: number,
  angle: number,
  length: number,
  radius: number,
  depth: number,
): ReturnType<typeof limb> {
  const [endX, endY] = [x + length * Math.cos(angle), y + length * Math.sin(angle)];
  const out = limb([x, y, radius], [endX, endY, radius * 0.65]);
  if (depth === 0) return out;
  for (const side of [-1, 1]) {
    const turn = angle + side * random.between(0.25, 0.65);
    out.push(...branches(random, endX, endY, turn, length * random.between(0.6, 0.82), radius * 0.62, depth - 1));
  }
  return out;
}

/** A low round bush. */
export function drawBush(random: Random, season: Season): Figure {
  const green = leaves(random, vary(random, random.pick(foliage[season]), 0.15), season === "winter" ? 0.4 : 0);
  const [half, height] = [random.between(0.5, 1.1), random.between(0.6, 1.3)];
  const polygons = [blob(random, 0, height * 0.45, half, height * 0.5, 0.15)];
  for (let i = 0; i < 4; i++) {
    polygons.push(
      blob(
        random,
        random.between(-half, half) * 0.7,
        height * random.between(0.4, 0.75),
        half * 0.45,
        height * 0.32,
        0.18,
      ),
    );
  }
  return { shapes: [shape(polygons, green, 1.2)], traits: {} };
}

/** The edge of a wood along the horizon, in scene units (y down): its outline and its leaves. */
export function treeLine(
  random: Random,
  { width, base, height, season }: { width: number; base: number; height: number; season: Season },
): { polygons: ReturnType<typeof limb>; material: Material } {
  const polygons = [];
  const from = random.chance(0.5) ? 0 : random.between(0, width * 0.5);
  const to = random.chance(0.5) ? width : random.between(from + width * 0.3, width * 1.2);
  for (let x = from - height * 0.5; x < to + height; x += height * random.between(0.25, 0.5)) {
    const tall = height * random.between(0.55, 1);
    if (season === "winter" || random.chance(0.2)) {
      polygons.push(polygon([x - tall * 0.26, base], [x, base - tall * 1.1], [x + tall * 0.26, base]));
    } else polygons.push(blob(random, x, base - tall * 0.45, tall * 0.45, tall * 0.55, 0.14));
  }
  const color = mix(vary(random, random.pick(foliage[season]), 0.12), [0.2, 0.3, 0.25], 0.35);
  const inner = leaves(random, scaled(color, 1.15), season === "winter" ? 0.25 : 0);
  const frequency = 2.2 / height;
  return { polygons, material: (x, y, out) => inner(x * frequency, y * frequency, out) };
}
