/**
 * The map from what mask files hold to class indices. It is always written out in full: no value is shifted, clipped
 * or dropped because a reader thought so, and a value that the map does not name is an error.
 */
import { InputError, problem } from "../errors.ts";
import { formatColor, parseColor } from "../image/color.ts";
import { IGNORE, type LabelMap, maxClasses } from "../image/image.ts";
import type { RawImage } from "../platform/platform.ts";

/** File value (`"7"`) or colour (`"#804080"`) → class index or "ignore". Keys are all of one kind. */
export type ValueMap = Readonly<Record<string, number | "ignore">>;

const unknown = -1;

/** A value map made ready for looking up. */
export interface Lookup {
  readonly colorCoded: boolean;
  /** Class index, `IGNORE` or −1 for each value 0 … 65535. */
  readonly values: Int16Array;
  /** Class index or `IGNORE` for each colour, red · 65536 + green · 256 + blue. */
  readonly colors: ReadonlyMap<number, number>;
  /** The values or colours that may occur, for messages. */
  readonly known: string;
}

/** Prepares `map`. Throws InputError, beginning with `where`, when a key or an index cannot be meant. */
export function lookupOf(map: ValueMap, where = "value map"): Lookup {
  const values = new Int16Array(65_536).fill(unknown);
  const colors = new Map<number, number>();
  const numbers: number[] = [];
  for (const [key, target] of Object.entries(map)) {
    const index = target === "ignore" ? IGNORE : target;
    if (target !== "ignore" && (!Number.isInteger(target) || target < 0 || target >= maxClasses)) {
      const expected = `"${key}" must map to a class index below ${maxClasses} or "ignore"`;
      throw new InputError(problem(where, expected, String(target), "Correct the map."));
    }
    const color = parseColor(key);
    if (color !== undefined) {
      colors.set((color[0] << 16) | (color[1] << 8) | color[2], index);
    } else if (/^\d{1,5}$/.test(key) && Number(key) < values.length) {
      values[Number(key)] = index;
      numbers.push(Number(key));
    } else {
      const expected = "a key is a value from 0 to 65535 or a colour #rrggbb";
      throw new InputError(problem(where, expected, `"${key}"`, "Correct the map."));
    }
  }
  if (colors.size > 0 && numbers.length > 0) {
    const remedy = "Name the classes by one kind only.";
    throw new InputError(problem(where, "keys are all values or all colours", "both", remedy));
  }
  const colorCoded = colors.size > 0;
  const known = colorCoded ? `one of ${colors.size} colours` : `values ${ranges(numbers)}`;
  return { colorCoded, values, colors, known };
}

/** 0, 1, 2, 5 → "0 to 2, 5". */
function ranges(numbers: readonly number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let end = i;
    while (end + 1 < sorted.length && sorted[end + 1] === sorted[end] + 1) end++;
    parts.push(end === i ? `${sorted[i]}` : `${sorted[i]} to ${sorted[end]}`);
    i = end + 1;
  }
  return parts.length > 12 ? `${parts.slice(0, 12).join(", ")} …` : parts.join(", ");
}

/**
 * raw: a decoded mask → class indices. `remedy` says how this data set's map is changed. Throws InputError naming the
 * file, the value and its place when a pixel holds what the map does not name.
 */
export function labelsOf(raw: RawImage, lookup: Lookup, file: string, remedy: string): LabelMap {
  requireOpaque(raw, file);
  const { width, height, channels } = raw;
  const data = new Uint8Array(width * height);
  const bad = channels <= 2 ? mapGrey(raw, lookup, data) : mapColors(raw, lookup, data);
  if (bad >= 0) throw unknownValue(raw, bad, lookup, file, remedy);
  return { width, height, data };
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

/** A grey value as it is stored → as it looks, 0 to 255: files of fewer than 8 bits have a smaller white. */
export function shownGrey(value: number, depth = 8): number {
  return (255 * value) / (2 ** depth - 1);
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

function unknownValue(raw: RawImage, pixel: number, lookup: Lookup, file: string, remedy: string): InputError {
  const { data, channels, width, bits, depth, palette } = raw;
  const at = pixel * channels;
  const place = `at column ${pixel % width}, row ${Math.floor(pixel / width)}`;
  const colored = channels > 2 && !(data[at] === data[at + 1] && data[at] === data[at + 2]);
  if (colored && !lookup.colorCoded) {
    const fix = "Save class values (grey or palette), or name the colours of the classes in the data set's map.";
    const color = bits === 8 ? formatColor([data[at], data[at + 1], data[at + 2]]) : "16-bit RGB";
    return new InputError(problem(file, `expected class ${lookup.known}`, `the colour ${color} ${place}`, fix));
  }
  if (!lookup.colorCoded) {
    return new InputError(problem(file, `expected class ${lookup.known}`, `${data[at]} ${place}`, remedy));
  }
  const grey = shownGrey(data[at], depth);
  const color = channels > 2 ? ([data[at], data[at + 1], data[at + 2]] as const) : palette?.[data[at]];
  const shown = bits === 16 ? "16-bit values" : formatColor(color ?? [grey, grey, grey]);
  return new InputError(problem(file, `expected ${lookup.known} of the classes`, `${shown} ${place}`, remedy));
}
