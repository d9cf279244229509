/** Layouts with the folders of PASCAL VOC: all photographs together, and lists that say which of them make up a split. */

import type { Split } from "../data/dataset.ts";
import { allSplits } from "../data/dataset.ts";
import { InputError, problem } from "../errors.ts";
import type { Color } from "../image/image.ts";
import { joinPath } from "../platform/join-path.ts";
import { listBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import type { Entry, Layout, Problem, Survey } from "./layout.ts";
import { filesById, imageEntries, makeProblem, sortById, stemOf } from "./pairs.ts";
import { readUtf8 } from "./text-file.ts";

/** What data sets with these folders differ in. */
export interface VocFolders {
  /** Folder of the masks. */
  readonly masks: string;
  /** Folder of the lists `train.txt`, `val.txt` and so on. */
  readonly lists: string;
  readonly classes: Survey["classes"];
  readonly valueMap: Survey["valueMap"];
  readonly remedy: string;
}

const imageFolder = "JPEGImages";

/** Lists that name labelled images: what none of them names is unlabelled. */
const listNames = ["train", "val", "test", "trainval"];

/** The colour map of PASCAL VOC: the bits of the index, three at a time, from the highest bit of red, green and blue down. */
export function vocColor(index: number): Color {
  const color: [number, number, number] = [0, 0, 0];
  for (let bit = 0; bit < 8; bit++) {
    for (let channel = 0; channel < 3; channel++) {
      color[channel] |= ((index >> (3 * bit + channel)) & 1) << (7 - bit);
    }
  }
  return color;
}

/** How splits of such a data set are found and listed. */
export function vocFolders(folders: VocFolders): Pick<Layout, "splits" | "survey"> {
  const { lists, classes, valueMap, remedy } = folders;
  return {
    async splits(platform, { root }) {
      const found = await listedSplits(platform, root, lists);
      const { entries } = await surveyUnlisted(platform, root, lists);
      return entries.length > 0 ? [...found, "unlabelled"] : found;
    },
    async survey(platform, { root }, split) {
      const found =
        split === "unlabelled"
          ? await surveyUnlisted(platform, root, lists)
          : await surveyListed(platform, root, split, folders);
      return { ...found, classes, valueMap, remedy };
    },
  };
}

type Found = Pick<Survey, "entries" | "problems" | "notes">;

async function listedSplits(platform: Platform, root: string, lists: string): Promise<Split[]> {
  const found: Split[] = [];
  for (const split of allSplits) {
    if (split === "unlabelled") continue;
    if ((await platform.exists(joinPath(root, lists, `${split}.txt`))) === "file") found.push(split);
  }
  return found;
}

/** Names in a list, one a line. */
async function readNames(platform: Platform, list: string): Promise<string[]> {
  const text = await readUtf8(platform, list, listBytes);
  return text
    .split(/\r?\n/)
    .map((line) => line.trim().normalize("NFC"))
    .filter((line) => line !== "");
}

/** The test split has no masks. */
async function surveyListed(
  platform: Platform,
  root: string,
  split: Split,
  { lists, masks: maskFolder }: VocFolders,
): Promise<Found> {
  const list = joinPath(root, lists, `${split}.txt`);
  if ((await platform.exists(list)) !== "file") {
    const there = (await listedSplits(platform, root, lists)).join(", ") || "none";
    throw new InputError(
      problem(list, "expected the names of the split", "no such file", `Add it; lists found: ${there}.`),
    );
  }
  const images = await filesById(platform, joinPath(root, imageFolder), "image");
  const masks = await filesById(platform, joinPath(root, maskFolder), "mask");
  const problems: Problem[] = [];
  const entries: Entry[] = [];
  const seen = new Set<string>();
  for (const id of await readNames(platform, list)) {
    if (seen.has(id)) {
      problems.push(makeProblem(list, "expected each name once", `"${id}" twice`, "Remove one of the lines."));
      continue;
    }
    seen.add(id);
    const [image, mask] = [images.byId.get(id), masks.byId.get(id)];
    if (image === undefined) {
      const missing = joinPath(root, imageFolder, `${id}.jpg`);
      problems.push(
        makeProblem(missing, `expected this image, named in ${list}`, "none", "Add it or remove the line."),
      );
    } else if (mask === undefined && split !== "test") {
      const missing = joinPath(root, maskFolder, `${id}.png`);
      problems.push(makeProblem(missing, `expected this mask, named in ${list}`, "none", "Add it or remove the line."));
    } else {
      entries.push({ id, image, labels: mask !== undefined && split !== "test" ? { mask } : {} });
    }
  }
  // Two files of one name matter only where the split reads them.
  const doubled = [...images.problems, ...masks.problems].filter(({ file }) => seen.has(stemOf(file)));
  const notes = [...images.strays, ...masks.strays];
  return { entries: sortById(entries), problems: [...problems, ...doubled], notes };
}

/** The photographs that no list names. */
async function surveyUnlisted(platform: Platform, root: string, lists: string): Promise<Found> {
  const listed = new Set<string>();
  for (const name of listNames) {
    const list = joinPath(root, lists, `${name}.txt`);
    if ((await platform.exists(list)) !== "file") continue;
    for (const id of await readNames(platform, list)) listed.add(id);
  }
  const images = await filesById(platform, joinPath(root, imageFolder), "image");
  const entries = imageEntries(images).filter(({ id }) => !listed.has(id));
  const problems = images.problems.filter(({ file }) => !listed.has(stemOf(file)));
  return { entries, problems, notes: [] }; // what else is in the folder is noted with the listed splits
}
