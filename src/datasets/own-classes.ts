/** The classes of masks that another program wrote: by its list beside them, and by what the masks hold. */

import { backgroundOf } from "../data/background.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError, problem } from "../errors.ts";
import { formatColor, parseColor } from "../image/color.ts";
import { type Color, IGNORE } from "../image/image.ts";
import { joinPath, lastPart } from "../platform/join-path.ts";
import type { Platform, RawImage } from "../platform/platform.ts";
import { findClassList, type ListedClasses } from "./class-lists.ts";
import { type ClassList, describedIn } from "./classes-file.ts";
import type { Problem, Survey } from "./layout.ts";
import { someMasks } from "./mask-file.ts";
import { makeProblem } from "./pairs.ts";
import type { Found, Remedy } from "./unknown-values.ts";
import type { ValueMap } from "./value-map.ts";
import { vocColor } from "./voc-color.ts";

export interface OwnClasses extends ClassList {
  /** The file that lists them. */
  readonly file: string;
}

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
  for (const folder of folders) {
    const described = await describedIn(platform, folder);
    if (described === null) continue;
    const { classes, valueMap, file } = described;
    return { classes, valueMap, classesFile: file, remedy: remedyOf(described) };
  }
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
  if (coding === "values") return usual;
  const remedy: Remedy = ({ values }) => {
    const [red, green, blue] = parseColor(mostOf(values)) ?? [255, 0, 0];
    const line = `NAME:${red},${green},${blue}::`;
    return `Name each class with its colour in ${joinPath(folders[0], "labelmap.txt")}, by lines such as ${line}, or correct the mask.`;
  };
  return { ...usual, remedy, valueMap: withCoding({ file: "", classes: listed, ignored: [] }, coding).valueMap };
}

/**
 * Palettes that show other classes than their numbers mean: such masks were painted by colour, and their numbers are whatever the
 * program made of it. list: classes with the colours that somebody gave them; null where nothing of the kind is seen.
 */
export async function otherPalette(
  platform: Platform,
  list: ListedClasses,
  masks: readonly string[],
): Promise<Problem | null> {
  const byColor = new Map(list.classes.map((each) => [formatColor(colorOf(each)), each]));
  for await (const { file, raw } of someMasks(platform, masks)) {
    const { palette, data } = raw;
    if (palette === undefined) continue;
    const used = new Set(data);
    for (const { name, value } of list.classes) {
      const shown = used.has(value) ? palette[value] : undefined;
      const other = shown && byColor.get(formatColor(shown));
      if (other === undefined || other.value === value) continue;
      const got = `${value} with the colour of "${other.name}"`;
      const remedy = `It is read as "${name}". Write "colorCoded": true at the top of ${list.file} if the colours hold.`;
      return makeProblem(file, "expected the colours of the classes in its palette", got, remedy);
    }
  }
  return null;
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
  for await (const { raw } of someMasks(platform, masks)) if (holdsColors(raw, list)) return "colours";
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

/** Throws InputError where masks hold colours and two classes have the same: all of its pixels would be those of one. */
function withCoding(list: ListedClasses, coding: "colours" | "values"): OwnClasses {
  const byColor = new Map<string, string>();
  for (const each of coding === "colours" ? list.classes : []) {
    const color = formatColor(colorOf(each));
    const other = byColor.get(color);
    if (other !== undefined) {
      const remedy = "Give one of them another, in the masks too.";
      const got = `${color} for "${other}" and "${each.name}"`;
      throw new InputError(problem(list.file, "expected a colour of its own for each class", got, remedy));
    }
    byColor.set(color, each.name);
  }
  const background = backgroundOf(list);
  const classes = list.classes.map(
    (each, index): ClassInfo => ({
      ...{ name: each.name, color: colorOf(each) },
      ...(index === background && { background: true }),
    }),
  );
  const keys = (each: ListedClasses["classes"][number]) =>
    coding === "colours" ? formatColor(colorOf(each)) : String(each.value);
  const ignored = coding === "colours" ? [vocBorder] : [...list.ignored, IGNORE].map(String);
  const valueMap: ValueMap = {
    ...Object.fromEntries(ignored.map((key) => [key, "ignore" as const])),
    ...Object.fromEntries(list.classes.map((each, index) => [keys(each), index])),
  };
  return {
    file: list.file,
    classes,
    valueMap,
    colorCoded: coding === "colours",
    colored: [],
  };
}

/** What to do about pixels that no class has: a class first, since what is left out of account is learned by nobody. */
export function remedyOf({ file, colorCoded }: Pick<OwnClasses, "file" | "colorCoded">): Remedy {
  if (lastPart(file) !== "classes.json") {
    const what = colorCoded ? "colour" : "value";
    if (!/\.(?:txt|names)$/i.test(file)) return `Add the ${what} to ${file}, or correct the mask.`;
    return (found) => {
      const most = mostOf(found.values);
      if (colorCoded && lastPart(file).toLowerCase() === "labelmap.txt") {
        return `Add the line NAME:${(parseColor(most) ?? []).join(",")}:: to ${file}, or correct the mask.`;
      }
      const line = `${most}${colorCoded ? "" : ":"} NAME`;
      const usual = `Write every line of ${file} with its ${what}, such as ${line}, or correct the mask.`;
      const shift = shiftOf(found);
      if (shift === "background") return `If 0 is background, begin ${file} with the line background. If not: ${usual}`;
      return shift === undefined ? usual : countedFromOne(found, file, (name, value) => `${value}: ${name}`, usual);
    };
  }
  const [key, ignored] = colorCoded ? ["color", "ignoreColors"] : ["value", "ignoreIndex"];
  return (found) => {
    const { values, unused } = found;
    if (values.size > mostMeant) return `So many come from resizing, or from compression that loses: ${resize}`;
    const shift = shiftOf(found);
    const first = mostOf(values);
    const value = colorCoded ? `"${first}"` : first;
    const [name] = shift === undefined && values.size <= unused.length ? unused.slice(-values.size) : [undefined];
    const line = `{"name": ${JSON.stringify(name ?? "NAME")}, "${key}": ${value}}`;
    const also = `"${ignored}": ${colorCoded ? `[${value}]` : value}`;
    const usual = `Write the class as ${line} in classes.json, or ${also} where nobody labelled anything, or correct the mask.`;
    if (shift === "background") {
      return `If 0 is background, put "background" before the others in classes.json. If not: ${usual}`;
    }
    if (!colorCoded && areScattered(values)) return `If they come from resizing, ${resize} If not: ${usual}`;
    const entry = (each: string, at: number) => `{"name": ${JSON.stringify(each)}, "value": ${at}}`;
    return shift === undefined ? usual : countedFromOne(found, "classes.json", entry, usual);
  };
}

/**
 * How masks lie that have one value more than the list has places, and nothing else unknown: its first place, 0, has no pixel
 * where they count from 1; or it is the background, which people leave out of lists. A class at the end would be the wrong one.
 */
function shiftOf({ values, unused, counted }: Found): "from 1" | "background" | undefined {
  const strange = [...values.keys()].filter((value) => value !== String(IGNORE));
  if (strange.length !== 1 || counted.length === 0 || strange[0] !== String(counted.length)) return undefined;
  if (unused.includes(counted[0].name)) return "from 1";
  return backgroundOf({ classes: counted }) === undefined ? "background" : undefined;
}

function countedFromOne(
  { counted }: Found,
  file: string,
  entry: (name: string, value: number) => string,
  usual: string,
): string {
  const shown = counted.slice(0, 3).map(({ name }, at) => entry(name, at + 1));
  const more = counted.length > shown.length ? " and so on" : "";
  return `If the masks count from 1, write ${shown.join(", ")}${more} in ${file}. If not: ${usual}`;
}

/** The value of the most pixels. */
function mostOf(values: ReadonlyMap<string, number>): string {
  return [...values].reduce((most, each) => (each[1] > most[1] ? each : most))[0];
}

/** More values without a class than anybody forgets. */
const mostMeant = 24;

const resize = "save masks as PNG from the labels, and resize them by nearest neighbour.";

/** A few numbers with gaps between them, as those between black and white where an edge was smoothed. */
function areScattered(values: ReadonlyMap<string, number>): boolean {
  const numbers = [...values.keys()].map(Number);
  return numbers.length > 4 && Math.max(...numbers) - Math.min(...numbers) >= 2 * numbers.length;
}
