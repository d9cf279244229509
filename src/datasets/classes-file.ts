/**
 * `classes.json`: the classes of a plain folder, and which value in the masks means which.
 *
 * ```json
 * {
 *   "ignoreIndex": 255,
 *   "classes": [
 *     { "name": "sky", "color": [128, 128, 128], "thing": false, "value": 0 },
 *     { "name": "car", "color": "#400080", "thing": true, "values": [1, 7] }
 *   ]
 * }
 * ```
 *
 * - `name`: not empty, unlike the others. A class may be written as its name alone: `"sky"`.
 * - `color`: for pictures, and the code in colour-coded masks. Without it: one that is easy to tell apart.
 * - `thing`: countable objects (true) or stuff (false); may be absent.
 * - `background`: true for the one class that is none of the others.
 * - `words`: how people say it, the usual word first: `["sofa", "couch"]`. Absent: its name.
 * - `value` or `values`: what its pixels hold in the masks, 0 to 65535. Absent: its place in the list, from 0.
 * - `ignoreIndex`: the value, or values in a list, of unlabelled pixels. Absent: every pixel has a class.
 * - `colorCoded: true`: masks are RGB and a pixel is its class's `color` (or one of its `colors`); unlabelled pixels have
 *   one of `ignoreColors`. `value`, `values` and `ignoreIndex` are not used then.
 * - `description`, `license`, `source`: text that is kept for people.
 *
 * The list of `classes` alone will do, and so will `{"0": "sky"}` and `{"sky": 0}`.
 */

import type { ClassInfo } from "../data/sample.ts";
import { InputError, isObject, problem, shown } from "../errors.ts";
import { formatColor, parseColor } from "../image/color.ts";
import { type Color, maxClasses } from "../image/image.ts";
import { distinctColors } from "../image/palette.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { requireKnownKeys } from "./known-keys.ts";
import { type Fields, parsed, readUtf8 } from "./text-file.ts";
import type { ValueMap } from "./value-map.ts";

export interface ClassList {
  readonly classes: readonly ClassInfo[];
  readonly valueMap: ValueMap;
  readonly colorCoded: boolean;
  /** Indices of classes whose colour somebody chose. */
  readonly colored: readonly number[];
}

const fileKeys = ["ignoreIndex", "classes", "colorCoded", "ignoreColors", "description", "license", "source"];
const classKeys = ["name", "color", "thing", "background", "words", "value", "values", "colors"];

/** What such a file in a folder says; null where there is none. */
export async function describedIn(
  platform: Platform,
  folder: string,
): Promise<(ClassList & { readonly file: string }) | null> {
  const file = joinPath(folder, "classes.json");
  if ((await platform.exists(file)) !== "file") return null;
  return { ...parseClassList(await readUtf8(platform, file), file), file };
}

/** text: the content of classes.json. Throws InputError naming `file` and the field at fault. */
export function parseClassList(text: string, file: string): ClassList {
  const remedy = 'Write {"ignoreIndex": 255, "classes": [{"name": "sky"}]}.';
  const root = withList(parsed(text, file, remedy, "expected a JSON object"), file, remedy);
  const fail = (field: string, expected: string, got: unknown, remedy: string): never => {
    throw new InputError(problem(`${file}: ${field}`, expected, show(got), remedy));
  };
  requireKnownKeys(root, fileKeys, file);
  if (root.colorCoded !== undefined && typeof root.colorCoded !== "boolean") {
    fail("colorCoded", "expected true or false", root.colorCoded, "Write true when masks are RGB colours.");
  }
  const colorCoded = root.colorCoded === true;
  const list = root.classes;
  if (!Array.isArray(list) || list.length === 0) {
    return fail("classes", "expected a list of classes", list, 'Write [{"name": "sky"}, {"name": "road"}].');
  }
  if (list.length > maxClasses) {
    fail("classes", `expected at most ${maxClasses} classes`, list.length, "Merge classes with `values`.");
  }
  const fallback = distinctColors(list.length);
  const valueMap: Record<string, number | "ignore"> = {};
  const add = (field: string, key: string, target: number | "ignore") => {
    const other = valueMap[key];
    if (other === undefined) valueMap[key] = target;
    else if (other !== target || target !== "ignore") {
      const owner = other === "ignore" ? "unlabelled pixels" : `classes[${other}]`;
      fail(field, "expected a value that is not yet taken", `${key}, which ${owner} has`, "Give each its own.");
    }
  };
  const names = new Map<string, number>();
  let isBackgroundKnown = false;
  const classes = list.map((item: unknown, index): ClassInfo => {
    const field = `classes[${index}]`;
    const entry: Fields = typeof item === "string" ? { name: item } : isObject(item) ? item : {};
    if (!isObject(item) && typeof item !== "string") fail(field, "expected an object", item, 'Write {"name": "sky"}.');
    requireKnownKeys(entry, classKeys, `${file}: ${field}`);
    const { name, thing, background, words } = entry;
    if (typeof name !== "string" || name.trim() === "") {
      return fail(`${field}.name`, "expected a name", name, 'Write "name": "sky".');
    }
    if (names.has(name)) {
      fail(`${field}.name`, "expected a name of its own", `"${name}", as classes[${names.get(name)}]`, "Rename one.");
    }
    names.set(name, index);
    if (thing !== undefined && typeof thing !== "boolean") {
      fail(`${field}.thing`, "expected true or false", thing, "Write true for countable objects.");
    }
    if (background !== undefined && background !== true) {
      fail(`${field}.background`, "expected true", background, "Leave it out for classes that are something.");
    }
    if (background === true) {
      if (isBackgroundKnown) fail(`${field}.background`, "expected one background", "another", "Leave it out of one.");
      isBackgroundKnown = true;
    }
    const isWord = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";
    if (words !== undefined && !(Array.isArray(words) && words.length > 0 && words.every(isWord))) {
      return fail(`${field}.words`, "expected a list of words", words, 'Write "words": ["sofa", "couch"].');
    }
    const color = readColor(entry.color, `${file}: ${field}.color`) ?? fallback[index];
    if (colorCoded) {
      for (const [at, code] of codesOf(entry, file, field).entries()) {
        add(entry.colors === undefined ? `${field}.color` : `${field}.colors[${at}]`, formatColor(code), index);
      }
    } else {
      for (const value of valuesOf(entry, index, file, field)) add(field, String(value), index);
    }
    return {
      ...{ name, color, ...(typeof thing === "boolean" && { thing }) },
      ...(background === true && { background }),
      ...(words !== undefined && { words: words as readonly string[] }),
    };
  });
  if (colorCoded) {
    if (root.ignoreIndex !== undefined) {
      fail("ignoreIndex", "expected ignoreColors in a colour-coded set", root.ignoreIndex, "Write ignoreColors.");
    }
    for (const color of readColors(root.ignoreColors ?? [], `${file}: ignoreColors`)) {
      add("ignoreColors", formatColor(color), "ignore");
    }
  } else {
    const { ignoreIndex = [] } = root;
    for (const value of Array.isArray(ignoreIndex) ? ignoreIndex : [ignoreIndex]) {
      if (!isMaskValue(value)) {
        fail("ignoreIndex", "expected a value from 0 to 65535", value, "Write the value of unlabelled pixels.");
      }
      add("ignoreIndex", String(value), "ignore");
    }
  }
  const colored = list.flatMap((item: unknown, index) => (isObject(item) && item.color !== undefined ? [index] : []));
  return { classes, valueMap, colorCoded, colored };
}

/** A list of classes alone, names by value, or values by name, are what `classes` would hold. */
function withList(value: unknown, file: string, remedy: string): Fields {
  if (Array.isArray(value)) return { classes: value };
  if (!isObject(value)) throw new InputError(problem(file, "expected a JSON object", shown(value), remedy));
  const entries = Object.entries(value);
  if (entries.length > 0 && entries.every(([key, name]) => /^\d{1,5}$/.test(key) && typeof name === "string")) {
    return { classes: entries.map(([key, name]) => ({ name, value: Number(key) })) };
  }
  // Numbers may stand in quotes, as a program without types writes them.
  const numberOf = (each: unknown) => (typeof each === "string" && /^\d{1,5}$/.test(each) ? Number(each) : each);
  if (entries.length > 0 && entries.every(([key, each]) => isMaskValue(numberOf(each)) && !fileKeys.includes(key))) {
    return { classes: entries.map(([name, each]) => ({ name, value: numberOf(each) })) };
  }
  return value;
}

function valuesOf(entry: Fields, index: number, file: string, field: string): number[] {
  const { value, values } = entry;
  const where = `${file}: ${field}`;
  if (entry.colors !== undefined) {
    throw new InputError(
      problem(`${where}.colors`, "expected values", "colors", 'Write "colorCoded": true at the top of the file.'),
    );
  }
  if (value !== undefined && values !== undefined) {
    throw new InputError(problem(where, "expected value or values", "both", "Keep one of them."));
  }
  if (values === undefined) {
    if (value === undefined) return [index];
    if (isMaskValue(value)) return [value];
    throw new InputError(problem(`${where}.value`, "expected a value from 0 to 65535", show(value), "Correct it."));
  }
  if (!Array.isArray(values) || values.length === 0 || !values.every(isMaskValue)) {
    throw new InputError(
      problem(`${where}.values`, "expected a list of values from 0 to 65535", show(values), "Correct it."),
    );
  }
  return values;
}

function codesOf(entry: Fields, file: string, field: string): readonly Color[] {
  const where = `${file}: ${field}`;
  for (const key of ["value", "values"]) {
    if (entry[key] === undefined) continue;
    throw new InputError(
      problem(`${where}.${key}`, "expected colours in a colour-coded set", key, "Write color or colors."),
    );
  }
  if (entry.colors !== undefined) return readColors(entry.colors, `${where}.colors`);
  const color = readColor(entry.color, `${where}.color`);
  if (color !== undefined) return [color];
  throw new InputError(
    problem(`${where}.color`, "expected a colour in a colour-coded set", "none", 'Write "color": "#804080".'),
  );
}

function readColors(value: unknown, where: string): Color[] {
  if (!Array.isArray(value)) {
    throw new InputError(problem(where, "expected a list of colours", show(value), 'Write ["#000000"].'));
  }
  return value.map((item: unknown, at) => {
    const color = readColor(item, `${where}[${at}]`);
    if (color !== undefined) return color;
    throw new InputError(problem(`${where}[${at}]`, "expected a colour", "nothing", 'Write "#804080".'));
  });
}

/** `[128, 64, 128]` or `"#804080"`; undefined stays undefined. */
function readColor(value: unknown, where: string): Color | undefined {
  if (value === undefined) return undefined;
  const color = typeof value === "string" ? parseColor(value) : undefined;
  if (color !== undefined) return color;
  if (Array.isArray(value) && value.length === 3 && value.every((x) => isMaskValue(x) && x <= 255)) {
    return [value[0], value[1], value[2]];
  }
  const expected = 'expected [red, green, blue] from 0 to 255 or "#rrggbb"';
  throw new InputError(problem(where, expected, show(value), "Correct it."));
}

function isMaskValue(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 65_535;
}

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  return typeof value === "string" && /^(?!\d+$).*\S/.test(value) && value.length <= 60 ? value : shown(value);
}
