/** Repeatable noise over the plane. Every function is pure: equal arguments give equal values. */

/** A hash of a lattice point in [0, 1). */
export function latticeNoise(x: number, y: number, seed: number): number {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

/** Value noise in [0, 1): smooth between the points of the integer lattice. */
export function noise(x: number, y: number, seed: number): number {
  const [ix, iy] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - ix, y - iy];
  const sx = fx * fx * (3 - 2 * fx);
  const sy = fy * fy * (3 - 2 * fy);
  const top = latticeNoise(ix, iy, seed);
  const bottom = latticeNoise(ix, iy + 1, seed);
  const left = top + (bottom - top) * sy;
  const topRight = latticeNoise(ix + 1, iy, seed);
  const right = topRight + (latticeNoise(ix + 1, iy + 1, seed) - topRight) * sy;
  return left + (right - left) * sx;
}

/** Noise of several octaves, each twice as fine and half as strong, in [0, 1). */
export function fractal(x: number, y: number, octaves: number, seed: number): number {
  let sum = 0;
  let weight = 0.5;
  let total = 0;
  for (let octave = 0; octave < octaves; octave++) {
    sum += weight * noise(x, y, seed + octave);
    total += weight;
    weight *= 0.5;
    // Not exactly 2, so that the lattices of two octaves never meet.
    x *= 2.03;
    y *= 2.03;
  }
  return sum / total;
}

/** 0 below `low`, 1 above `high`, smooth between. */
export function smoothStep(low: number, high: number, x: number): number {
  const t = Math.min(1, Math.max(0, (x - low) / (high - low)));
  return t * t * (3 - 2 * t);
}
