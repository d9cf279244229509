import type { Color } from "./image.ts";

/**
 * `count` colours that are easy to tell apart, always the same, and the first ones of every longer list. Each is the
 * colour of a 16-level RGB grid that is farthest, in Oklab (Ottosson 2020), from all before it; black and white are
 * kept free, and so is what is too dark or too pale to be seen over a photograph.
 */
export function distinctColors(count: number): Color[] {
  const candidates: { color: Color; lab: readonly [number, number, number]; distance: number }[] = [];
  for (let red = 0; red < 256; red += 17) {
    for (let green = 0; green < 256; green += 17) {
      for (let blue = 0; blue < 256; blue += 17) {
        const lab = oklab([red, green, blue]);
        if (lab[0] < 0.35 || lab[0] > 0.93) continue;
        const fromBlack = squaredDistance(lab, [0, 0, 0]);
        const fromWhite = squaredDistance(lab, [1, 0, 0]);
        candidates.push({ color: [red, green, blue], lab, distance: Math.min(fromBlack, fromWhite) });
      }
    }
  }
  const chosen: Color[] = [];
  while (chosen.length < count) {
    const best = candidates.reduce((a, b) => (b.distance > a.distance ? b : a));
    chosen.push(best.color);
    for (const candidate of candidates) {
      candidate.distance = Math.min(candidate.distance, squaredDistance(candidate.lab, best.lab));
    }
  }
  return chosen;
}

function squaredDistance(a: readonly number[], b: readonly number[]): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}

/** sRGB bytes → Oklab: lightness 0 … 1 and two colour axes. */
function oklab(color: Color): readonly [number, number, number] {
  const [red, green, blue] = color.map((value) => {
    const x = value / 255;
    return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  });
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const medium = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const short = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short,
    1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short,
  ];
}
