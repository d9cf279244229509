/** Colours of classes in a maskige: as far apart as they go, so that what a tokenizer blurs can still be told apart. */
import { Random } from "../../array/random.ts";
import { InputError, shown } from "../../errors.ts";
import { parseColor } from "../../image/color.ts";
import type { Color } from "../../image/image.ts";
import { releasedColors } from "./released-palettes.ts";

/** One colour a class and, last, that of unlabelled pixels: K + 1 rows. */
export type Palette = readonly Color[];

/** A grid of colours: red changes slowest, blue fastest. */
export interface Lattice {
  readonly levels: readonly [red: readonly number[], green: readonly number[], blue: readonly number[]];
  /** What is added to each channel of each colour: integers from the first to the second. */
  readonly jitter: readonly [least: number, most: number];
  /** Colours at its beginning that are left out. */
  readonly dropped: number;
}

/** As generated for ADE20K: 150 classes (GSS's code). */
export const adeLattice: Lattice = {
  levels: [
    [15, 66, 117, 168, 219],
    [16, 56, 96, 136, 176, 216],
    [17, 62, 107, 152, 197],
  ],
  jitter: [-15, 15],
  dropped: 0,
};

/** As generated for MSeg: 194 classes (GSS's code). */
export const msegLattice: Lattice = {
  levels: [
    [15, 70, 125, 180, 235],
    [16, 67, 118, 169, 220],
    [17, 50, 83, 116, 149, 182, 215, 248],
  ],
  jitter: [-15, 0],
  dropped: 6,
};

/** One for any number of classes: sides as equal as possible, levels evenly in [15, 240], jitter up to a third of their distance. */
export function latticeFor(classes: number): Lattice {
  const side = Math.max(1, Math.ceil(Math.cbrt(classes) - 1e-9));
  // Green, which the eye tells best, gets the longest side.
  const sides = [
    [side - 1, side, side - 1],
    [side, side, side - 1],
    [side, side, side],
  ].find(([red, green, blue]) => red * green * blue >= classes)!;
  const levels = sides.map((count) =>
    Array.from({ length: count }, (_, i) => (count === 1 ? 128 : Math.round(15 + (225 * i) / (count - 1)))),
  ) as unknown as Lattice["levels"];
  const spacing = Math.min(...sides.map((count) => (count === 1 ? 225 : 225 / (count - 1))));
  const most = Math.min(15, Math.floor(spacing / 3));
  return { levels, jitter: [-most, most], dropped: sides[0] * sides[1] * sides[2] - classes };
}

/** All places of the lattice, those that are dropped included. */
export function latticeCentres({ levels: [reds, greens, blues] }: Lattice): Color[] {
  return reds.flatMap((red) => greens.flatMap((green) => blues.map((blue): Color => [red, green, blue])));
}

/** Its colours; jitterOf: what is added to a channel of the colour at `index` of all. */
export function latticeColors(
  lattice: Lattice,
  jitterOf: (index: number, channel: number) => number = () => 0,
): Color[] {
  return latticeCentres(lattice)
    .map((color, index): Color => {
      const [red, green, blue] = color.map((value, channel) =>
        Math.min(255, Math.max(0, value + jitterOf(index, channel))),
      );
      return [red, green, blue];
    })
    .slice(lattice.dropped);
}

/** Jitter of a lattice by a seed. */
export function seededJitter({ jitter: [least, most] }: Lattice, seed: number) {
  return (index: number, channel: number): number =>
    least + new Random(seed, "palette", index, channel).integer(most - least + 1);
}

/** Colours of a grid of 16 levels, each the farthest from those before it, the first one black. */
export function farthestColors(count: number, before: readonly Color[] = []): Color[] {
  const levels = Array.from({ length: 16 }, (_, i) => 17 * i);
  const candidates = latticeCentres({ levels: [levels, levels, levels], jitter: [0, 0], dropped: 0 });
  const distances = candidates.map((color) => Math.min(Infinity, ...before.map((other) => squared(color, other))));
  const chosen: Color[] = [];
  for (let i = 0; i < count; i++) {
    const best = distances.reduce((place, distance, at) => (distance > distances[place] ? at : place), 0);
    chosen.push(candidates[best]);
    for (const [at, color] of candidates.entries()) {
      distances[at] = Math.min(distances[at], squared(color, candidates[best]));
    }
  }
  return chosen;
}

/** Halfway between all colours. */
const grey: Color = [128, 128, 128];

/** How the colours of classes are chosen, by name. */
export const paletteNames = [
  ...["lattice", "lattice-plain", "farthest", "vivid", "random", "ade20k", "mseg", "dataset", "given"],
  ...(Object.keys(releasedColors) as (keyof typeof releasedColors)[]).map((name) => `released-${name}` as const),
] as const;

export interface PaletteSettings {
  /**
   * `lattice`, `lattice-plain`: a grid for any number of classes, with and without jitter. `farthest`: each colour the farthest from
   * those before it; `vivid`: and from grey, which a tokenizer makes of what it is unsure of. `random` (FF-R). `ade20k`, `mseg`: those lattices as generated, `released-…` as released. `dataset`: the data
   * set's own colours. `given`: `paletteColors`.
   */
  readonly palette: string;
  /** Of jitter and random colours. */
  readonly paletteSeed: number;
  /** Of `given`: red, green, blue of each class in turn, then of unlabelled pixels, 0 … 255. Others have none. */
  readonly paletteColors: readonly number[];
}

/**
 * The palette that a recipe describes. classes: their colours in the data set, one each. Throws InputError where a table is
 * for another number of classes, or two classes have one colour.
 */
export function paletteFor(
  { palette, paletteSeed, paletteColors }: PaletteSettings,
  classes: readonly { readonly name: string; readonly color: Color }[],
): Palette {
  const count = classes.length;
  const found = (): Palette => {
    switch (palette) {
      case "lattice":
        return withIgnored(latticeColors(latticeFor(count), seededJitter(latticeFor(count), paletteSeed)));
      case "lattice-plain":
        return withIgnored(latticeColors(latticeFor(count)));
      case "farthest":
        return farthestColors(count + 1);
      case "vivid":
        return farthestColors(count + 1, [grey]);
      case "random":
        return withIgnored(randomColors(count, paletteSeed));
      case "ade20k":
        return withIgnored(latticeColors(adeLattice, seededJitter(adeLattice, paletteSeed)));
      case "mseg":
        return withIgnored(latticeColors(msegLattice, seededJitter(msegLattice, paletteSeed)));
      case "dataset":
        return withIgnored(classes.map(({ color }) => color));
      case "given":
        return paletteFromNumbers(paletteColors);
      default:
        return releasedPalette(palette.replace(/^released-/, "") as keyof typeof releasedColors);
    }
  };
  const colors = found();
  if (colors.length !== count + 1) {
    throw new InputError(
      `palette ${palette}: expected ${count + 1} colours, one for each of ${count} classes and one for unlabelled pixels, got ${colors.length}. Choose another with --set palette=lattice.`,
    );
  }
  const { distance, pair } = leastDistance(colors);
  if (distance === 0 && count > 1) {
    const [a, b] = pair.map((index) => classes[index].name);
    throw new InputError(
      `palette ${palette}: expected colours that differ, got one for ${a} and ${b}. Choose another with --set palette=lattice.`,
    );
  }
  return colors;
}

/** The table of a released model. */
export function releasedPalette(name: keyof typeof releasedColors): Palette {
  return releasedColors[name].split(" ").map((digits) => parseColor(`#${digits}`)!);
}

/** With the colour that is farthest from all of them behind. */
export function withIgnored(colors: readonly Color[]): Palette {
  return [...colors, ...farthestColors(1, colors)];
}

/** Uniform in 0 … 255, all different. */
export function randomColors(count: number, seed: number): Color[] {
  const random = new Random(seed, "palette");
  const chosen = new Map<string, Color>();
  while (chosen.size < count) {
    const color: Color = [random.integer(256), random.integer(256), random.integer(256)];
    chosen.set(color.join(), color);
  }
  return [...chosen.values()];
}

/** The nearest two classes of a palette; the colour of unlabelled pixels does not count. */
export function leastDistance(palette: Palette): {
  readonly distance: number;
  readonly pair: readonly [number, number];
} {
  const colors = palette.slice(0, -1);
  let [distance, pair]: [number, readonly [number, number]] = [Infinity, [0, 0]];
  for (const [i, a] of colors.entries()) {
    for (const [j, b] of colors.slice(0, i).entries()) {
      const apart = Math.sqrt(squared(a, b));
      if (apart < distance) [distance, pair] = [apart, [j, i]];
    }
  }
  return { distance, pair };
}

export interface WeakClass {
  readonly name: string;
  readonly iou: number;
  readonly color: Color;
  /** From (128, 128, 128), where weak ones tend to lie: more vivid colours help. */
  readonly fromGrey: number;
}

/** Classes whose reconstruction is below `least`, the weakest first. ious: one a class, null where nothing of it was seen. */
export function weakClasses(
  ious: readonly (number | null)[],
  names: readonly string[],
  palette: Palette,
  least = 0.8,
): WeakClass[] {
  const all = ious.flatMap((iou, i) =>
    iou === null || iou >= least
      ? []
      : [{ name: names[i], iou, color: palette[i], fromGrey: Math.sqrt(squared(palette[i], grey)) }],
  );
  return all.sort((a, b) => a.iou - b.iou);
}

/** `[[red, green, blue], …]`, the last for unlabelled pixels. Throws InputError for anything else. */
export function paletteFromJson(value: unknown, where: string): Palette {
  const isColor = (row: unknown): row is Color =>
    Array.isArray(row) && row.length === 3 && row.every((part) => Number.isInteger(part) && part >= 0 && part <= 255);
  if (Array.isArray(value) && value.length >= 2 && value.every(isColor)) return value;
  const odd = Array.isArray(value) ? value.find((row) => !isColor(row)) : value;
  throw new InputError(
    `${where}: expected a list of colours such as [120, 0, 255], one a class and one for unlabelled pixels, got ${shown(odd)}. Correct it.`,
  );
}

/** Of `PaletteSettings.paletteColors`, and back. */
export function paletteFromNumbers(numbers: readonly number[]): Palette {
  const rows = Array.from({ length: Math.ceil(numbers.length / 3) }, (_, i) => numbers.slice(3 * i, 3 * i + 3));
  return paletteFromJson(rows, "paletteColors");
}

/** What a recipe keeps of a palette as it is. */
export function givenPalette(palette: Palette): Pick<PaletteSettings, "palette" | "paletteColors"> {
  return { palette: "given", paletteColors: palette.flat() };
}

function squared(a: Color, b: Color): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}
