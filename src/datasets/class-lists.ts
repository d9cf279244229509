/**
 * Lists of classes that other programs leave beside masks, read by the shape of their lines:
 *
 * ```
 * labelmap.txt, dataset_meta.json                 CVAT, Datumaro: apple:255,0,0::
 * class_dict.csv, label_colors.txt, _classes.csv  name,r,g,b / 255 0 0 apple / Pixel Value, Class
 * class_names.txt, labels.txt, classes.txt …      a name a line, from 0 on, or 0: apple; __ignore__ is unlabelled
 * ```
 */

import { InputError, isObject, problem, shown } from "../errors.ts";
import { type Color, maxClasses } from "../image/image.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { fieldsOf, readUtf8 } from "./text-file.ts";

/** A class as a list has it. */
export interface ListedClass {
  readonly name: string;
  /** Absent where the list says none. */
  readonly color?: Color;
  /** What its pixels hold where masks hold numbers. */
  readonly value: number;
}

export interface ListedClasses {
  /** The file that was read. */
  readonly file: string;
  readonly classes: readonly ListedClass[];
  /** Values that the list itself says are unlabelled. */
  readonly ignored: readonly number[];
}

/** Names of such files, those that say most first. */
const fileNames = [
  ...["labelmap.txt", "dataset_meta.json", "class_dict.csv", "label_colors.txt", "_classes.csv", "classes.csv"],
  ...["labels.csv", "id2label.json", "class_names.txt", "classes.txt", "labels.txt", "label_names.txt", "codes.txt"],
  ...["names.txt", "obj.names"],
];

/**
 * The first list in one of `folders`; null where there is none. Throws InputError where one cannot be understood, or two
 * in one folder name different classes.
 */
export async function findClassList(platform: Platform, folders: readonly string[]): Promise<ListedClasses | null> {
  for (const folder of folders) {
    if ((await platform.exists(folder)) !== "folder") continue;
    const there = await platform.list(folder);
    const found = fileNames.flatMap((name) => there.filter((each) => each.toLowerCase() === name));
    const lists: ListedClasses[] = [];
    for (const name of found) {
      const file = joinPath(folder, name);
      if ((await platform.exists(file)) === "file")
        lists.push(parseListedClasses(await readUtf8(platform, file), file));
    }
    const [first, ...others] = lists;
    const other = others.find((each) => !sameNames(each, first));
    if (other !== undefined) {
      const got = `${namesOf(other)} there`;
      throw new InputError(
        problem(
          first.file,
          `expected the classes of ${other.file}`,
          `${namesOf(first)} here and ${got}`,
          "Remove the one that does not hold.",
        ),
      );
    }
    if (first !== undefined) return first;
  }
  return null;
}

function sameNames({ classes: a }: ListedClasses, { classes: b }: ListedClasses): boolean {
  return a.length === b.length && a.every(({ name }, at) => name === b[at].name);
}

function namesOf({ classes }: ListedClasses): string {
  const names = classes.slice(0, 4).map(({ name }) => name);
  return classes.length > 4 ? `${names.join(", ")} …` : names.join(", ");
}

/** text: of `file`, which begins messages. Throws InputError where it is no such list. */
export function parseListedClasses(text: string, file: string): ListedClasses {
  const all = /\.json$/i.test(file) ? fromJson(text, file) : fromLines(text, file);
  const isIgnored = ({ name }: ListedClass) => /^_+ignored?_+$/i.test(name);
  const classes = all.filter((each) => !isIgnored(each));
  // labelme counts from −1 where its list begins with __ignore__.
  const shift = all.length > 0 && isIgnored(all[0]) && all[0].value === 0 ? 1 : 0;
  const ignored = all.filter(isIgnored).flatMap(({ value }) => (shift === 1 ? [] : [value]));
  const remedy = "Write a class a line, or a classes.json instead.";
  if (classes.length === 0 || classes.length > maxClasses) {
    throw new InputError(problem(file, `expected 1 to ${maxClasses} classes`, String(classes.length), remedy));
  }
  const [names, values] = [new Set<string>(), new Set<number>()];
  const shifted = classes.map((each) => ({ ...each, value: each.value - shift }));
  for (const { name, value } of shifted) {
    if (name === "") throw new InputError(problem(file, "expected a name for each class", "an empty one", remedy));
    if (names.has(name) || values.has(value)) {
      const got = names.has(name) ? `"${name}" twice` : `${value} twice`;
      throw new InputError(problem(file, "expected names and values of their own", got, "Remove one of the two."));
    }
    if (value < 0 || value > 65_535) {
      throw new InputError(problem(file, "expected values from 0 to 65535", `${value} of "${name}"`, "Correct it."));
    }
    names.add(name);
    values.add(value);
  }
  return { file, classes: shifted, ignored };
}

const colorText = String.raw`(\d{1,3})\s*[,;\t ]\s*(\d{1,3})\s*[,;\t ]\s*(\d{1,3})`;

/** The shapes of a line, the most telling first; all lines of a list have one. */
const shapes: readonly { readonly line: RegExp; read(match: RegExpExecArray, index: number): ListedClass }[] = [
  {
    line: new RegExp(String.raw`^([^:]+):\s*(?:${colorText})?\s*(?::[^:]*){0,2}$`),
    read: ([, name, ...color], index) => withColor(name, color, index),
  },
  {
    line: new RegExp(String.raw`^${colorText}\s*[,;\t ]\s*(.+)$`),
    read: ([, red, green, blue, name], index) => withColor(name, [red, green, blue], index),
  },
  {
    line: new RegExp(String.raw`^(.*[^\s,;\d].*?)\s*[,;\t ]\s*${colorText}$`),
    read: ([, name, ...color], index) => withColor(name, color, index),
  },
  {
    line: /^(\d{1,5})\s*[:=,;\t ]\s*(.*\S)$/,
    read: ([, value, name]) => ({ name: name.trim(), value: Number(value) }),
  },
  { line: /^(.*)$/, read: ([, name], index) => ({ name: name.trim(), value: index }) },
];

function withColor(name: string, color: readonly (string | undefined)[], value: number): ListedClass {
  const [red, green, blue] = color.map((part) => Number(part ?? Number.NaN));
  const isColor = [red, green, blue].every((part) => part >= 0 && part <= 255);
  return { name: name.trim(), value, ...(isColor && { color: [red, green, blue] as const }) };
}

function fromLines(text: string, file: string): readonly ListedClass[] {
  const lines = text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const columns = /[,;\t]/.test(lines[0] ?? "") ? columnsOf(lines[0]) : null;
  if (columns !== null) return lines.slice(1).map((line, index) => fromColumns(line, columns, index, file));
  // CVAT's labelmap has a colon in every line, which names alone have not.
  const shape = shapes.find(({ line }) => lines.every((each) => line.test(each)));
  return shape === undefined
    ? []
    : lines.map((line, index) => shape.read(shape.line.exec(line) as RegExpExecArray, index));
}

interface Columns {
  readonly name: number;
  readonly value: number;
  readonly color: readonly number[];
}

/** A header that says which column is what; null where the first line is none. */
function columnsOf(header: string): Columns | null {
  const titles = cellsOf(header).map((cell) => cell.toLowerCase());
  const at = (...names: string[]) => titles.findIndex((title) => names.includes(title));
  const name = at("name", "class", "label", "category", "class name", "class_name", "title");
  const value = at("pixel value", "pixel_value", "value", "id", "index", "class id", "class_id", "label_id", "idx");
  const color = [at("r", "red"), at("g", "green"), at("b", "blue")];
  return name >= 0 && (value >= 0 || !color.includes(-1)) ? { name, value, color } : null;
}

function fromColumns(line: string, { name, value, color }: Columns, index: number, file: string): ListedClass {
  const cells = cellsOf(line);
  const own = value < 0 ? index : Number(cells[value]);
  if (!Number.isInteger(own)) {
    throw new InputError(problem(file, "expected a whole number as value", shown(cells[value] ?? ""), "Correct it."));
  }
  return withColor(
    cells[name] ?? "",
    color.map((at) => cells[at]),
    own,
  );
}

function cellsOf(line: string): string[] {
  return line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
}

/** Datumaro's `dataset_meta.json`, or an object of names by value. */
function fromJson(text: string, file: string): readonly ListedClass[] {
  const remedy = 'Write {"label_map": {"0": "sky"}}, or a classes.json instead.';
  const root = fieldsOf(text, file, remedy);
  const names = isObject(root.label_map) ? root.label_map : root;
  const colors: unknown = root.segmentation_colors;
  return Object.entries(names).map(([value, name], index) => {
    if (!/^\d{1,5}$/.test(value) || typeof name !== "string") {
      throw new InputError(problem(file, "expected names by value", `${shown(value)}: ${shown(name)}`, remedy));
    }
    const color: unknown = Array.isArray(colors) ? colors[index] : undefined;
    return withColor(name, Array.isArray(color) ? color.map(String) : [], Number(value));
  });
}
