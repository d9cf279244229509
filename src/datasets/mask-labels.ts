/** Decoded masks as class indices. */

import { namesIn } from "../data/mask-mark.ts";
import { InputError, problem } from "../errors.ts";
import { IGNORE, type LabelMap } from "../image/image.ts";
import type { RawImage } from "../platform/platform.ts";
import { type Remedy, UnknownValues } from "./unknown-values.ts";
import { type Lookup, shownGrey, unknown } from "./value-map.ts";

/**
 * raw: a decoded mask → class indices. A mask that names its own classes (`data/mask-mark.ts`) is read by these names.
 * `remedy` says how this data set's map is changed. Throws InputError naming the file, all values that the map does not
 * name, and the place of the first.
 */
export function labelsOf(raw: RawImage, lookup: Lookup, file: string, remedy: Remedy): LabelMap {
  requireOpaque(raw, file);
  const { width, height, channels } = raw;
  const data = new Uint8Array(width * height);
  const names = lookup.classes.length > 0 && channels === 1 ? namesIn(raw.texts) : undefined;
  if (names !== undefined) return { width, height, data: mapNamed(raw, names, lookup, data, file) };
  const bad = channels <= 2 ? mapGrey(raw, lookup, data) : mapColors(raw, lookup, data);
  if (bad >= 0) throw new UnknownValues(raw, bad, { lookup, file, remedy });
  return { width, height, data };
}

/** A mask that predict wrote, of classes that the data set has. */
function mapNamed({ data }: RawImage, names: readonly string[], { classes }: Lookup, out: Uint8Array, file: string) {
  const indexOf = new Map(classes.map(({ name }, index) => [name, index]));
  const table = Array.from({ length: 65_536 }, (_, value) => indexOf.get(names[value] ?? "") ?? unknown);
  if (names.length <= IGNORE) table[IGNORE] = IGNORE;
  for (let pixel = 0; pixel < out.length; pixel++) {
    const index = table[data[pixel]];
    if (index === unknown) {
      const got = names[data[pixel]] === undefined ? String(data[pixel]) : `"${names[data[pixel]]}"`;
      const expected = `expected classes of the data set (${classes.map(({ name }) => name).join(", ")})`;
      throw new InputError(
        problem(
          file,
          expected,
          `${got}, which the mask names itself`,
          "Add the class, or save the mask without its text.",
        ),
      );
    }
    out[pixel] = index;
  }
  return out;
}

/** A half-transparent class does not exist, and what a transparent pixel means nobody knows. */
function requireOpaque({ channels, bits, data, width }: RawImage, file: string): void {
  if (channels !== 2 && channels !== 4) return;
  const opaque = bits === 16 ? 65_535 : 255;
  for (let at = channels - 1; at < data.length; at += channels) {
    if (data[at] === opaque) continue;
    const pixel = (at - channels + 1) / channels;
    const place = `a transparent one at column ${pixel % width}, row ${Math.floor(pixel / width)}`;
    const remedy = "Save the mask without transparency, unlabelled pixels with a value of their own.";
    throw new InputError(problem(file, "mask pixels must be opaque", place, remedy));
  }
}

/** Maps grey values or palette indices; returns the first pixel without a class, or −1. */
function mapGrey(raw: RawImage, lookup: Lookup, out: Uint8Array): number {
  const { data, channels } = raw;
  const table = lookup.colorCoded ? tableOfColors(raw, lookup) : lookup.values;
  for (let pixel = 0, at = 0; pixel < out.length; pixel++, at += channels) {
    const index = table[data[at]];
    if (index < 0) return pixel;
    out[pixel] = index;
  }
  return -1;
}

/** Colour-coded masks may be stored as a palette, or as grey when all their colours are. */
function tableOfColors({ palette, bits, depth }: RawImage, lookup: Lookup): Int16Array {
  const table = new Int16Array(65_536).fill(unknown);
  if (bits === 16) return table;
  for (let value = 0; value < 256; value++) {
    const grey = shownGrey(value, depth);
    const color = palette === undefined ? ([grey, grey, grey] as const) : palette[value];
    if (color === undefined) continue;
    table[value] = lookup.colors.get((color[0] << 16) | (color[1] << 8) | color[2]) ?? unknown;
  }
  return table;
}

/** Maps RGB pixels; returns the first without a class, or −1. Where the map names values, only grey pixels have one. */
function mapColors({ data, channels, bits }: RawImage, lookup: Lookup, out: Uint8Array): number {
  let lastColor = -1;
  let lastIndex = unknown;
  for (let pixel = 0, at = 0; pixel < out.length; pixel++, at += channels) {
    const [red, green, blue] = [data[at], data[at + 1], data[at + 2]];
    if (lookup.colorCoded) {
      if (bits === 16) return pixel;
      const color = (red << 16) | (green << 8) | blue;
      if (color !== lastColor) [lastColor, lastIndex] = [color, lookup.colors.get(color) ?? unknown];
    } else {
      lastIndex = red === green && green === blue ? lookup.values[red] : unknown;
    }
    if (lastIndex < 0) return pixel;
    out[pixel] = lastIndex;
  }
  return -1;
}
