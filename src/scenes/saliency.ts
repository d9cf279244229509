import { type ClassName, sceneClasses } from "./classes.ts";
import type { Drawing } from "./drawing.ts";
import type { Placed } from "./stage.ts";

/** How much a kind of thing draws the eye; 1 where not listed. */
const interest: Partial<Record<ClassName, number>> = {
  person: 1.5,
  dog: 1.35,
  cat: 1.35,
  sheep: 1.2,
  bird: 1.2,
  balloon: 1.25,
  bus: 1.15,
  boat: 1.15,
  picture: 0.6,
  house: 0.4,
  table: 0.45,
  bed: 0.7,
  lamp: 0.85,
};

/**
 * Which things stand out, 0 … 255 per pixel: 255 for the strongest, less for weaker ones, 0 for the background and for
 * what is less than half as strong as the strongest. A thing's strength grows with its interest, its size and its closeness to
 * the centre. Edges are softened over three pixels, as in the maps that saliency networks give.
 */
export function saliencyOf({ width, height, owners, classes }: Drawing, visible: readonly Placed[]): Uint8Array {
  const count = visible.reduce((most, { id }) => Math.max(most, id), 0) + 1;
  const area = new Float64Array(count);
  const sumX = new Float64Array(count);
  const sumY = new Float64Array(count);
  for (let i = 0; i < owners.length; i++) {
    if (sceneClasses[classes[i]].thing !== true) continue;
    area[owners[i]]++;
    sumX[owners[i]] += i % width;
    sumY[owners[i]] += Math.floor(i / width);
  }
  const strength = new Float64Array(count);
  let strongest = 0;
  for (const { id, className } of visible) {
    if (area[id] === 0) continue;
    const share = area[id] / owners.length;
    const [dx, dy] = [sumX[id] / area[id] / width - 0.5, sumY[id] / area[id] / height - 0.5];
    const central = Math.exp(-3 * (dx * dx + dy * dy));
    // Larger is stronger up to a fifth of the picture; what fills it is more of a setting.
    const size = Math.sqrt(Math.min(share, 0.2)) * (share > 0.3 ? 0.2 : 1);
    strength[id] = (interest[className] ?? 1) * (0.1 + size) * central;
    strongest = Math.max(strongest, strength[id]);
  }
  const crisp = new Float32Array(owners.length);
  for (let i = 0; i < owners.length; i++) {
    const relative = strongest > 0 ? strength[owners[i]] / strongest : 0;
    crisp[i] = relative < 0.5 ? 0 : 255 * (0.3 + 0.7 * relative);
  }
  return softened(crisp, width, height);
}

function softened(crisp: Float32Array, width: number, height: number): Uint8Array {
  const out = new Uint8Array(crisp.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      let count = 0;
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          const weight = row === y && column === x ? 4 : 1;
          sum += weight * crisp[row * width + column];
          count += weight;
        }
      }
      out[y * width + x] = Math.round(sum / count);
    }
  }
  return out;
}
