/** Data sets by name or folder. A new layout on disk is one file in `datasets/` and one line in `layouts`. */

import type { Dataset, Split } from "../data/dataset.ts";
import { allSplits } from "../data/dataset.ts";
import { InputError, listed, problem, suggestion, UsageError } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { ade20k } from "./ade20k.ts";
import { isTable } from "./captions/folder-content.ts";
import { captionFormats } from "./captions/formats.ts";
import { type CaptionOptions, openCaptions } from "./captions/open-captions.ts";
import { type CaptionPlace, findCaptions } from "./captions/place.ts";
import { cityscapes } from "./cityscapes.ts";
import { cocoObject } from "./coco-object.ts";
import { cocoPanoptic } from "./coco-panoptic.ts";
import { fileDataset } from "./file-dataset.ts";
import { folder } from "./folder.ts";
import type { Folders, Layout, Problem } from "./layout.ts";
import { mergeProblems } from "./merge-problems.ts";
import { pascalContext, pascalContext60 } from "./pascal-context.ts";
import { coco } from "./shapes/coco.ts";
import { cvat } from "./shapes/cvat.ts";
import { labelStudio } from "./shapes/label-studio.ts";
import { labelme } from "./shapes/labelme.ts";
import { supervisely } from "./shapes/supervisely.ts";
import { yolo } from "./shapes/yolo.ts";
import { partedLayout } from "./val-fraction.ts";
import { voc } from "./voc.ts";

/** Every layout that can be read, the most particular first: the first whose signs are all there is taken. */
export const layouts: readonly Layout[] = [
  pascalContext,
  pascalContext60,
  voc,
  cityscapes,
  ade20k,
  cocoObject,
  cocoPanoptic,
  coco,
  yolo,
  cvat,
  supervisely,
  labelStudio,
  labelme,
  folder,
];

export interface OpenOptions extends CaptionOptions {
  /** Name of a layout in `layouts`; found by the folder's content when absent. */
  readonly layout?: string;
  /** The folder that holds `images`, where it is another than that of the labels (plain folders only). */
  readonly images?: string;
  /** Where there is no split val: this share of train is, above 0 and below 1; see `partedLayout`. */
  readonly valFraction?: number;
  /** What to do about images without mask, masks without image and duplicates: stop (default), or leave them out. */
  readonly onBadFile?: "fail" | "skip";
}

/** Where a release may lie below the folder that was given. */
const inside = ["VOC2012", "VOCdevkit/VOC2012", "VOC2010", "VOCdevkit/VOC2010"];

/** A data set folder and the layout it has; `root` may lie deeper than the path that was given. */
export interface Place extends Folders {
  readonly layout: Layout;
}

/** The drawn data set, `scenes` or `scenes:…`, lies in no folder. Throws UsageError where a folder's options are given. */
export function isScenes(spec: string, options: Pick<OpenOptions, "layout" | "images">): boolean {
  if (spec !== "scenes" && !spec.startsWith("scenes:")) return false;
  for (const key of ["layout", "images"] as const) {
    const value = options[key];
    if (value === undefined) continue;
    throw new UsageError(problem(key, "expected a folder as data set", spec, `Leave out --${key} ${value}.`));
  }
  return true;
}

/**
 * Opens one split. spec: a folder, or `scenes` with its options (`scenes/index.ts`). Throws InputError when the folder,
 * its class list or the split is missing or broken, or (`onBadFile: "fail"`) files do not pair up.
 */
export async function openDataset(
  platform: Platform,
  spec: string,
  split: Split,
  options: OpenOptions = {},
): Promise<Dataset> {
  const { images, onBadFile = "fail" } = options;
  if (isScenes(spec, options)) return (await import("../scenes/index.ts")).openScenes(spec, split);
  const captions = await captionsAt(platform, spec, options);
  if (captions !== undefined) return openCaptions(platform, spec, captions, split, options);
  const place = await findLayout(platform, spec, options);
  const { root, layout } = place;
  const survey = await layout.survey(platform, place, split);
  const [first, ...others] = mergeProblems(survey.problems);
  if (first !== undefined && onBadFile === "fail") {
    const inspected = `tessera inspect ${spec}${images === undefined ? "" : ` --images ${images}`}`;
    const more =
      others.length > 0
        ? ` ${others.length} more ${others.length === 1 ? "fault" : "faults"}: \`${inspected}\` lists them.`
        : "";
    throw new InputError(`${first.message}${more}`);
  }
  if (survey.entries.length === 0) {
    const remedy = `Put files there as \`tessera inspect ${spec}\` shows.`;
    throw new InputError(
      problem(root, `expected images in the split ${split} (${layout.name} layout)`, "none", remedy),
    );
  }
  const apart = images === undefined ? "" : `, images of ${images}`;
  return fileDataset(platform, { name: `${layout.name} ${spec}${apart}`, place: spec }, split, survey);
}

/** What lies in a data set's folder and no split reads, one line each. Throws as `openDataset` does. */
export async function unreadIn(platform: Platform, spec: string, options: OpenOptions = {}): Promise<string[]> {
  if (isScenes(spec, options) || (await captionsAt(platform, spec, options)) !== undefined) return [];
  const place = await findLayout(platform, spec, options);
  return mergeProblems(await straysAt(platform, place)).map(({ message }) => message);
}

/** The same of a place; what is broken in lists is said where the splits are surveyed. */
export async function straysAt(platform: Platform, place: Place): Promise<Problem[]> {
  try {
    return (await place.layout.strays?.(platform, place)) ?? [];
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** The splits that a data set has, in the order train, val, test, unlabelled. Throws as `openDataset` does. */
export async function splitsOf(platform: Platform, spec: string, options: OpenOptions = {}): Promise<Split[]> {
  if (isScenes(spec, options)) {
    const { counts } = (await import("../scenes/index.ts")).parseScenesSpec(spec);
    return allSplits.filter((split) => counts[split] > 0);
  }
  const captions = await captionsAt(platform, spec, options);
  if (captions !== undefined) return [...captions.keys()];
  const place = await findLayout(platform, spec, options);
  return place.layout.splits(platform, place);
}

/**
 * Photographs and captions alone; undefined where there are none. What lies in folders inside, or is called as nobody knows, is looked for
 * where the folder has no layout with labels, of which it could be a part. Throws as `findCaptions`.
 */
export async function captionsAt(
  platform: Platform,
  spec: string,
  options: OpenOptions = {},
): Promise<CaptionPlace | undefined> {
  const near = await findCaptions(platform, spec, options);
  if (near !== undefined || options.layout !== undefined || (await platform.exists(spec)) !== "folder") return near;
  const isRun = (await platform.exists(joinPath(spec, "run.json"))) === "file";
  if (isRun || (await isLaidOut(platform, spec, options))) return undefined;
  return findCaptions(platform, spec, { ...options, below: true });
}

/** Whether a folder has a layout with labels, be it one whose files are at fault, which is said where it is read. */
async function isLaidOut(platform: Platform, path: string, options: OpenOptions): Promise<boolean> {
  try {
    return (await fitting(platform, path, layoutsFor(options))) !== undefined;
  } catch (error) {
    if (error instanceof InputError) return true;
    throw error;
  }
}

/** The layouts that are looked for. */
function layoutsFor({ layout: name, images }: Pick<OpenOptions, "layout" | "images">): readonly Layout[] {
  const fits = (layout: Layout) => (name === undefined ? !layout.onlyByName : layout.name === name);
  return layouts.filter((layout) => fits(layout) && (images === undefined || layout.apart || name !== undefined));
}

/** The first of `asked` that the folder, or a release in it, has. */
async function fitting(platform: Platform, path: string, asked: readonly Layout[]): Promise<Place | undefined> {
  for (const layout of asked) {
    for (const root of [path, ...inside.map((folder) => joinPath(path, folder))]) {
      if (await isOf(platform, root, layout)) return { root, images: root, layout };
    }
  }
  return undefined;
}

/** The layout of a folder, with a part of train as val where that is asked for. Throws as `foundLayout` does. */
export async function findLayout(
  platform: Platform,
  path: string,
  options: Pick<OpenOptions, "layout" | "images" | "valFraction"> = {},
): Promise<Place> {
  const place = await foundLayout(platform, path, options);
  const { valFraction } = options;
  return valFraction === undefined ? place : { ...place, layout: partedLayout(place.layout, valFraction) };
}

/** The layout of a folder, by name or by its content. Throws InputError, with what was looked for, when none fits. */
async function foundLayout(
  platform: Platform,
  path: string,
  { layout: name, images }: Pick<OpenOptions, "layout" | "images"> = {},
): Promise<Place> {
  const kind = await platform.exists(path);
  if (kind !== "folder") {
    const got = kind === "file" ? "a file" : "nothing there";
    const near = kind === "nothing" && !/[\\/.]/.test(path) ? 'Check the path, or say "scenes" for the drawn set.' : "";
    throw new InputError(problem(path, "expected a data set folder", got, near || "Check the path."));
  }
  const asked = layoutsFor({ ...(name !== undefined && { layout: name }), ...(images !== undefined && { images }) });
  if (asked.length === 0) {
    const known = [...layouts, ...captionFormats].map((layout) => layout.name);
    throw new UsageError(
      problem("layout", "expected the name of a known layout", `"${name}"`, suggestion(name ?? "", known)),
    );
  }
  if (images !== undefined) return placeApart(platform, path, images, asked[0]);
  const found = await fitting(platform, path, asked);
  if (found !== undefined) return found;
  if ((await platform.exists(joinPath(path, "run.json"))) === "file") {
    const remedy = "Name a data set here, and the run where it is asked for: tessera eval RUN DATASET.";
    throw new InputError(problem(path, "expected a data set folder", "a run", remedy));
  }
  const lines: string[] = [];
  for (const layout of asked.filter(
    ({ recognizes, signs }) => recognizes === undefined || signs.length > 0 || asked.length === 1,
  )) {
    const missing = await missingSigns(platform, path, layout);
    lines.push(`${layout.name} (needs ${missing.map((sign) => `${sign}/`).join(", ")})`);
  }
  const expected = `expected one of the layouts ${lines.join(", ")}`;
  const content = (await platform.list(path)).filter((entry) => !entry.startsWith("."));
  const got = content.length === 0 ? "an empty folder" : `a folder with ${listed(content, 5)}`;
  throw new InputError(problem(path, expected, got, await remedyFor(platform, path, content)));
}

async function isOf(platform: Platform, root: string, layout: Layout): Promise<boolean> {
  if (layout.recognizes === undefined) return (await missingSigns(platform, root, layout)).length === 0;
  return (await platform.exists(root)) === "folder" && layout.recognizes(platform, root);
}

/** Labels that lie in one folder, and their photographs in another. */
async function placeApart(platform: Platform, path: string, images: string, layout: Layout): Promise<Place> {
  if (!layout.apart) {
    throw new UsageError(
      problem("images", "expected the layout folder for images of another place", layout.name, "Leave it out."),
    );
  }
  if ((await missingSigns(platform, images, layout)).length === 0) return { root: path, images, layout };
  const got = (await platform.exists(images)) === "folder" ? "none there" : "no such folder";
  throw new InputError(problem(images, "expected a folder that holds images/", got, "Name the folder above images/."));
}

/** A folder of a data set is named in place of it; labels without photographs: those of the folder above are most likely theirs. */
async function remedyFor(platform: Platform, path: string, content: readonly string[]): Promise<string> {
  const [, whole] =
    /^(.+?)[\\/]+(?:images|masks|JPEGImages|SegmentationClass)(?:[\\/]+[^\\/]+)?[\\/]*$/.exec(path) ?? [];
  if (whole !== undefined && !content.includes("images")) {
    for (const layout of layouts) if (await isOf(platform, whole, layout)) return `Name the whole data set: ${whole}`;
  }
  const labels = ["masks", "panoptic", "tags.json", "tags.csv", "tags.txt", "captions.jsonl", "classes.json"];
  const above =
    path
      .replace(/[\\/]+$/, "")
      .replace(/[^\\/]+$/, "")
      .replace(/[\\/]+$/, "") || ".";
  const isApart = labels.some((name) => content.includes(name)) && !content.includes("images");
  if (isApart && (await platform.exists(joinPath(above, "images"))) === "folder") {
    return `Its photographs may be those of ${joinPath(above, "images")}: add --images ${above}`;
  }
  const table = content.find(isTable);
  if (table !== undefined) return `A table of captions is given by its file: ${joinPath(path, table)}`;
  return `\`tessera inspect ${path}\` draws the layouts.`;
}

/** The folders of a layout that are not there. */
export async function missingSigns(
  platform: Platform,
  root: string,
  { signs, alternatives = {} }: Pick<Layout, "signs" | "alternatives">,
): Promise<string[]> {
  const isThere = async (path: string | undefined) =>
    path !== undefined && (await platform.exists(joinPath(root, path))) === "folder";
  const missing: string[] = [];
  for (const sign of signs) if (!(await isThere(sign)) && !(await isThere(alternatives[sign]))) missing.push(sign);
  return missing;
}
