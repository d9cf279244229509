/** The classes of masks that another program wrote: by its list beside them, and by what the masks hold. */

import type { ClassInfo } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { formatColor } from "../image/color.ts";
import { type Color, IGNORE } from "../image/image.ts";
import type { Platform, RawImage } from "../platform/platform.ts";
import { findClassList, type ListedClasses } from "./class-lists.ts";
import type { ClassList } from "./classes-file.ts";
import type { Survey } from "./layout.ts";
import { decodeMaskFile } from "./mask-file.ts";
import type { ValueMap } from "./value-map.ts";
import { vocColor } from "./voc-color.ts";

export interface OwnClasses extends ClassList {
  /** The file that lists them. */
  readonly file: string;
}

/** Masks that are opened to tell colours from numbers. */
const opened = 6;

/** VOC's own border around objects. */
const vocBorder = "#e0e0c0";

/** The classes of the first list in `folders`, as `masks` hold them; null where there is none. */
export async function findOwnClasses(
  platform: Platform,
  folders: readonly string[],
  masks: readonly string[],
): Promise<OwnClasses | null> {
  const list = await findClassList(platform, folders);
  return list && withCoding(list, await heldBy(platform, list, masks));
}

/**
 * The classes of a layout that has its own, in masks as they are here: those of a list in `folders` where there is one, and
 * coded by colours where masks are coloured. What the layout knows of its classes is kept where the list has the same.
 */
export async function layoutClasses(
  platform: Platform,
  folders: readonly string[],
  masks: readonly string[],
  usual: UsualClasses,
): Promise<UsualClasses> {
  const own = await findOwnClasses(platform, folders, masks);
  const { classes, valueMap } = usual;
  if (own !== null) {
    const isSame =
      own.classes.length === classes.length && own.classes.every(({ name }, at) => name === classes[at].name);
    const map = isSame && !own.colorCoded ? { ...own.valueMap, ...valueMap } : own.valueMap;
    return { classes: isSame ? classes : own.classes, valueMap: map, classesFile: own.file, remedy: remedyOf(own) };
  }
  const values = new Map(Object.entries(valueMap).map(([value, index]) => [index, Number(value)]));
  const listed = classes.map(({ name, color }, index) => ({ name, color, value: values.get(index) ?? index }));
  if (new Set(classes.map(({ color }) => formatColor(color))).size < classes.length) return usual;
  const coding = await heldBy(platform, { file: "", classes: listed, ignored: [] }, masks);
  return coding === "values"
    ? usual
    : { ...usual, valueMap: withCoding({ file: "", classes: listed, ignored: [] }, coding).valueMap };
}

/** What a layout says of its classes where nothing beside the masks does. */
export type UsualClasses = Pick<Survey, "classes" | "valueMap" | "classesFile" | "remedy">;

/**
 * Whether masks hold colours or numbers: colours where some mask is coloured, or has a palette with the list's colours in
 * another order than that of the values. A list without colours has those of VOC, which labelme takes too.
 */
async function heldBy(
  platform: Platform,
  list: ListedClasses,
  masks: readonly string[],
): Promise<"colours" | "values"> {
  const count = Math.min(opened, masks.length);
  for (let at = 0; at < count; at++) {
    const file = masks[Math.floor((at * masks.length) / count)];
    try {
      if (holdsColors(await decodeMaskFile(platform, file), list)) return "colours";
    } catch (error) {
      // A mask that cannot be read is told where it is.
      if (!(error instanceof InputError)) throw error;
    }
  }
  return "values";
}

function holdsColors({ channels, palette, data }: RawImage, { classes }: ListedClasses): boolean {
  if (palette !== undefined) {
    const colors = classes.map(colorOf);
    const known = new Set(palette.map(formatColor));
    const isListed = colors.every((color) => known.has(formatColor(color)));
    const isInOrder = classes.every(
      ({ value }, at) => palette[value] && formatColor(palette[value]) === formatColor(colors[at]),
    );
    return isListed && !isInOrder;
  }
  if (channels < 3) return false;
  for (let at = 0; at < data.length; at += channels) {
    if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) return true;
  }
  return false;
}

function colorOf({ color, value }: ListedClasses["classes"][number]): Color {
  return color ?? vocColor(value);
}

function withCoding(list: ListedClasses, coding: "colours" | "values"): OwnClasses {
  const classes = list.classes.map((each): ClassInfo => {
    const isBackground = /^_*background_*$/i.test(each.name);
    return { name: each.name, color: colorOf(each), ...(isBackground && { background: true as const }) };
  });
  const keys = (each: ListedClasses["classes"][number]) =>
    coding === "colours" ? formatColor(colorOf(each)) : String(each.value);
  const ignored = coding === "colours" ? [vocBorder] : [...list.ignored, IGNORE].map(String);
  const valueMap: ValueMap = {
    ...Object.fromEntries(ignored.map((key) => [key, "ignore" as const])),
    ...Object.fromEntries(list.classes.map((each, index) => [keys(each), index])),
  };
  return { file: list.file, classes: onlyFirstBackground(classes), valueMap, colorCoded: coding === "colours" };
}

function onlyFirstBackground(classes: readonly ClassInfo[]): readonly ClassInfo[] {
  const first = classes.findIndex(({ background }) => background);
  return classes.map(({ background: _, ...each }, at) => (at === first ? { ...each, background: true } : each));
}

/** What to do about a mask value that such a list does not name. */
export function remedyOf({ file, colorCoded }: OwnClasses): string {
  return `Add ${colorCoded ? "its colour" : "it"} to ${file}, or correct the mask.`;
}
