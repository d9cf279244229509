/** Where caption data lie, found by names of files. */

import { allSplits, type Split } from "../../data/dataset.ts";
import { InputError, problem } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import type { Platform } from "../../platform/platform.ts";
import { contentBelow, contentOf } from "./folder-content.ts";
import { type CaptionFiles, type CaptionFormatName, captionFormats } from "./formats.ts";
import { filesOfPattern, isPattern } from "./patterns.ts";

export type CaptionPlace = ReadonlyMap<Split, CaptionFiles>;

const splitFolders: readonly (readonly [Split, readonly string[]])[] = [
  ["train", ["train"]],
  ["val", ["val", "validation", "valid", "dev"]],
  ["test", ["test"]],
];

/**
 * The caption data at `spec`: a file, a pattern of files, or a folder; undefined where there are none. below: also what lies in folders
 * inside, and a table of any name (`contentBelow`), as it is where the layout is named.
 */
export async function findCaptions(
  platform: Platform,
  spec: string,
  {
    layout,
    images,
    below = false,
  }: { readonly layout?: string; readonly images?: string; readonly below?: boolean } = {},
): Promise<CaptionPlace | undefined> {
  const asked = captionFormats.find(({ name }) => name === layout);
  if (layout !== undefined && asked === undefined) return undefined;
  const found = await placeOf(platform, spec, { layout, below: below || asked !== undefined });
  if (found === undefined && asked !== undefined) {
    const got = (await platform.exists(spec)) === "nothing" ? "nothing there" : "none of its files";
    const remedy = "Check the path, or leave --layout out.";
    throw new InputError(problem(spec, `expected the layout ${asked.name} (${asked.about})`, got, remedy));
  }
  if (found === undefined || images === undefined) return found;
  // Of texts beside photographs the folder is where both are.
  const apart = (files: CaptionFiles) => (files.format === "text-beside-image" ? files : { ...files, folder: images });
  return new Map([...found].map(([split, files]) => [split, apart(files)]));
}

interface Wanted {
  readonly layout: string | undefined;
  readonly below: boolean;
}

async function placeOf(platform: Platform, spec: string, { layout, below }: Wanted): Promise<CaptionPlace | undefined> {
  const isSeveral = await isPattern(platform, spec);
  if (isSeveral || (await platform.exists(spec)) === "file") {
    const files = isSeveral ? await filesOfPattern(platform, spec) : [spec];
    const format = formatOf(files[0]);
    if (format === undefined || (layout ?? format) !== format) return undefined;
    const isJson = layout === undefined && /\.json$/i.test(files[0]);
    if (isJson && !(await (await import("./json-table.ts")).beginsAsPairs(platform, files[0]))) return undefined;
    const other = files.find((file) => formatOf(file) !== format);
    if (other !== undefined || (format !== "webdataset" && files.length > 1)) {
      const expected = "expected tar archives where a pattern stands";
      const got = other === undefined ? `${files.length} tables` : `${files[0]} and ${other}`;
      const remedy = other === undefined ? "Join the tables into one." : "Name the archives alone.";
      throw new InputError(problem(spec, expected, got, remedy));
    }
    return new Map([["train", { format, files, folder: folderOf(files[0]) }]]);
  }
  if ((await platform.exists(spec)) !== "folder") return undefined;
  const splits = new Map<Split, CaptionFiles>();
  const own = await contentOf(platform, spec, layout);
  if (own !== undefined) return splits.set("train", own);
  const folders = await foldersOfSplits(platform, spec);
  for (const content of [contentOf, contentBelow]) {
    // Where one split is there for certain, the others may lie deeper.
    if (content === contentBelow && !below && splits.size === 0) break;
    for (const [split, folder] of folders) {
      const found = splits.has(split) ? undefined : await content(platform, folder, layout);
      if (found !== undefined) splits.set(split, found);
    }
  }
  if (splits.size > 0) return new Map(allSplits.flatMap((split) => pairOf(split, splits.get(split))));
  const deep = below ? await contentBelow(platform, spec, layout) : undefined;
  return deep && splits.set("train", deep);
}

/** Folders that are called as splits are, the most usual name of each first. */
async function foldersOfSplits(platform: Platform, folder: string): Promise<readonly (readonly [Split, string])[]> {
  const inside = new Set(await platform.list(folder));
  return splitFolders.flatMap(([split, names]) =>
    names.filter((name) => inside.has(name)).map((name) => [split, joinPath(folder, name)] as const),
  );
}

function pairOf(split: Split, files: CaptionFiles | undefined): [Split, CaptionFiles][] {
  return files === undefined ? [] : [[split, files]];
}

function formatOf(path: string): CaptionFormatName | undefined {
  if (/\.tar$/i.test(path)) return "webdataset";
  if (/(^|[\\/])metadata\.(?:jsonl|csv|parquet)$/i.test(path)) return "imagefolder";
  return /\.(?:csv|tsv|jsonl|ndjson|json|parquet)$/i.test(path) ? "caption-table" : undefined;
}

function folderOf(path: string): string {
  const slash = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return slash < 0 ? "." : slash === 0 ? "/" : path.slice(0, slash);
}
