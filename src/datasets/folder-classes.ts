/** What names the classes of a plain folder: classes.json, things.json, and annotations of panoptic segments. */

import { allSplits, type Split } from "../data/dataset.ts";
import { InputError, problem } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import { listBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import { type ClassList, parseClassList } from "./classes-file.ts";
import { isThere } from "./is-there.ts";
import { withThings } from "./label-files.ts";
import type { Problem } from "./layout.ts";
import { masksBeside } from "./mask-names.ts";
import { findOwnClasses, type OwnClasses, otherPalette } from "./own-classes.ts";
import { filesBelow } from "./pairs.ts";
import { annotationName, classesOf, type PanopticAnnotation, parseAnnotation } from "./panoptic-annotation.ts";
import { maskFolderName, splitFolder } from "./split-names.ts";
import { readUtf8 } from "./text-file.ts";

export interface FolderClasses extends Omit<ClassList, "colored"> {
  /** The file that names them. */
  readonly listed: string;
  /** False where only an annotation of segments names them, which says nothing of masks. */
  readonly forMasks: boolean;
  /** Of the first split that has one; null where classes are known without it. */
  readonly annotation: PanopticAnnotation | null;
  readonly notes: readonly Problem[];
}

/**
 * The classes of a folder, the same for every split: those of classes.json or, without it, of a list that another program
 * wrote beside the masks, or the categories of the first annotation of segments; null where nothing names classes. Throws
 * InputError where one of these files is broken.
 */
export async function readClasses(platform: Platform, root: string): Promise<FolderClasses | null> {
  const file = joinPath(root, "classes.json");
  const isDescribed = await isThere(platform, root, "classes.json", "file");
  const own = isDescribed ? null : await ownClasses(platform, root);
  const described = isDescribed ? parseClassList(await readUtf8(platform, file), file) : own;
  const things = joinPath(root, "things.json");
  const thingsText = (await isThere(platform, root, "things.json", "file")) ? await readUtf8(platform, things) : null;
  // An annotation may have 130 MiB: it is read here only where it has something to say.
  const isComplete = described?.classes.every(({ thing }) => thing !== undefined || thingsText !== null);
  const annotation = isComplete ? null : await firstAnnotation(platform, root);
  const named = described?.classes ?? (annotation === null ? null : classesOf(annotation));
  if (named === null) return null;
  const known = new Map(annotation?.categories.map(({ name, thing }) => [name, thing]));
  const classes = (thingsText === null ? named : withThings(thingsText, things, named)).map((each) => {
    const thing = each.thing ?? known.get(each.name);
    return thing === undefined ? each : { ...each, thing };
  });
  const { valueMap = {}, colorCoded = false } = described ?? {};
  const listed = isDescribed ? "classes.json" : (own?.file ?? `${annotation?.file}`);
  const palette = isDescribed && described !== null ? await paletteOf(platform, root, described) : null;
  return {
    ...{ classes, valueMap, colorCoded, listed, forMasks: described !== null, annotation },
    notes: palette === null ? [] : [palette],
  };
}

/** Masks coded by numbers whose palette has the classes' own colours at other numbers. */
async function paletteOf(
  platform: Platform,
  root: string,
  { classes, valueMap, colorCoded, colored }: ClassList,
): Promise<Problem | null> {
  if (colorCoded || colored.length < 2) return null;
  const listed = Object.entries(valueMap).flatMap(([value, index]) =>
    index === "ignore" || !colored.includes(index) ? [] : [{ ...classes[index], value: Number(value) }],
  );
  return otherPalette(
    platform,
    { file: joinPath(root, "classes.json"), classes: listed, ignored: [] },
    await masksOf(platform, root),
  );
}

/** By a list in the folder, or with the masks. */
async function ownClasses(platform: Platform, root: string): Promise<OwnClasses | null> {
  const top = joinPath(root, await maskFolderName(platform, root));
  const folders = [top, joinPath(root, "images")];
  for (const split of allSplits) {
    folders.push(await splitFolder(platform, top, split));
    // Roboflow puts it beside the photographs.
    folders.push(await splitFolder(platform, joinPath(root, "images"), split));
  }
  return findOwnClasses(platform, [...new Set([root, ...folders])], await masksOf(platform, root));
}

/** The masks of all splits, or those beside photographs. */
async function masksOf(platform: Platform, root: string): Promise<string[]> {
  const own = await filesBelow(platform, joinPath(root, await maskFolderName(platform, root)), "mask");
  if (own.byId.size > 0) return [...own.byId.values()];
  return [...masksBeside((await filesBelow(platform, joinPath(root, "images"), "image")).byId).values()];
}

async function firstAnnotation(platform: Platform, root: string): Promise<PanopticAnnotation | null> {
  for (const split of allSplits) {
    const file = await annotationFile(platform, root, split);
    if (file !== null) return parseAnnotation(await readUtf8(platform, file, listBytes), file);
  }
  return null;
}

/** The file with the annotation of a split: `panoptic/train.json`, or what predict wrote in `panoptic/train`. */
async function annotationFile(platform: Platform, root: string, split: Split): Promise<string | null> {
  const own = joinPath("panoptic", `${split}.json`);
  if (await isThere(platform, root, own, "file")) return joinPath(root, own);
  const file = joinPath(await splitFolder(platform, joinPath(root, "panoptic"), split), annotationName);
  return (await platform.exists(file)) === "file" ? file : null;
}

/**
 * The annotation of a split; null where there is neither one nor a folder that needs it, or where classes are `listed` and no split has
 * one: the PNGs themselves say the class then. Throws InputError where one is missing.
 */
export async function annotationOf(
  platform: Platform,
  root: string,
  split: Split,
  listed: boolean,
): Promise<PanopticAnnotation | null> {
  const name = `${split}.json`;
  const file = joinPath(root, "panoptic", name);
  const found = await annotationFile(platform, root, split);
  if (found !== null) return parseAnnotation(await readUtf8(platform, found, listBytes), found);
  const folder = joinPath(root, "panoptic", split);
  if (!(await isThere(platform, root, joinPath("panoptic", split), "folder"))) return null;
  const inside = await platform.list(joinPath(root, "panoptic"));
  const other = inside.find((each) => each.includes(split) && each.endsWith(".json"));
  const others = allSplits.map((each) => `${each}.json`);
  if (listed && other === undefined && !inside.some((each) => others.includes(each))) return null;
  const coco = "Put COCO's annotation there: categories, and segments_info for each PNG";
  const remedy = listed
    ? `${coco}.`
    : `${coco}. Or name the classes in classes.json: red is the class, green the instance.`;
  throw new InputError(
    problem(
      file,
      `expected the annotation of ${folder}`,
      other === undefined ? "no such file" : `only ${other}`,
      other === undefined ? remedy : `Rename it ${name}.`,
    ),
  );
}
