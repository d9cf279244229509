import type { Random } from "../../array/random.ts";
import { mix } from "../color.ts";
import type { Material } from "../material.ts";
import { fractal, smoothStep } from "../texture.ts";
import type { Weather } from "../weather.ts";

/** The sky above `horizon` (scene units): a gradient, clouds that flatten towards the horizon, a glow around a low sun. */
export function skyMaterial(random: Random, weather: Weather, width: number, horizon: number): Material {
  const seed = random.integer(1 << 20);
  const { zenith, horizon: low, cloud, cover } = weather;
  const glow = weather.name === "sunset" ? 0.55 : weather.name === "dusk" ? 0.25 : 0.12;
  const sunX = weather.sun * width;
  const sunColor = mix(low, [1, 0.95, 0.75], 0.7);
  const size = random.between(1.6, 3.2);
  const stretch = random.between(1.5, 4);
  const edge = 0.72 - 0.42 * cover;
  const softness = random.between(0.08, 0.25);
  const dark = mix(cloud, zenith, 0.35);
  return (x, y, out) => {
    const height = Math.max(0, horizon - y) / horizon; // 0 at the horizon, 1 at the top
    const blend = height ** 0.7;
    const near = glow * Math.exp(-6 * (x - sunX) * (x - sunX)) * Math.exp(-5 * height);
    // Looking at a flat layer of clouds: the lower, the farther and the smaller.
    const far = 1 / (0.25 + height);
    const cu = ((x - width / 2) * far * size) / stretch + 40;
    const cv = far * size * 1.4;
    const density = cover > 0.01 ? fractal(cu, cv, 4, seed) : 0;
    const veil = smoothStep(edge, edge + softness, density) * (0.35 + 0.65 * smoothStep(0, 0.25, height));
    const thick = smoothStep(edge + softness * 0.6, edge + softness * 2.2, density);
    for (let channel = 0; channel < 3; channel++) {
      let value = low[channel] + (zenith[channel] - low[channel]) * blend;
      value += (sunColor[channel] - value) * near;
      const cloudy = cloud[channel] + (dark[channel] - cloud[channel]) * thick * 0.7;
      out[channel] = value + (cloudy - value) * veil * 0.92;
    }
  };
}
