/** Lines of lists of classes as columns: colours, values and names, with titles or without. */

import { InputError, problem, shown } from "../errors.ts";
import type { Color } from "../image/image.ts";
import { cellsOf } from "./cells.ts";

/** A class as a list has it. */
export interface ListedClass {
  readonly name: string;
  /** Absent where the list says none. */
  readonly color?: Color;
  /** What its pixels hold where masks hold numbers. */
  readonly value: number;
}

export const hexText = "#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})";

export function fromHex(digits: string | undefined): string {
  return String(Number.parseInt(digits ?? "", 16));
}

export function withColor(name: string, color: readonly (string | undefined)[], value: number): ListedClass {
  const [red, green, blue] = color.map((part) => Number(part ?? Number.NaN));
  const isColor = [red, green, blue].every((part) => part >= 0 && part <= 255);
  return { name: name.trim(), value, ...(isColor && { color: [red, green, blue] as const }) };
}

/**
 * Lines of a name and its value, such as `apple: 1`; undefined where they are none. With nothing but a space between them the values
 * must be those of a list, since names may end in numbers.
 */
export function valuesBehind(lines: readonly string[]): readonly ListedClass[] | undefined {
  const found = lines.map((line) => /^(.*?[^\s:=,;])\s*([:=,;\t ])\s*(\d{1,5})$/.exec(line));
  if (!found.every((match) => match !== null)) return undefined;
  const classes = found.map(([, name, , value]) => ({ name, value: Number(value) }));
  const values = classes.map(({ value }) => value).sort((a, b) => a - b);
  const isRow = values[0] <= 1 && values.every((value, at) => value === at + values[0]);
  const isMarked = found.every(([, , mark]) => mark !== " ");
  const areUnlike = new Set(classes.map(({ name }) => name)).size === classes.length;
  return areUnlike && (isRow || isMarked) ? classes : undefined;
}

/** Titles of columns, in lower case. */
export const titles = {
  name: ["name", "class", "label", "category", "class name", "class_name", "label_name", "title", "names"],
  value: ["pixel value", "pixel_value", "value", "id", "index", "class id", "class_id", "label_id", "idx"],
};

interface Columns {
  readonly name: number;
  readonly value: number;
  /** Of red, green and blue, or of all three. */
  readonly color: readonly number[];
}

/** A header that says which column is what; null where the first line is none. */
export function columnsOf(lines: readonly string[]): Columns | null {
  const cells = textsOf(lines[0] ?? "").map((cell) => cell.toLowerCase());
  const at = (...names: string[]) => cells.findIndex((title) => names.includes(title));
  const [name, value] = [at(...titles.name), at(...titles.value)];
  const single = at("color", "colour", "rgb", "hex", "color_rgb", "rgb_color");
  const parts = [at("r", "red"), at("g", "green"), at("b", "blue")];
  const color = parts.includes(-1) ? (single < 0 ? [] : [single]) : parts;
  if (name < 0 || cells.length < 2) return null;
  return value >= 0 || color.length > 0 ? { name, value, color } : null;
}

export function fromColumns(line: string, { name, value, color }: Columns, index: number, file: string): ListedClass {
  const cells = textsOf(line);
  const own = value < 0 ? index : Number(cells[value]);
  if (!Number.isInteger(own)) {
    throw new InputError(problem(file, "expected a whole number as value", shown(cells[value] ?? ""), "Correct it."));
  }
  const [only = ""] = color.map((at) => cells[at] ?? "");
  const hex = new RegExp(`^${hexText}$`, "i").exec(only);
  const parts =
    color.length === 3 ? color.map((at) => cells[at]) : (hex?.slice(1).map(fromHex) ?? only.match(/\d{1,3}/g) ?? []);
  return withColor(cells[name] ?? "", parts.length === 3 ? parts : [], own);
}

export function textsOf(line: string): string[] {
  return cellsOf(line).map(({ text }) => text);
}
