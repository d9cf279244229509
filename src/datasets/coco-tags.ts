/** Photographs in COCO's folders, and lists of tags in place of their annotations. */

import { labelledSplits, type Split } from "../data/dataset.ts";
import type { ClassInfo } from "../data/sample.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import type { Entry, Problem } from "./layout.ts";
import { filesBelow, makeProblem, namesText, stemOf } from "./pairs.ts";
import { namesWithYears } from "./split-names.ts";
import { readTagList, tagListIn } from "./tag-lists.ts";

/** The list of tags of COCO's folders: in the folder itself, or with the annotations; undefined where there is none. */
export async function cocoTagList(platform: Platform, root: string): Promise<string | undefined> {
  return (await tagListIn(platform, root)) ?? (await tagListIn(platform, joinPath(root, "annotations")));
}

/** Folders of a split's photographs that are there: `images/train`, `images/train2017`, `train2014` … years: only those with one. */
export async function cocoPhotographFolders(
  platform: Platform,
  root: string,
  split: Split,
  { years = false }: { readonly years?: boolean } = {},
): Promise<string[]> {
  const found: string[] = [];
  for (const name of namesWithYears(split).filter((each) => !years || /\d$/.test(each))) {
    for (const path of [joinPath("images", name), name]) {
      if ((await platform.exists(joinPath(root, path))) === "folder") found.push(joinPath(root, path));
    }
  }
  return found;
}

/** Photographs of a split by their names below its folders. */
async function photographsOf(platform: Platform, root: string, split: Split): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const folder of await cocoPhotographFolders(platform, root, split)) {
    const { byId } = await filesBelow(platform, folder, "image");
    for (const [id, path] of byId) if (!found.has(id)) found.set(id, path);
  }
  return found;
}

export interface CocoTags {
  readonly file: string;
  /** Of photographs of any split, by name. */
  readonly byId: ReadonlyMap<string, readonly number[]>;
  /** Photographs in the split's folders that have tags. */
  readonly entries: readonly Entry[];
  /** Names that no photograph has, in the split or, where the list names none, in another. */
  readonly missing: readonly string[];
}

/**
 * What a list says of the photographs of a split; those that it does not name are left out, as COCO has some that show none of its classes.
 * Throws InputError naming the file and what is wrong in it.
 */
export async function cocoTags(
  platform: Platform,
  root: string,
  split: Split,
  { file, classes }: { readonly file: string; readonly classes: readonly ClassInfo[] },
): Promise<CocoTags> {
  const { byId, loose } = await readTagList(platform, file, split, classes);
  const images = await photographsOf(platform, root, split);
  const entries = [...byId].flatMap(([id, tags]): Entry[] => {
    const image = images.get(id);
    return image === undefined ? [] : [{ id, image, labels: { tags } }];
  });
  // Splits may share a folder of photographs, too.
  const elsewhere = new Set(
    [...(await filesBelow(platform, joinPath(root, "images"), "image")).byId.values()].map(stemOf),
  );
  for (const other of labelledSplits.filter((each) => each !== split)) {
    for (const id of (await photographsOf(platform, root, other)).keys()) elsewhere.add(id);
  }
  const missing = [...byId.keys()].filter((id) => !images.has(id) && !(loose.has(id) && elsewhere.has(id)));
  return { file, byId, entries, missing };
}

/** Names of a list that no photograph has, `ids` being those of the split that are read: a fault where it has no others. */
export function misnamedTags(
  { file, missing, byId }: CocoTags,
  ids: ReadonlySet<string>,
): { readonly problems: readonly Problem[]; readonly notes: readonly Problem[] } {
  const wrong = missing.filter((id) => !ids.has(id));
  if (wrong.length === 0) return { problems: [], notes: [] };
  const remedy = "Correct them: they are passed over.";
  const said = [makeProblem(file, "expected names of photographs as they are called here", namesText(wrong), remedy)];
  return [...byId.keys()].some((id) => ids.has(id)) ? { problems: [], notes: said } : { problems: said, notes: [] };
}

/** Said of photographs that neither a list of tags nor anything else labels. */
export function untagged(folder: string, file: string, count: number, all: number): Problem[] {
  if (count === 0) return [];
  const message = `${folder}: ${count} of ${all} photographs ${count === 1 ? "has" : "have"} no label: left out. Add tags to ${file} to learn from them.`;
  return [{ file: folder, message }];
}
