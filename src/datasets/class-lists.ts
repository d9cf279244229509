/**
 * Lists of classes that other programs leave beside masks, read by the shape of their lines:
 *
 * ```
 * labelmap.txt, dataset_meta.json                 CVAT, Datumaro: apple:255,0,0::
 * class_dict.csv, label_colors.txt, _classes.csv  name,r,g,b / 255 0 0 apple / Pixel Value, Class
 * id2label.json, label2id.json                    {"0": "apple"}, {"apple": 0}
 * class_names.txt, labels.txt, classes.txt …      a name a line, from 0 on, or 0: apple; __ignore__ is unlabelled
 * ```
 */

import { InputError, isObject, problem, shown } from "../errors.ts";
import { maxClasses } from "../image/image.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { filledLines } from "../text/lines.ts";
import { cellsOf } from "./cells.ts";
import {
  columnsOf,
  fromColumns,
  fromHex,
  hexText,
  type ListedClass,
  textsOf,
  titles,
  valuesBehind,
  withColor,
} from "./class-columns.ts";
import { fieldsOf, readUtf8 } from "./text-file.ts";

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
  ...[
    "labels.csv",
    "id2label.json",
    "label2id.json",
    "class_names.txt",
    "classes.txt",
    "labels.txt",
    "label_names.txt",
    "codes.txt",
  ],
  ...["names.txt", "obj.names"],
];

/** Whether what has this name is unlabelled, as labelme's `__ignore__`. */
export function isIgnoredName(name: string): boolean {
  return /^_+ignored?_+$/i.test(name);
}

/** Whether a file is such a list, by its name. */
export function looksLikeList(name: string): boolean {
  return fileNames.includes(name.toLowerCase());
}

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
  const isIgnored = ({ name }: ListedClass) => isIgnoredName(name);
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
const hexLine = new RegExp(`^${hexText}\\s*[,;:\\t ]\\s*(.+)$`, "i");

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
  {
    line: hexLine,
    read: ([, red, green, blue, name], index) => withColor(name, [red, green, blue].map(fromHex), index),
  },
  {
    line: new RegExp(`^(.*?)\\s*[,;:\\t ]\\s*${hexText}$`, "i"),
    read: ([, name, ...color], index) => withColor(name, color.map(fromHex), index),
  },
  { line: /^(.*)$/, read: ([, name], index) => ({ name: name.trim(), value: index }) },
];

function fromLines(text: string, file: string): readonly ListedClass[] {
  const lines = filledLines(text).filter(
    // "#1 apple" is a name, and "#ff0000 apple" a colour.
    (line, at) => !/^#+(?:\s|$)/.test(line) && (at > 0 || !/^#/.test(line) || hexLine.test(line)),
  );
  // The title of a single column is no class.
  if (/\.csv$/i.test(file) && lines.length > 1 && titles.name.includes(textsOf(lines[0]).join().toLowerCase())) {
    return lines.slice(1).map((line, value) => ({ name: textsOf(line)[0] ?? "", value }));
  }
  const columns = columnsOf(lines);
  if (columns !== null) return lines.slice(1).map((line, index) => fromColumns(line, columns, index, file));
  // CVAT's labelmap has a colon in every line, which names alone have not.
  const shape = shapes.find(({ line }) => lines.every((each) => line.test(each)));
  if (shape === undefined) return [];
  if (shape === shapes.at(-1)) {
    const valued = valuesBehind(lines);
    if (valued !== undefined) return valued;
    if (lines.every((line) => cellsOf(line).length > 1)) {
      const remedy = "Begin with a line of titles such as name,r,g,b, or write a name a line.";
      throw new InputError(problem(file, "expected columns that are known", shown(lines[0]), remedy));
    }
  }
  return lines.map((line, index) => shape.read(shape.line.exec(line) as RegExpExecArray, index));
}

/** Datumaro's `dataset_meta.json`, or an object of names by value. */
function fromJson(text: string, file: string): readonly ListedClass[] {
  const remedy = 'Write {"label_map": {"0": "sky"}}, or a classes.json instead.';
  const root = fieldsOf(text, file, remedy);
  const names = isObject(root.label_map) ? root.label_map : root;
  const colors: unknown = root.segmentation_colors;
  const numbered = Object.entries(names);
  // Names by value, or values by name.
  if (numbered.length > 0 && numbered.every(([, value]) => Number.isInteger(value))) {
    return numbered.map(([name, value]) => ({ name, value: Number(value) }));
  }
  return numbered.map(([value, name], index) => {
    if (!/^\d{1,5}$/.test(value) || typeof name !== "string") {
      throw new InputError(problem(file, "expected names by value", `${shown(value)}: ${shown(name)}`, remedy));
    }
    const color: unknown = Array.isArray(colors) ? colors[index] : undefined;
    return withColor(name, Array.isArray(color) ? color.map(String) : [], Number(value));
  });
}
