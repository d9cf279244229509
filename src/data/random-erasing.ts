import type { Random } from "../array/random.ts";
import type { Image } from "../image/image.ts";
import { imagenetNormalization } from "../nn/image-input.ts";

/** Share of the picture's area. */
const [leastArea, mostArea] = [0.02, 1 / 3];
/** Height over width, drawn uniformly in its logarithm. */
const [leastRatio, mostRatio] = [0.3, 1 / 0.3];
const tries = 10;

/**
 * Random erasing (Zhong et al. 2020; timm's mode `pixel`): with the given probability one box of 0.02 … 1/3 of the area becomes
 * noise, independent for each pixel and channel. Ten shapes are tried until one is smaller than the picture both ways. The
 * pixels are changed in place.
 * Differs: published, the noise is standard normal on normalized pixels; on bytes it is ImageNet's mean + deviation · normal,
 * rounded and cut to 0 … 255, which happens to 3 to 4 % of the values, some two deviations and more from the mean.
 */
export function randomErasing({ width, height, data }: Image, probability: number, random: Random): void {
  if (!random.chance(probability)) return;
  const { mean, deviation } = imagenetNormalization;
  for (let i = 0; i < tries; i++) {
    const area = width * height * random.between(leastArea, mostArea);
    const ratio = Math.exp(random.between(Math.log(leastRatio), Math.log(mostRatio)));
    const rows = Math.round(Math.sqrt(area * ratio));
    const columns = Math.round(Math.sqrt(area / ratio));
    if (rows >= height || columns >= width) continue;
    const top = random.integer(height - rows + 1);
    const left = random.integer(width - columns + 1);
    const noise = random.fillNormal(new Float32Array(rows * columns * 3));
    for (let y = 0, from = 0; y < rows; y++) {
      const start = ((top + y) * width + left) * 3;
      for (let at = start; at < start + columns * 3; at++, from++) {
        const channel = from % 3;
        data[at] = Math.min(Math.max(mean[channel] + deviation[channel] * noise[from] + 0.5, 0), 255);
      }
    }
    return;
  }
}
