/** What people and programs call the splits of a data set. */

import type { Split } from "../data/dataset.ts";
import { maskEndings, photographEndings } from "../image/endings.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";

/** In lower case, our own name first. */
export const splitNames: Readonly<Record<Split, readonly string[]>> = {
  train: ["train", "training"],
  val: ["val", "valid", "validation", "dev"],
  test: ["test", "testing"],
  unlabelled: ["unlabelled", "unlabeled"],
};

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
  const isAlone = split === "train" && isFlat(there);
  return isAlone && (images === parent || isFlat(await platform.list(images))) ? "." : split;
}

/** Pictures lie there directly, and there is no folder of any split: all of them are train. */
function isFlat(names: readonly string[]): boolean {
  const known = Object.values(splitNames).flat();
  const isPicture = (name: string) =>
    !name.startsWith(".") && /\.[a-z0-9]+$/i.test(name) && pictureEndings.has(endingOf(name));
  return names.some(isPicture) && !names.some((name) => known.includes(name.toLowerCase()));
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

async function holdsMasks(platform: Platform, folder: string): Promise<boolean> {
  if ((await platform.exists(folder)) !== "folder") return false;
  const isMask = (name: string) => /\.(?:png|tiff?|npy)$/i.test(name);
  const names = await platform.list(folder);
  if (names.some(isMask)) return true;
  const splits = names.filter((name) => Object.values(splitNames).some((known) => known.includes(name.toLowerCase())));
  for (const name of splits) {
    const inside = joinPath(folder, name);
    if ((await platform.exists(inside)) === "folder" && (await platform.list(inside)).some(isMask)) return true;
  }
  return false;
}
