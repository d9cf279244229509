import type { Random } from "../../array/random.ts";
import { mix, type Rgb, scaled, vary } from "../color.ts";
import type { Material } from "../material.ts";
import type { View } from "../stage.ts";
import { fractal, latticeNoise, noise, smoothStep } from "../texture.ts";

/** Relative brightness of level ground at `across` metres to the right and `along` metres ahead; `near` is 1 close by, 0 far. */
type Relief = (across: number, along: number, near: number) => number;

/** A colour for every point of the ground, seen in perspective. */
function ground(
  { width, horizon, eye }: View,
  paint: (across: number, along: number, near: number, out: Float64Array) => void,
): Material {
  return (x, y, out) => {
    const drop = Math.max(0.004, y - horizon);
    // Where one pixel covers metres of ground, fine detail would only flicker: `near` fades it.
    paint(((x - width / 2) * eye) / drop, eye / drop, smoothStep(0.02, 0.2, drop), out);
  };
}

function lit(view: View, color: Rgb, far: Rgb, relief: Relief): Material {
  return ground(view, (across, along, near, out) => {
    const shade = relief(across, along, near);
    for (let channel = 0; channel < 3; channel++)
      out[channel] = (far[channel] + (color[channel] - far[channel]) * near) * shade;
  });
}

export function grassMaterial(random: Random, view: View): Material {
  const color = vary(
    random,
    random.pick<Rgb>([
      [0.36, 0.5, 0.2],
      [0.3, 0.44, 0.18],
      [0.48, 0.53, 0.24],
      [0.62, 0.57, 0.32],
      [0.26, 0.4, 0.22],
      [0.55, 0.5, 0.27],
    ]),
    0.12,
  );
  const second = mix(
    color,
    random.pick<Rgb>([
      [0.66, 0.6, 0.34],
      [0.2, 0.34, 0.14],
      [0.5, 0.42, 0.26],
    ]),
    random.between(0.2, 0.6),
  );
  const flower = random.chance(0.3)
    ? random.pick<Rgb>([
        [0.95, 0.9, 0.5],
        [0.95, 0.95, 0.95],
        [0.8, 0.4, 0.6],
      ])
    : undefined;
  const seed = random.integer(1 << 20);
  const mown = random.chance(0.2) ? random.between(1, 2.5) : 0;
  return ground(view, (across, along, near, out) => {
    const patch = smoothStep(0.35, 0.65, fractal(across * 0.35, along * 0.5, 2, seed));
    const blades = noise(across * 14, along * 5, seed + 9) * 0.6 + noise(across * 37, along * 11, seed + 10) * 0.4;
    const stripe = mown > 0 && (Math.floor(across / mown) & 1) === 0 ? 0.92 : 1;
    const shade = (1 + (0.16 + 0.5 * near) * (blades - 0.5)) * stripe;
    let bloom = false;
    if (flower !== undefined && near > 0.1) {
      const [column, row] = [Math.floor(across * 7), Math.floor(along * 7)];
      const inside = Math.hypot(across * 7 - column - 0.5, (along * 7 - row - 0.5) * 0.6) < 0.3;
      bloom = inside && latticeNoise(column, row, seed + 3) > 0.95;
    }
    for (let channel = 0; channel < 3; channel++) {
      out[channel] = bloom ? flower![channel] : (color[channel] + (second[channel] - color[channel]) * patch) * shade;
    }
  });
}

export function sandMaterial(random: Random, view: View): Material {
  const color = vary(
    random,
    random.pick<Rgb>([
      [0.82, 0.72, 0.53],
      [0.75, 0.66, 0.52],
      [0.88, 0.8, 0.64],
      [0.66, 0.56, 0.42],
    ]),
    0.08,
  );
  const seed = random.integer(1 << 20);
  const ripple = random.between(0, 0.16);
  return lit(view, color, scaled(color, 0.97), (across, along, near) => {
    const wave = Math.sin(along * 9 + 5 * noise(across * 0.8, along * 0.8, seed));
    const grain = latticeNoise(Math.floor(across * 60), Math.floor(along * 60), seed) - 0.5;
    return (
      1 + 0.22 * (fractal(across * 0.6, along * 0.9, 3, seed + 4) - 0.5) + near * (ripple * 0.5 * wave + 0.12 * grain)
    );
  });
}

export function snowMaterial(random: Random, view: View): Material {
  const color = vary(
    random,
    random.pick<Rgb>([
      [0.9, 0.92, 0.96],
      [0.86, 0.88, 0.92],
      [0.94, 0.93, 0.92],
    ]),
    0.04,
  );
  const shade: Rgb = [0.66, 0.73, 0.86];
  const seed = random.integer(1 << 20);
  const tracks = random.chance(0.4) ? random.between(-2, 2) : undefined;
  return ground(view, (across, along, near, out) => {
    let dip = smoothStep(0.42, 0.72, fractal(across * 0.4, along * 0.65, 3, seed)) * 0.75;
    if (tracks !== undefined && near > 0.2) {
      const offset = Math.abs(Math.abs(across - tracks - 0.7 * Math.sin(along * 0.25)) - 0.3);
      if (offset < 0.12) dip = Math.max(dip, 0.6 + 0.4 * noise(across * 9, along * 9, seed));
    }
    const sparkle = 1 + 0.07 * near * (latticeNoise(Math.floor(across * 40), Math.floor(along * 40), seed) - 0.5);
    for (let channel = 0; channel < 3; channel++)
      out[channel] = (color[channel] + (shade[channel] - color[channel]) * dip) * sparkle;
  });
}

/** Water up to the horizon: it mirrors the sky far away and shows its own colour near by, with waves between. */
export function waterMaterial(random: Random, view: View, sky: Rgb): Material {
  const color = vary(
    random,
    random.pick<Rgb>([
      [0.12, 0.32, 0.42],
      [0.16, 0.38, 0.5],
      [0.2, 0.45, 0.45],
      [0.22, 0.3, 0.34],
      [0.28, 0.34, 0.28],
    ]),
    0.12,
  );
  const seed = random.integer(1 << 20);
  const choppy = random.between(0.3, 1.3);
  const far = mix(color, sky, random.between(0.5, 0.85));
  const bright = mix(sky, [1, 1, 1], 0.35);
  return ground(view, (across, along, near, out) => {
    const depth = Math.min(along, 60);
    const swell = noise(across * 0.5, depth * 2.1, seed) - 0.5;
    const chop = noise(across * 2.2, depth * 7, seed + 1) - 0.5;
    // Far waves are finer than pixels: left alone, they would draw rays towards the horizon.
    const wave = choppy * (0.6 * swell * (0.25 + 0.75 * near) + 0.5 * chop * near);
    const crest = smoothStep(0.22, 0.42, wave) * 0.6;
    const mirror = Math.min(1, Math.max(0, 1 - 0.75 * near + wave * 0.9));
    for (let channel = 0; channel < 3; channel++) {
      const value = color[channel] + (far[channel] - color[channel]) * mirror;
      out[channel] = value + (bright[channel] - value) * crest;
    }
  });
}

export interface RoadOptions {
  /** Distance ahead of the road's middle when it runs across the picture; undefined when it runs away from us. */
  readonly crossing?: number;
  /** Half the width of the road, in metres. */
  readonly half: number;
}

/** Asphalt or earth, worn in the wheel tracks, with a line along the middle and the edges. */
export function roadMaterial(random: Random, view: View, { crossing, half }: RoadOptions): Material {
  const paved = crossing !== undefined || random.chance(0.65);
  const color = paved
    ? vary(
        random,
        random.pick<Rgb>([
          [0.32, 0.32, 0.34],
          [0.42, 0.42, 0.43],
          [0.25, 0.26, 0.29],
          [0.5, 0.48, 0.46],
        ]),
        0.1,
      )
    : vary(
        random,
        random.pick<Rgb>([
          [0.55, 0.44, 0.32],
          [0.64, 0.57, 0.46],
          [0.48, 0.4, 0.32],
        ]),
        0.1,
      );
  const line: Rgb = random.chance(0.75) ? [0.88, 0.88, 0.85] : [0.88, 0.7, 0.25];
  const dashed = random.chance(0.7);
  const edges = random.chance(0.5);
  const seed = random.integer(1 << 20);
  const dash = random.between(1.2, 2.2);
  return ground(view, (across, along, near, out) => {
    const [side, travel] = crossing === undefined ? [across, along] : [along - crossing, across];
    const wear = 0.12 * Math.cos((side / half) * Math.PI * 3);
    const spots = fractal(across * 0.7, along * 0.7, 2, seed) - 0.5;
    const grain = (latticeNoise(Math.floor(across * 30), Math.floor(along * 30), seed) - 0.5) * near;
    const shade = 1 + 0.4 * wear + 0.3 * spots + 0.22 * grain;
    const middle = Math.abs(side) < 0.075 && (!dashed || travel / dash - Math.floor(travel / dash) < 0.55);
    const edge = edges && Math.abs(Math.abs(side) - half * 0.92) < 0.06;
    const marked = paved && (middle || edge) && noise(across * 5, along * 5, seed + 2) > 0.18;
    for (let channel = 0; channel < 3; channel++) out[channel] = (marked ? line[channel] : color[channel]) * shade;
  });
}

/** Slabs or cobbles. */
export function pavementMaterial(random: Random, view: View): Material {
  const color = vary(
    random,
    random.pick<Rgb>([
      [0.6, 0.59, 0.57],
      [0.68, 0.63, 0.57],
      [0.55, 0.47, 0.43],
      [0.5, 0.52, 0.55],
    ]),
    0.1,
  );
  const seed = random.integer(1 << 20);
  const size = random.between(0.4, 0.9);
  const bond = random.chance(0.5) ? 0.5 : 0;
  return ground(view, (across, along, near, out) => {
    const row = Math.floor(along / size);
    const u = across / size + (row & 1) * bond;
    const column = Math.floor(u);
    const joint = u - column < 0.06 || along / size - row < 0.07;
    const slab = 0.88 + 0.24 * latticeNoise(column, row, seed);
    const shade = slab * (1 + 0.14 * near * (noise(across * 20, along * 20, seed) - 0.5));
    const dark = joint ? 1 - 0.4 * near : 1;
    for (let channel = 0; channel < 3; channel++) out[channel] = color[channel] * shade * dark;
  });
}
