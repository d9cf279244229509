/** What caption data a folder holds: in itself, or in folders inside. */

import { photographEndings } from "../../image/endings.ts";
import { joinPath } from "../../platform/join-path.ts";
import type { Platform } from "../../platform/platform.ts";
import { splitName } from "../pairs.ts";
import { holdShares } from "../shapes/yolo-list.ts";
import type { CaptionFiles, CaptionFormatName } from "./formats.ts";

/** Folders in folders are looked into so far down. */
const deepest = 6;

/** Whether a file is a table by its name. */
export function isTable(name: string): boolean {
  return /\.(?:csv|tsv|jsonl|ndjson|parquet)$/i.test(name);
}

/** What one folder holds, without the folders in it. */
export async function contentOf(
  platform: Platform,
  folder: string,
  layout: string | undefined,
): Promise<CaptionFiles | undefined> {
  if ((await platform.exists(folder)) !== "folder") return undefined;
  const names = await shownNames(platform, folder);
  const of = (format: CaptionFormatName, found: readonly string[]) =>
    found.length > 0 && (layout ?? format) === format
      ? { format, files: found.map((name) => joinPath(folder, name)), folder }
      : undefined;
  const first = (stem: string, kinds: readonly string[]) =>
    kinds
      .map((kind) => `${stem}.${kind}`)
      .filter((name) => names.includes(name))
      .slice(0, 1);
  const isLabelled = names.includes("images"); // captions.jsonl belongs to the plain folder there
  return (
    of("webdataset", names.filter(isArchive)) ??
    of("imagefolder", first("metadata", ["jsonl", "csv", "parquet"])) ??
    of("caption-table", isLabelled ? [] : first("captions", ["jsonl", "ndjson", "csv", "tsv"])) ??
    ((await areDescribed(platform, [[folder, names]], layout))
      ? { format: "text-beside-image", files: [folder], folder }
      : undefined)
  );
}

/**
 * The same where nothing is known by its name and place alone: archives, or photographs with texts, in folders inside; a table that is the
 * only one in the folder, whatever it is called.
 */
export async function contentBelow(
  platform: Platform,
  folder: string,
  layout: string | undefined,
): Promise<CaptionFiles | undefined> {
  const near = await contentOf(platform, folder, layout);
  if (near !== undefined) return near;
  const all = await foldersBelow(platform, folder);
  const of = (format: CaptionFormatName) => (layout ?? format) === format;
  const archives = all.flatMap(([path, names]) => names.filter(isArchive).map((name) => joinPath(path, name)));
  if (archives.length > 0 && of("webdataset")) return { format: "webdataset", files: archives, folder };
  const tables = (all[0]?.[1] ?? []).filter(isTable);
  if (tables.length === 1 && of("caption-table")) {
    return { format: "caption-table", files: [joinPath(folder, tables[0])], folder };
  }
  const described = all.filter(([, names]) => textsIn(names).length > 0);
  return (await areDescribed(platform, described, layout))
    ? { format: "text-beside-image", files: described.map(([path]) => path), folder }
    : undefined;
}

type Listed = readonly [folder: string, names: readonly string[]];

/** A folder and those inside, each with its names; those of files that caption data have are not asked what they are. */
async function foldersBelow(platform: Platform, folder: string, depth = 0): Promise<Listed[]> {
  if ((await platform.exists(folder)) !== "folder") return [];
  const names = await shownNames(platform, folder);
  const found: Listed[] = [[folder, names]];
  if (depth === deepest) return found;
  for (const name of names) {
    const ending = splitName(name)[1];
    if (photographEndings.has(ending) || ["txt", "json"].includes(ending) || isArchive(name)) continue;
    found.push(...(await foldersBelow(platform, joinPath(folder, name), depth + 1)));
  }
  return found;
}

async function shownNames(platform: Platform, folder: string): Promise<string[]> {
  return (await platform.list(folder)).filter((name) => !name.startsWith("."));
}

function isArchive(name: string): boolean {
  return /\.tar$/i.test(name);
}

/** The texts that have a photograph of their name. */
function textsIn(names: readonly string[]): string[] {
  const pictures = names.filter((name) => photographEndings.has(splitName(name)[1]));
  const photographs = new Set(pictures.map((name) => splitName(name)[0]));
  return names.filter((name) => /\.txt$/i.test(name) && photographs.has(splitName(name)[0]));
}

/** Whether there are photographs with texts of their name, which are sentences: YOLO's hold numbers. */
async function areDescribed(
  platform: Platform,
  folders: readonly Listed[],
  layout: string | undefined,
): Promise<boolean> {
  const texts = folders.flatMap(([folder, names]) => textsIn(names).map((name) => joinPath(folder, name)));
  if (texts.length === 0 || (layout ?? "text-beside-image") !== "text-beside-image") return false;
  return layout !== undefined || !(await holdShares(platform, texts));
}
