/** Pixels of masks that no class has: all of their values, with their share, in one message. */

import type { ClassInfo } from "../data/sample.ts";
import { InputError, problem } from "../errors.ts";
import { formatColor } from "../image/color.ts";
import { IGNORE } from "../image/image.ts";
import type { RawImage } from "../platform/platform.ts";
import { type Lookup, shownGrey } from "./value-map.ts";

/** Values that are shown, those of the most pixels first. */
const shownValues = 8;

/** How a data set's map is changed: one sentence for all of them, or what to write for these. */
export type Remedy = string | ((found: Found) => string);

/** What a remedy depends on. */
export type Found = Pick<Unknown, "values" | "unused" | "counted">;

/** What was found in one mask, or in several of one data set. */
interface Unknown {
  /** Pixels by value, such as `7` or `#ff0000`. */
  readonly values: ReadonlyMap<string, number>;
  /** Names of classes without a pixel. */
  readonly unused: readonly string[];
  /** All classes where their values are their places in the list, from 0; else none. */
  readonly counted: readonly ClassInfo[];
  /** Pixels of the masks in all. */
  readonly pixels: number;
  /** The masks hold colours. */
  readonly colored: boolean;
}

/** A mask has values that no class has. */
export class UnknownValues extends InputError {
  readonly found: Unknown;
  readonly lookup: Lookup;
  readonly remedy: Remedy;

  /** first: index of the first pixel without a class. */
  constructor(
    raw: RawImage,
    first: number,
    { lookup, file, remedy }: { lookup: Lookup; file: string; remedy: Remedy },
  ) {
    const found = unknownIn(raw, lookup);
    const at = `at column ${first % raw.width}, row ${Math.floor(first / raw.width)}`;
    super(messageOf(file, found, { lookup, remedy, place: [valueAt(raw, first, lookup), at] }));
    this.found = found;
    this.lookup = lookup;
    this.remedy = remedy;
  }
}

/** The same of many masks as one line; `where` begins it. */
export function unknownInAll(where: string, errors: readonly UnknownValues[]): string {
  const values = new Map<string, number>();
  let pixels = 0;
  for (const { found } of errors) {
    pixels += found.pixels;
    for (const [value, count] of found.values) values.set(value, (values.get(value) ?? 0) + count);
  }
  const [{ lookup, remedy }] = errors;
  const unused = errors[0].found.unused.filter((name) => errors.every(({ found }) => found.unused.includes(name)));
  const colored = errors.every(({ found }) => found.colored);
  const { counted } = errors[0].found;
  return messageOf(where, { values, unused, counted, pixels, colored }, { lookup, remedy });
}

function messageOf(
  where: string,
  found: Unknown,
  { lookup, remedy, place }: { lookup: Lookup; remedy: Remedy; place?: readonly [value: string, at: string] },
): string {
  const { values, pixels, colored } = found;
  const ordered = [...values].sort((a, b) => b[1] - a[1]);
  const first = ordered.findIndex(([value]) => value === place?.[0]);
  if (first > 0) ordered.unshift(...ordered.splice(first, 1));
  const texts = ordered.slice(0, shownValues).map(([value, count], index) => {
    const share = `${percent(count / pixels)}${index === 0 ? " of the pixels" : ""}`;
    const named = colored && !lookup.colorCoded ? `the colour ${value}` : value;
    return index === 0 && place !== undefined ? `${named} ${place[1]} (${share})` : `${named} (${share})`;
  });
  const more = ordered.length - texts.length;
  const got = [...texts, ...(more > 0 ? [`${more} more values`] : [])].join(", ");
  const expected = lookup.colorCoded ? `expected ${lookup.known} of the classes` : `expected class ${lookup.known}`;
  return problem(where, expected, got, remedyFor(found, lookup, remedy));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.001 ? 3 : share < 0.1 ? 1 : 0)} %`;
}

function remedyFor(found: Unknown, lookup: Lookup, remedy: Remedy): string {
  const { values, unused, colored } = found;
  const isWritten = typeof remedy !== "string";
  const colors = new Set(lookup.classes.map(({ color }) => formatColor(color)));
  if (colored && !lookup.colorCoded) {
    if (isWritten && [...values.keys()].some((value) => colors.has(value))) {
      return 'These are colours of classes: write "colorCoded": true at the top of classes.json.';
    }
    return isWritten
      ? 'Write "colorCoded": true and a "color" for each class in classes.json, or save class values (grey or palette).'
      : "Save class values (grey or palette), or name the colours of the classes in the data set's map.";
  }
  const isNumber = (value: string) => {
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(value.slice(at, at + 2), 16));
    return red === green && green === blue && (red < lookup.classes.length || red === IGNORE);
  };
  const seen = lookup.classes.filter(({ name }) => !unused.includes(name)).map(({ color }) => formatColor(color));
  if (lookup.colorCoded && isWritten && [...values.keys(), ...seen].every(isNumber)) {
    return 'The masks hold numbers, not colours: leave "colorCoded" out of classes.json, or correct the mask.';
  }
  return isWritten ? remedy(found) : remedy;
}

/** Counts what no class has. */
function unknownIn(raw: RawImage, lookup: Lookup): Unknown {
  const { data, channels, width, height } = raw;
  const values = new Map<string, number>();
  const seen = new Set<number>();
  const pixels = width * height;
  // Most neighbours are alike: what was said of a value is asked once for a row of it.
  let [last, index, text] = [-1, -1, ""];
  for (let pixel = 0, at = 0; pixel < pixels; pixel++, at += channels) {
    const code = channels <= 2 ? data[at] : data[at] * 2 ** 32 + data[at + 1] * 2 ** 16 + data[at + 2];
    if (code !== last) {
      last = code;
      text = valueAt(raw, pixel, lookup);
      index = indexOf(raw, at, text, lookup);
    }
    if (index >= 0) seen.add(index);
    else values.set(text, (values.get(text) ?? 0) + 1);
  }
  const unused = lookup.classes.filter((_, at) => !seen.has(at)).map(({ name }) => name);
  const isCounted = !lookup.colorCoded && lookup.classes.every((_, at) => lookup.values[at] === at);
  const colored = [...values.keys()].every((value) => !/^\d/.test(value));
  return { values, unused, counted: isCounted ? lookup.classes : [], pixels, colored };
}

/** Class index or `IGNORE` of a pixel; negative where it has none. */
function indexOf(
  { data, channels }: RawImage,
  at: number,
  text: string,
  { colorCoded, colors, values }: Lookup,
): number {
  if (colorCoded) return text.startsWith("#") ? (colors.get(Number.parseInt(text.slice(1), 16)) ?? -1) : -1;
  const isGrey = channels <= 2 || (data[at] === data[at + 1] && data[at] === data[at + 2]);
  return isGrey ? values[data[at]] : -1;
}

/** What a pixel holds, as messages say it. */
function valueAt({ data, channels, bits, depth, palette }: RawImage, pixel: number, { colorCoded }: Lookup): string {
  const at = pixel * channels;
  const isColored = channels > 2 && !(data[at] === data[at + 1] && data[at] === data[at + 2]);
  if (!colorCoded && !isColored) return String(data[at]);
  if (bits === 16) return colorCoded ? "16-bit values" : "16-bit RGB";
  if (channels > 2) return formatColor([data[at], data[at + 1], data[at + 2]]);
  const grey = Math.round(shownGrey(data[at], depth));
  return formatColor(palette?.[data[at]] ?? [grey, grey, grey]);
}
