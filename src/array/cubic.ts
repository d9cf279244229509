/** Interpolation by cubics (Keys 1981, "Cubic convolution interpolation for digital image processing", eq. 4). */

/** The weight of what lies `distance` away; a is −0.75 in PyTorch, and −0.5 in Pillow and wherever there is a low-pass filter. */
export function cubicKernel(a: number): (distance: number) => number {
  return (distance) => {
    const x = Math.abs(distance);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  };
}

const weightOf = cubicKernel(-0.75);

/** The four of `count` positions around the centre of place `place` of `places`, those beyond the ends repeated, with a = −0.75. */
export function cubicReading(place: number, places: number, count: number): [position: number, weight: number][] {
  const centre = ((place + 0.5) * count) / places - 0.5;
  const first = Math.floor(centre) - 1;
  return [0, 1, 2, 3].map((i) => [Math.min(Math.max(first + i, 0), count - 1), weightOf(centre - first - i)]);
}
