/** The labels of one split of a plain folder, of every kind that is there. */

import type { Split } from "../data/dataset.ts";
import { InputError } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import { listBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import type { ClassList } from "./classes-file.ts";
import { readClasses } from "./folder-classes.ts";
import { splitSegments } from "./folder-segments.ts";
import { folderTags } from "./folder-tags.ts";
import { isThere } from "./is-there.ts";
import { captionsFrom, type Listing } from "./label-files.ts";
import type { EntryLabels, Folders, Problem } from "./layout.ts";
import { masksBeside, masksByImage, type NamedMasks, severalMasks } from "./mask-names.ts";
import { missingClasses } from "./missing-classes.ts";
import { type Files, filesBelow, makeProblem, namesText } from "./pairs.ts";
import { withCategoryIds } from "./panoptic-annotation.ts";
import { maskFolderName, splitFolder, splitPath } from "./split-names.ts";
import { readTagList, tagListIn, tagLists } from "./tag-lists.ts";
import { readUtf8 } from "./text-file.ts";

export interface SplitLabels extends Omit<ClassList, "colored"> {
  /** The file that names the classes. */
  readonly listed: string;
  /** What labels each name, whether there is an image of that name or not. */
  readonly byId: ReadonlyMap<string, EntryLabels>;
  /** The split has a folder of masks. */
  readonly hasMasks: boolean;
  /** There is a list of tags: nothing else tells them. */
  readonly hasTags: boolean;
  /** That folder, or where it would be. */
  readonly maskFolder: string;
  /** Files that name images: of this split, and of any. */
  readonly lists: readonly {
    readonly file: string;
    readonly own: readonly string[];
    readonly loose: readonly string[];
  }[];
  readonly problems: readonly Problem[];
  readonly notes: readonly Problem[];
}

/** Whether the images of a split have labels, or files that are to be some; true where they cannot be read. */
export async function hasLabels(platform: Platform, folders: Folders, split: Split, images: Files): Promise<boolean> {
  const { root } = folders;
  try {
    for (const folder of [await maskFolderName(platform, root), "panoptic"]) {
      if (await isThere(platform, root, await splitPath(platform, folders, folder, split), "folder")) return true;
    }
    if (await isThere(platform, root, `panoptic/${split}.json`, "file")) return true;
    const { byId, lists, problems } = await splitLabels(platform, folders, split);
    return (
      problems.length > 0 ||
      lists.some(({ own }) => own.length > 0) ||
      [...byId].some(([id, labels]) => images.byId.has(id) && isLabelled({ labels }))
    );
  } catch (error) {
    if (error instanceof InputError) return true;
    throw error;
  }
}

/** Saliency alone says nothing of what is in the picture. */
export function isLabelled({ labels }: { readonly labels: EntryLabels }): boolean {
  const { saliency: _, ...others } = labels;
  return Object.keys(others).length > 0;
}

/** Lists the labels of a split. Throws InputError where a list of labels, or of classes, is broken or missing. */
export async function splitLabels(platform: Platform, folders: Folders, split: Split): Promise<SplitLabels> {
  const { root } = folders;
  const maskPath = await splitPath(platform, folders, await maskFolderName(platform, root), split);
  const maskFolder = joinPath(root, maskPath);
  const hasOwn = await isThere(platform, root, maskPath, "folder");
  const files = await filesBelow(platform, maskFolder, "mask");
  const imageFolder = await splitFolder(platform, joinPath(folders.images, "images"), split);
  const images = await filesBelow(platform, imageFolder, "image");
  const among = hasOwn ? new Map<string, string>() : masksBeside(images.byId);
  const hasMasks = hasOwn || among.size > 0;
  const named = hasOwn ? masksByImage(images.byId, files.byId, maskFolder) : besideAsNamed(among, imageFolder);
  const masks = { ...files, byId: named.byId };
  const ownTags = await tagListIn(platform, root);
  const hasTags = ownTags !== undefined;
  const list = await readClasses(platform, root);
  if ((hasMasks && !list?.forMasks) || (hasTags && list === null)) {
    throw await missingClasses(platform, root, [...masks.byId.values()]);
  }
  const { classes: known = [], valueMap = {}, colorCoded = false, listed = "" } = list ?? {};
  const segments = await splitSegments(platform, folders, split, { list, masks: masks.byId, images: images.byId });
  const classes = segments.annotation === undefined ? known : withCategoryIds(known, segments.annotation);
  const ofFolders = hasTags ? null : await folderTags(platform, photographs(images.byId, among), imageFolder, classes);
  const tagsFile = ownTags ?? joinPath(root, tagLists[0]);
  const tags = hasTags ? await readTagList(platform, tagsFile, split, classes) : emptyListing<readonly number[]>();
  const captionsFile = await beside(platform, folders, "captions.jsonl", "file");
  const captions =
    captionsFile === undefined
      ? emptyListing<readonly string[]>()
      : captionsFrom(await readUtf8(platform, captionsFile, listBytes), captionsFile, split);
  const texts = await filesBelow(platform, imageFolder, "text file");
  const saliencyPath = await splitPath(platform, folders, "saliency", split);
  const saliencyFolder = await beside(platform, folders, saliencyPath, "folder");
  const saliency = await filesBelow(platform, saliencyFolder ?? "", "saliency map");

  const ids = [masks, segments, tags, ofFolders ?? tags, captions, texts, saliency].flatMap(({ byId }) => [
    ...byId.keys(),
  ]);
  const byId = new Map(
    [...new Set(ids)].map((id): [string, EntryLabels] => {
      const [mask, drawn, salient] = [masks.byId.get(id), segments.byId.get(id), saliency.byId.get(id)];
      // What a mask shows is known better than what its folder is called.
      const named = mask === undefined && drawn === undefined ? ofFolders?.byId.get(id) : undefined;
      const [names, sentences] = [tags.byId.get(id) ?? named, texts.byId.get(id) ?? captions.byId.get(id)];
      return [
        id,
        {
          ...(mask !== undefined && { mask }),
          ...(drawn && { panoptic: drawn }),
          ...(names && { tags: names }),
          ...(sentences && { captions: sentences }),
          ...(salient !== undefined && { saliency: salient }),
        },
      ];
    }),
  );
  const notes = [
    ...maskFolderNote(root, maskPath, hasOwn),
    ...(list?.notes ?? []),
    ...named.notes,
    ...masks.strays,
    ...saliency.strays,
    ...segments.notes,
  ];
  if ([...byId.values()].some(({ tags: found }) => found !== undefined)) notes.push(...(ofFolders?.notes ?? []));
  for (const [id, file] of texts.byId) {
    if (captionsFile === undefined || !captions.byId.has(id)) continue;
    notes.push(makeProblem(file, "expected captions in one place", `some in ${captionsFile} too`, "These are read."));
  }
  return {
    ...{ classes, valueMap, colorCoded, listed, byId, hasMasks, hasTags, maskFolder, notes },
    lists: [listOf(tagsFile, tags), listOf(captionsFile ?? "", captions)],
    problems: [
      ...masks.problems,
      ...segments.problems,
      ...texts.problems,
      ...saliency.problems,
      ...(ofFolders?.problems ?? []),
    ],
  };
}

/** What is wrong and what is worth knowing about how labels and images of a split go together. */
export function pairingOf(
  images: Files,
  { byId, lists }: Pick<SplitLabels, "byId" | "lists">,
  imageFolder: string,
): { problems: Problem[]; notes: Problem[] } {
  const problems: Problem[] = [];
  const notes: Problem[] = [];
  const several = severalMasks(images.byId, byId);
  if (several !== undefined) problems.push(several);
  for (const [id, { mask, panoptic, captions, saliency }] of byId) {
    if (images.byId.has(id)) continue;
    const expected = `expected an image named "${id}"`;
    for (const file of [several === undefined ? mask : undefined, panoptic?.file]) {
      if (typeof file !== "string") continue;
      const remedy = `Add the image or remove the ${file === mask ? "mask" : "segments"}.`;
      problems.push(makeProblem(file, expected, "none", remedy));
    }
    for (const file of [captions, saliency]) {
      if (typeof file === "string") notes.push(makeProblem(file, expected, "none", "It is passed over."));
    }
  }
  for (const { file, own } of lists) {
    const missing = own.filter((id) => !images.byId.has(id));
    if (missing.length === 0) continue;
    const expected = `expected names of images in ${imageFolder}`;
    notes.push(makeProblem(file, expected, namesText(missing), "Correct them: they are passed over."));
  }
  return { problems, notes };
}

/** Without the masks that lie among them. */
function photographs(images: Files["byId"], masks: ReadonlyMap<string, string>): Files["byId"] {
  const files = new Set(masks.values());
  return files.size === 0 ? images : new Map([...images].filter(([, file]) => !files.has(file)));
}

/** Masks that lie beside their photographs are read, and that is said. */
function besideAsNamed(masks: ReadonlyMap<string, string>, folder: string): NamedMasks {
  const [first] = masks.values();
  if (first === undefined) return { byId: new Map(), notes: [] };
  const got = `some beside their photographs, such as ${first.slice(first.lastIndexOf("/") + 1)}`;
  return {
    byId: new Map(masks),
    notes: [makeProblem(folder, "expected masks in a folder masks", got, "They are read from here.")],
  };
}

/** Whether a split has a folder of masks of its own. */
export async function hasMaskFolder(platform: Platform, folders: Folders, split: Split): Promise<boolean> {
  const path = await splitPath(platform, folders, await maskFolderName(platform, folders.root), split);
  return isThere(platform, folders.root, path, "folder");
}

/** Masks in a folder of another name are read, and that is said. */
function maskFolderNote(root: string, path: string, hasMasks: boolean): Problem[] {
  if (!hasMasks || path.split("/")[0] === "masks") return [];
  const file = joinPath(root, path);
  return [makeProblem(file, "expected masks in a folder masks", "another name", "They are read from here.")];
}

function emptyListing<Value>(): Listing<Value> {
  return { byId: new Map(), loose: new Set() };
}

function listOf(file: string, { byId, loose }: Listing<unknown>): SplitLabels["lists"][number] {
  return { file, own: [...byId.keys()].filter((id) => !loose.has(id)), loose: [...loose] };
}

/** A path in the folder of the labels or, for labels that name no classes, in that of the photographs. */
async function beside(
  platform: Platform,
  { root, images }: Folders,
  path: string,
  kind: "file" | "folder",
): Promise<string | undefined> {
  for (const folder of new Set([root, images])) {
    if (await isThere(platform, folder, path, kind)) return joinPath(folder, path);
  }
  return undefined;
}
