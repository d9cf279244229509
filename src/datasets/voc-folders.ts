/** Layouts with the folders of PASCAL VOC: all photographs together, and lists that say which of them make up a split. */

import type { Split } from "../data/dataset.ts";
import { allSplits } from "../data/dataset.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError, problem } from "../errors.ts";
import { joinPath, lastPart } from "../platform/join-path.ts";
import { listBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import { filledLines } from "../text/lines.ts";
import { looksLikeList } from "./class-lists.ts";
import type { Entry, Layout, Problem, Survey } from "./layout.ts";
import { masksByImage } from "./mask-names.ts";
import { layoutClasses } from "./own-classes.ts";
import {
  type Files,
  filesBelow,
  imageEntries,
  looksLikeImage,
  makeProblem,
  namesText,
  sortById,
  stemOf,
} from "./pairs.ts";
import { withSaliency } from "./saliency-maps.ts";
import { splitNames } from "./split-names.ts";
import { readTagList, tagListIn, tagLists } from "./tag-lists.ts";
import { readUtf8 } from "./text-file.ts";

/** What data sets with these folders differ in. */
export interface VocFolders {
  /** Folder of the masks. */
  readonly masks: string;
  /** Folder of the lists `train.txt`, `val.txt` and so on. */
  readonly lists: string;
  readonly classes: Survey["classes"];
  readonly valueMap: Survey["valueMap"];
  readonly remedy: Survey["remedy"];
  /** Of the classes above, see `Dataset`. */
  readonly wordThresholds?: Survey["wordThresholds"];
  readonly withBackground?: string;
  /** True where a list of classes beside the masks takes the place of the layout's own. */
  readonly ownLists?: boolean;
}

/** The folder of the photographs: VOC's, or the one that people put beside masks which a program exported without photographs. */
async function imageFolderIn(platform: Platform, root: string): Promise<string> {
  const [own, other] = ["JPEGImages", "images"].map((name) => joinPath(root, name));
  return (await platform.exists(own)) === "nothing" && (await platform.exists(other)) === "folder" ? other : own;
}

async function imagesIn(platform: Platform, root: string): Promise<Files> {
  return filesBelow(platform, await imageFolderIn(platform, root), "image");
}

/** What lists of a split are called; those of several splits name what is labelled, and are read where nothing else is. */
const listNames: Readonly<Record<string, readonly string[]>> = {
  train: [...splitNames.train, "trainval", "default", "all"],
  val: splitNames.val,
  test: splitNames.test,
};

/** How splits of such a data set are found and listed. */
export function vocFolders(folders: VocFolders): Pick<Layout, "splits" | "survey"> {
  const { masks, lists, ownLists = false, wordThresholds, withBackground, ...usual } = folders;
  return {
    async splits(platform, { root }) {
      const found = [...(await readLists(platform, root, folders)).bySplit.keys()];
      const { entries } = await surveyUnlisted(platform, root, folders);
      return allSplits.filter((split) => found.includes(split) || (split === "unlabelled" && entries.length > 0));
    },
    async survey(platform, { root }, split) {
      const maskFolder = joinPath(root, masks);
      const files = await filesBelow(platform, maskFolder, "mask");
      const places = [root, maskFolder, joinPath(root, lists), joinPath(root, "ImageSets")];
      const own = ownLists ? await layoutClasses(platform, places, [...files.byId.values()], usual) : usual;
      const found =
        split === "unlabelled"
          ? await surveyUnlisted(platform, root, folders)
          : await withSaliency(platform, root, split, await surveyListed(platform, root, split, folders, own.classes));
      // Known of these classes alone.
      return { ...found, ...own, ...(own.classes === usual.classes && { wordThresholds, withBackground }) };
    },
  };
}

type Found = Pick<Survey, "entries" | "problems" | "notes">;

/** Names of images, by the list that has them. */
interface Lists {
  readonly bySplit: ReadonlyMap<Split, { readonly file: string; readonly names: readonly string[] }>;
  /** All names in any list of a split. */
  readonly listed: ReadonlySet<string>;
  readonly notes: readonly Problem[];
}

/**
 * The lists of the splits. Where there is none, `train` is all that has a mask; `default.txt`, as annotation tools write it,
 * and `trainval.txt` are train where there is no other.
 */
async function readLists(platform: Platform, root: string, { lists, masks }: VocFolders): Promise<Lists> {
  const { folder, files } = await listsIn(platform, root, lists);
  const images = await imagesIn(platform, root);
  const bySplit = new Map<Split, { file: string; names: readonly string[] }>();
  const listed = new Set<string>();
  const notes: Problem[] = [];
  if (folder !== joinPath(root, lists)) {
    notes.push(makeProblem(joinPath(root, lists), "expected lists here", `some in ${folder}`, "These are read."));
  }
  for (const [split, known] of Object.entries(listNames)) {
    const found = known.flatMap((stem) => files.filter((name) => name.slice(0, -4).toLowerCase() === stem));
    for (const name of found) {
      const file = joinPath(folder, name);
      const names = await readNames(platform, file, images.byId);
      for (const each of names) listed.add(each);
      if (name !== found[0]) continue;
      bySplit.set(split as Split, { file, names });
      if (/^(?:default|trainval|all)\./i.test(name)) {
        notes.push(makeProblem(file, "expected train.txt and val.txt", `only ${name}`, "It is read as train."));
      }
    }
  }
  const train = bySplit.get("train");
  if (train !== undefined) {
    // trainval holds the names of val, too.
    const elsewhere = new Set([...bySplit].flatMap(([split, { names }]) => (split === "train" ? [] : names)));
    const isPart = splitNames.train.includes(train.file.replace(/^.*\/|\.txt$/gi, "").toLowerCase());
    if (!isPart) bySplit.set("train", { ...train, names: train.names.filter((name) => !elsewhere.has(name)) });
  }
  const known = Object.values(listNames).flat();
  const others = files.filter(
    (name) => !known.includes(name.slice(0, -4).toLowerCase()) && !(tagLists as readonly string[]).includes(name),
  );
  if (others.length > 0) {
    const remedy = "They are not read: rename them train.txt and val.txt, or add such lists.";
    notes.push(makeProblem(folder, "expected lists named after splits", namesText(others), remedy));
  }
  const labelled = (await masksOf(platform, root, masks, images)).byId;
  const names = [...images.byId.keys()].filter((id) => labelled.has(id));
  if (bySplit.size === 0 && names.length > 0) {
    const remedy = `All ${names.length} images with masks are read as train.`;
    notes.push(makeProblem(joinPath(folder, "train.txt"), "expected the names of the split", "no list", remedy));
    bySplit.set("train", { file: folder, names });
    for (const each of names) listed.add(each);
  }
  return { bySplit, listed, notes };
}

/** The folder of lists and their names: the layout's own or, where it is not there, what other programs write, if that has lists of splits. */
async function listsIn(
  platform: Platform,
  root: string,
  own: string,
): Promise<{ readonly folder: string; readonly files: readonly string[] }> {
  const known = Object.values(listNames).flat();
  for (const place of [own, "ImageSets/Main", "ImageSets"]) {
    const folder = joinPath(root, place);
    if ((await platform.exists(folder)) !== "folder") continue;
    const files = (await platform.list(folder)).filter((name) => /^[^.].*\.txt$/i.test(name) && !looksLikeList(name));
    if (place === own || files.some((name) => known.includes(name.slice(0, -4).toLowerCase())))
      return { folder, files };
  }
  return { folder: joinPath(root, own), files: [] };
}

/** The masks, by the names of their photographs. */
async function masksOf(platform: Platform, root: string, folder: string, { byId: images }: Files): Promise<Files> {
  const files = await filesBelow(platform, joinPath(root, folder), "mask");
  const { byId, notes } = masksByImage(images, files.byId, joinPath(root, folder));
  return { ...files, byId, strays: [...notes, ...files.strays] };
}

/** Names in a list, one a line: alone, with a flag or a mask's path behind them, with folder and ending or without. */
async function readNames(platform: Platform, list: string, images: ReadonlyMap<string, string>): Promise<string[]> {
  return filledLines(await readUtf8(platform, list, listBytes)).map((written) => {
    const line = written.normalize("NFC");
    if (images.has(line)) return line;
    const path = line.split(/\s+/).every((part) => !/[\\/]|^-?[01]$/.test(part)) ? line : line.split(/\s+/)[0];
    const parts = path.split(/[\\/]/);
    const ends = parts.map((_, from) => parts.slice(from).join("/"));
    const names = ends.flatMap((end) => (looksLikeImage(lastPart(end)) ? [end, withoutEnding(end)] : [end]));
    return names.find((name) => images.has(name)) ?? names[names.length - 1];
  });
}

function withoutEnding(path: string): string {
  return path.replace(/\.[^./]*$/, "");
}

/** The test split has no masks; in others photographs with tags need none. */
async function surveyListed(
  platform: Platform,
  root: string,
  split: Split,
  folders: VocFolders,
  classes: readonly ClassInfo[],
): Promise<Found> {
  const { lists, masks: maskFolder } = folders;
  const { bySplit, listed, notes: listNotes } = await readLists(platform, root, folders);
  const own = bySplit.get(split);
  const list = own?.file ?? joinPath(root, lists, `${split}.txt`);
  if (own === undefined) {
    const there = [...bySplit.keys()].join(", ") || "none";
    throw new InputError(
      problem(list, "expected the names of the split", "no such file", `Add it; lists found: ${there}.`),
    );
  }
  const imageFolder = await imageFolderIn(platform, root);
  const images = await filesBelow(platform, imageFolder, "image");
  const masks = await masksOf(platform, root, maskFolder, images);
  const tagsFile = (await tagListIn(platform, root)) ?? (await tagListIn(platform, joinPath(root, lists)));
  const tags = tagsFile === undefined ? undefined : await readTagList(platform, tagsFile, split, classes);
  const problems: Problem[] = [];
  const entries: Entry[] = [];
  const seen = new Set<string>();
  for (const id of own.names) {
    if (seen.has(id)) {
      problems.push(makeProblem(list, "expected each name once", `"${id}" twice`, "Remove one of the lines."));
      continue;
    }
    seen.add(id);
    const [image, mask, named] = [images.byId.get(id), masks.byId.get(id), tags?.byId.get(id)];
    if (image === undefined) {
      const missing = joinPath(imageFolder, `${id}.jpg`);
      problems.push(
        makeProblem(missing, `expected this image, named in ${list}`, "none", "Add it or remove the line."),
      );
    } else if (mask === undefined && named === undefined && split !== "test") {
      const missing = joinPath(root, maskFolder, `${id}.png`);
      const remedy = tagsFile === undefined ? "Add it or remove the line." : `Add it, or its tags to ${tagsFile}.`;
      problems.push(makeProblem(missing, `expected this mask, named in ${list}`, "none", remedy));
    } else {
      const labels = { ...(mask !== undefined && { mask }), ...(named && { tags: named }) };
      entries.push({ id, image, labels: split === "test" ? {} : labels });
    }
  }
  // Two files of one name matter only where the split reads them.
  const doubled = [...images.problems, ...masks.problems].filter(({ file }) => seen.has(stemOf(file)));
  const notes = [...listNotes, ...images.strays, ...masks.strays];
  const unlisted = [...(tags?.byId.keys() ?? [])].filter((id) => !listed.has(id));
  if (tagsFile !== undefined && unlisted.length > 0) {
    const remedy = `They are not read: add them to ${list}.`;
    notes.push(makeProblem(tagsFile, "expected names that a list of a split has", namesText(unlisted), remedy));
  }
  return { entries: sortById(entries), problems: [...problems, ...doubled], notes };
}

/** The photographs that no list names. */
async function surveyUnlisted(platform: Platform, root: string, folders: VocFolders): Promise<Found> {
  const { listed } = await readLists(platform, root, folders);
  const images = await imagesIn(platform, root);
  const entries = imageEntries(images).filter(({ id }) => !listed.has(id));
  const problems = images.problems.filter(({ file }) => !listed.has(stemOf(file)));
  const masks = await masksOf(platform, root, folders.masks, images);
  const labelled = entries.filter(({ id }) => masks.byId.has(id)).map(({ id }) => id);
  const place = joinPath(root, folders.lists);
  const remedy = "They are read without: add them to a list to learn from them.";
  const got = `none with ${namesText(labelled)}`;
  const notes =
    labelled.length === 0 ? [] : [makeProblem(place, "expected a list for every image that has a mask", got, remedy)];
  return { entries, problems, notes }; // what else is in the folder is noted with the listed splits
}
