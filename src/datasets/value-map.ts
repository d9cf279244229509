/**
 * The map from what mask files hold to class indices. It is always written out in full: no value is shifted, clipped
 * or dropped because a reader thought so, and a value that the map does not name is an error.
 */
import type { ClassInfo } from "../data/sample.ts";
import { InputError, problem } from "../errors.ts";
import { parseColor } from "../image/color.ts";
import { IGNORE, maxClasses } from "../image/image.ts";

/** File value (`"7"`) or colour (`"#804080"`) → class index or "ignore". Keys are all of one kind. */
export type ValueMap = Readonly<Record<string, number | "ignore">>;

/** Index of what no class has. */
export const unknown = -1;

/** A value map made ready for looking up. */
export interface Lookup {
  readonly colorCoded: boolean;
  /** Class index, `IGNORE` or −1 for each value 0 … 65535. */
  readonly values: Int16Array;
  /** Class index or `IGNORE` for each colour, red · 65536 + green · 256 + blue. */
  readonly colors: ReadonlyMap<number, number>;
  /** The values or colours that may occur, for messages. */
  readonly known: string;
  /** The classes that the map leads to; empty where they are not known. */
  readonly classes: readonly ClassInfo[];
}

/** Prepares `map`. Throws InputError, beginning with `where`, when a key or an index cannot be meant. */
export function lookupOf(map: ValueMap, where = "value map", classes: readonly ClassInfo[] = []): Lookup {
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
  return { colorCoded, values, colors, known, classes };
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

/** A grey value as it is stored → as it looks, 0 to 255: files of fewer than 8 bits have a smaller white. */
export function shownGrey(value: number, depth = 8): number {
  return (255 * value) / (2 ** depth - 1);
}
