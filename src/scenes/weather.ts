import type { Random } from "../array/random.ts";
import type { Camera } from "./camera.ts";
import { mix, type Rgb, vary } from "./color.ts";
import type { Light } from "./stage.ts";

export type WeatherName = "clear" | "cloudy" | "overcast" | "sunset" | "dusk";

/** The state of the sky, and all that follows from it. */
export interface Weather {
  readonly name: WeatherName;
  readonly zenith: Rgb;
  readonly horizon: Rgb;
  readonly cloud: Rgb;
  /** Share of the sky under clouds, 0 … 1. */
  readonly cover: number;
  /** Where the sun stands, as a fraction of the width; it glows where the sky is low. */
  readonly sun: number;
  readonly light: Light;
  readonly hazeAmount: number;
}

const skies: Record<
  WeatherName,
  { zenith: Rgb[]; horizon: Rgb[]; cloud: Rgb; tint: Rgb; shadow: number; haze: number }
> = {
  clear: {
    zenith: [
      [0.2, 0.43, 0.8],
      [0.3, 0.55, 0.87],
      [0.16, 0.5, 0.75],
    ],
    horizon: [
      [0.7, 0.83, 0.95],
      [0.82, 0.88, 0.93],
      [0.6, 0.8, 0.9],
    ],
    cloud: [0.97, 0.97, 0.98],
    tint: [1.06, 1.02, 0.95],
    shadow: 0.5,
    haze: 0.35,
  },
  cloudy: {
    zenith: [
      [0.33, 0.5, 0.75],
      [0.42, 0.58, 0.78],
    ],
    horizon: [
      [0.8, 0.86, 0.92],
      [0.75, 0.8, 0.88],
    ],
    cloud: [0.92, 0.92, 0.94],
    tint: [1, 1, 0.98],
    shadow: 0.4,
    haze: 0.4,
  },
  overcast: {
    zenith: [
      [0.6, 0.63, 0.68],
      [0.7, 0.72, 0.74],
      [0.52, 0.55, 0.58],
    ],
    horizon: [
      [0.82, 0.83, 0.85],
      [0.75, 0.76, 0.77],
    ],
    cloud: [0.62, 0.64, 0.68],
    tint: [0.88, 0.9, 0.93],
    shadow: 0.2,
    haze: 0.6,
  },
  sunset: {
    zenith: [
      [0.27, 0.3, 0.55],
      [0.42, 0.33, 0.55],
      [0.2, 0.34, 0.6],
    ],
    horizon: [
      [0.98, 0.62, 0.33],
      [0.95, 0.5, 0.4],
      [0.99, 0.76, 0.45],
    ],
    cloud: [0.85, 0.5, 0.48],
    tint: [1.02, 0.82, 0.66],
    shadow: 0.45,
    haze: 0.45,
  },
  dusk: {
    zenith: [
      [0.2, 0.24, 0.44],
      [0.26, 0.26, 0.46],
    ],
    horizon: [
      [0.45, 0.42, 0.58],
      [0.6, 0.45, 0.5],
    ],
    cloud: [0.3, 0.29, 0.42],
    tint: [0.7, 0.72, 0.88],
    shadow: 0.2,
    haze: 0.4,
  },
};

/** Weather for an outdoor picture. */
export function outdoorWeather(random: Random): Weather {
  const name = random.pick(["clear", "clear", "cloudy", "cloudy", "overcast", "sunset", "dusk"] as const);
  const sky = skies[name];
  const side = random.between(-1, 1);
  const low = name === "sunset" ? 1.7 : 1;
  const soft = name === "overcast" || name === "dusk" ? 0.4 : 1;
  // Behind the camera, the sun throws shadows up the image; before it, down.
  const behind = random.chance(0.6) ? 1 : -0.8;
  return {
    name,
    zenith: vary(random, random.pick(sky.zenith), 0.08),
    horizon: vary(random, random.pick(sky.horizon), 0.06),
    cloud: vary(random, sky.cloud, 0.05),
    cover: name === "clear" ? random.between(0, 0.25) : name === "overcast" ? 1 : random.between(0.3, 0.65),
    sun: 0.5 + side * 0.4,
    light: {
      x: 0.32 * side * soft,
      y: 0.24 * soft,
      tint: vary(random, sky.tint, 0.05),
      shadow: sky.shadow * random.between(0.8, 1.1),
      cast: [-side * 0.9 * low * soft, behind * random.between(0.12, 0.3) * soft],
    },
    hazeAmount: sky.haze * random.between(0.6, 1.3),
  };
}

/** Light in a room: from a window at one side or a lamp above. */
export function indoorLight(random: Random): Light {
  const side = random.between(-1, 1);
  const warm = random.uniform();
  return {
    x: 0.3 * side,
    y: 0.22,
    tint: vary(random, mix([1.04, 0.95, 0.8], [0.92, 0.97, 1.05], warm), 0.1),
    shadow: random.between(0.22, 0.42),
    cast: [-side * 0.5, random.between(0.05, 0.16)],
  };
}

/** The camera's own part in a picture; indoors it is noisier and less well balanced. */
export function pickCamera(random: Random, indoor: boolean): Camera {
  const warmth = random.normal() * (indoor ? 0.05 : 0.035);
  const tone = random.normal() * 0.02;
  return {
    exposure: indoor ? random.between(0.72, 1.12) : random.between(0.82, 1.12),
    whiteBalance: [1 + warmth, 1 + tone, 1 - warmth],
    saturation: random.between(0.65, 1.15),
    contrast: random.between(0.88, 1.12),
    blur: random.chance(0.5) ? random.between(0.1, 0.7) : 0,
    vignette: random.between(0, 0.3),
    noise: random.between(0.004, indoor ? 0.035 : 0.025),
    noiseSeed: random.integer(2 ** 31),
  };
}
