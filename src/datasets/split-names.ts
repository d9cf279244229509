/** What people and programs call the splits of a data set. */

import type { Split } from "../data/dataset.ts";
import { nearest } from "../errors.ts";
import { maskEndings, photographEndings } from "../image/endings.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import type { Folders } from "./layout.ts";

/** In lower case, our own name first. */
export const splitNames: Readonly<Record<Split, readonly string[]>> = {
  train: ["train", "training"],
  val: ["val", "valid", "validation", "dev"],
  test: ["test", "testing"],
  unlabelled: ["unlabelled", "unlabeled"],
};

/** The names of a split as COCO's own files and folders have them too: `train`, `train2017` … */
export function namesWithYears(split: Split): string[] {
  return splitNames[split].flatMap((name) => [name, `${name}2017`, `${name}2014`]);
}

/** Other names of the folders of a plain data set, in lower case; those of masks count only where they hold some. */
const maskFolders = [
  "mask",
  "labels",
  "label",
  "annotations",
  "annotation",
  "segmentation",
  "gt",
  "ground_truth",
  "groundtruth",
];

/**
 * The folder of a split, below `parent`: of the split's own name where there is one, or of another that people give it
 * (valid, validation, Val); the own name where there is neither.
 */
export async function splitFolder(platform: Platform, parent: string, split: Split): Promise<string> {
  const name = await splitFolderName(platform, parent, split);
  return name === "." ? parent : joinPath(parent, name);
}

/** The same without its parent; "." where pictures lie in it directly, as in `images`, and are all train. */
export async function splitFolderName(
  platform: Platform,
  parent: string,
  split: Split,
  images = parent,
): Promise<string> {
  if ((await platform.exists(joinPath(parent, split))) !== "nothing") return split;
  if ((await platform.exists(parent)) !== "folder") return split;
  const there = await platform.list(parent);
  // A link to nothing of this name is told where it is read.
  if (there.includes(split)) return split;
  for (const name of splitNames[split]) {
    const found = there.find((each) => each.toLowerCase() === name);
    if (found !== undefined && (await platform.exists(joinPath(parent, found))) === "folder") return found;
  }
  if (split !== "train" || !(await isFlat(platform, parent, there))) return split;
  return images === parent || (await isFlat(platform, images, await platform.list(images))) ? "." : split;
}

/** `masks/valid`, below `root`; `masks` alone where all photographs are train. */
export async function splitPath(
  platform: Platform,
  { root, images }: Folders,
  folder: string,
  split: Split,
): Promise<string> {
  const name = await splitFolderName(platform, joinPath(root, folder), split, joinPath(images, "images"));
  return name === "." ? folder : joinPath(folder, name);
}

/** Pictures lie there or in folders inside, and none of these is, or may be meant as, one of a split: all pictures are train. */
async function isFlat(platform: Platform, folder: string, names: readonly string[]): Promise<boolean> {
  const known = Object.values(splitNames).flat();
  if (names.some((name) => known.includes(name.toLowerCase()))) return false;
  if (names.some(isPicture)) return true;
  if (names.some((name) => nearest(name.toLowerCase(), known) !== undefined)) return false;
  return holdsPictures(platform, folder, names, 1);
}

/** Folders in folders are looked into so far down. */
const deepest = 4;

async function holdsPictures(
  platform: Platform,
  folder: string,
  names: readonly string[],
  depth: number,
): Promise<boolean> {
  if (names.some(isPicture)) return true;
  if (depth === deepest) return false;
  for (const name of names.filter((each) => !each.startsWith("."))) {
    const inside = joinPath(folder, name);
    if ((await platform.exists(inside)) !== "folder") continue;
    if (await holdsPictures(platform, inside, await platform.list(inside), depth + 1)) return true;
  }
  return false;
}

function isPicture(name: string): boolean {
  return !name.startsWith(".") && /\.[a-z0-9]+$/i.test(name) && pictureEndings.has(endingOf(name));
}

const pictureEndings: ReadonlySet<string> = new Set([...photographEndings, ...maskEndings]);

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1).toLowerCase();
}

/** The folder of the masks in `root`: `masks`, or one of another name that holds some. */
export async function maskFolderName(platform: Platform, root: string): Promise<string> {
  if ((await platform.exists(root)) !== "folder") return "masks";
  const there = await platform.list(root);
  if (there.includes("masks")) return "masks";
  for (const name of maskFolders) {
    const found = there.find((each) => each.toLowerCase() === name);
    if (found !== undefined && (await holdsMasks(platform, joinPath(root, found)))) return found;
  }
  return "masks";
}

/** In folders inside as well, whatever they are called: `annotations/trimaps`. */
async function holdsMasks(platform: Platform, folder: string, depth = 1): Promise<boolean> {
  if ((await platform.exists(folder)) !== "folder") return false;
  const names = (await platform.list(folder)).filter((name) => !name.startsWith("."));
  if (names.some((name) => /\.(?:png|tiff?|npy)$/i.test(name))) return true;
  if (depth === deepest) return false;
  for (const name of names) if (await holdsMasks(platform, joinPath(folder, name), depth + 1)) return true;
  return false;
}
