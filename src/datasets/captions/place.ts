/** Where caption data lie, found by names of files. */

import { allSplits, type Split } from "../../data/dataset.ts";
import { InputError, problem } from "../../errors.ts";
import { photographEndings } from "../../image/endings.ts";
import { joinPath } from "../../platform/join-path.ts";
import type { Platform } from "../../platform/platform.ts";
import { splitName } from "../pairs.ts";
import { holdShares } from "../shapes/yolo-list.ts";

export interface CaptionFormat {
  /** As given to `--layout`. */
  readonly name: string;
  /** One line: what it is. */
  readonly about: string;
  /** Drawn, for messages and documentation. */
  readonly drawing: string;
}

/** Formats of pairs of photographs and captions. */
export const captionFormats = [
  {
    name: "webdataset",
    about: "WebDataset: tar archives of photographs and captions",
    drawing: `
shards/{00000..00331}.tar, one archive, or a folder of them
  000000012.jpg        or .png, .webp
  000000012.txt        a caption, or 000000012.json with "caption"`.trim(),
  },
  {
    name: "caption-table",
    about: "a table of photographs and captions: CSV, TSV, JSON lines",
    drawing: `
pairs.csv, pairs.tsv, pairs.jsonl, or captions.csv (.tsv, .jsonl) in a folder
  image,caption                          names of the columns; or no names, and two columns: caption, photograph
  photos/a.jpg,"A red car, parked."      as named below the folder that the table is in
  {"image": "photos/a.jpg", "caption": "A red car, parked."}`.trim(),
  },
  {
    name: "imagefolder",
    about: "a Hugging Face image folder with captions",
    drawing: `
FOLDER/                   or FOLDER/train, FOLDER/val (validation), FOLDER/test
  metadata.jsonl          or metadata.csv, metadata.parquet: file_name and text (or caption)
  photos/a.jpg`.trim(),
  },
  {
    name: "text-beside-image",
    about: "a folder of photographs with a text file beside each",
    drawing: `
FOLDER/                   or FOLDER/train, FOLDER/val, FOLDER/test
  NAME.jpg
  NAME.txt                sentences about it, one a line`.trim(),
  },
] as const satisfies readonly CaptionFormat[];

export type CaptionFormatName = (typeof captionFormats)[number]["name"];

/** Files of one split. */
export interface CaptionFiles {
  readonly format: CaptionFormatName;
  /** Archives, or one table; for texts beside photographs, the folder. */
  readonly files: readonly string[];
  /** The folder that tables name photographs from. */
  readonly folder: string;
}

export type CaptionPlace = ReadonlyMap<Split, CaptionFiles>;

const splitFolders: readonly (readonly [Split, readonly string[]])[] = [
  ["train", ["train"]],
  ["val", ["val", "validation", "valid", "dev"]],
  ["test", ["test"]],
];

/** The caption data at `spec`: a file, a pattern of files, or a folder; undefined where there are none. */
export async function findCaptions(
  platform: Platform,
  spec: string,
  { layout, images }: { readonly layout?: string; readonly images?: string } = {},
): Promise<CaptionPlace | undefined> {
  const asked = captionFormats.find(({ name }) => name === layout);
  if (layout !== undefined && asked === undefined) return undefined;
  const found = await placeOf(platform, spec, layout);
  if (found === undefined && asked !== undefined) {
    const got = (await platform.exists(spec)) === "nothing" ? "nothing there" : "none of its files";
    const remedy = "Check the path, or leave --layout out.";
    throw new InputError(problem(spec, `expected the layout ${asked.name} (${asked.about})`, got, remedy));
  }
  if (found === undefined || images === undefined) return found;
  return new Map([...found].map(([split, files]) => [split, { ...files, folder: images }]));
}

async function placeOf(
  platform: Platform,
  spec: string,
  layout: string | undefined,
): Promise<CaptionPlace | undefined> {
  const isPattern = /\{\d+\.\.\d+\}/.test(spec);
  if (isPattern || (await platform.exists(spec)) === "file") {
    const files = isPattern ? await existing(platform, expanded(spec)) : [spec];
    const format = formatOf(spec);
    if (format === undefined || (layout ?? format) !== format) return undefined;
    if (format !== "webdataset" && files.length > 1) {
      const expected = "expected tar archives where a pattern stands";
      throw new InputError(problem(spec, expected, `${files.length} tables`, "Join the tables into one."));
    }
    return new Map([["train", { format, files, folder: folderOf(spec) }]]);
  }
  if ((await platform.exists(spec)) !== "folder") return undefined;
  const splits = new Map<Split, CaptionFiles>();
  const own = await contentOf(platform, spec, layout);
  if (own !== undefined) return splits.set("train", own);
  const inside = new Set(await platform.list(spec));
  for (const [split, names] of splitFolders) {
    for (const name of names) {
      if (splits.has(split) || !inside.has(name)) continue;
      const content = await contentOf(platform, joinPath(spec, name), layout);
      if (content !== undefined) splits.set(split, content);
    }
  }
  return splits.size > 0 ? new Map(allSplits.flatMap((split) => pairOf(split, splits.get(split)))) : undefined;
}

function pairOf(split: Split, files: CaptionFiles | undefined): [Split, CaptionFiles][] {
  return files === undefined ? [] : [[split, files]];
}

/** What one folder holds, without the folders in it. */
async function contentOf(
  platform: Platform,
  folder: string,
  layout: string | undefined,
): Promise<CaptionFiles | undefined> {
  if ((await platform.exists(folder)) !== "folder") return undefined;
  const names = (await platform.list(folder)).filter((name) => !name.startsWith("."));
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
  const pictures = names.filter((name) => photographEndings.has(splitName(name)[1]));
  const photographs = new Set(pictures.map((name) => splitName(name)[0]));
  const described = names.filter((name) => /\.txt$/i.test(name) && photographs.has(splitName(name)[0]));
  return (
    of(
      "webdataset",
      names.filter((name) => /\.tar$/i.test(name)),
    ) ??
    of("imagefolder", first("metadata", ["jsonl", "csv", "parquet"])) ??
    of("caption-table", isLabelled ? [] : first("captions", ["jsonl", "csv", "tsv"])) ??
    (described.length > 0 &&
    (layout ?? "text-beside-image") === "text-beside-image" &&
    (layout !== undefined ||
      !(await holdShares(
        platform,
        described.map((name) => joinPath(folder, name)),
      )))
      ? { format: "text-beside-image", files: [folder], folder }
      : undefined)
  );
}

function formatOf(path: string): CaptionFormatName | undefined {
  if (/\.tar$/i.test(path)) return "webdataset";
  if (/(^|[\\/])metadata\.(?:jsonl|csv|parquet)$/i.test(path)) return "imagefolder";
  return /\.(?:csv|tsv|jsonl|parquet)$/i.test(path) ? "caption-table" : undefined;
}

function folderOf(path: string): string {
  const slash = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return slash < 0 ? "." : slash === 0 ? "/" : path.slice(0, slash);
}

/** `{000..123}` → each number, with as many digits. Throws InputError for more than a million files. */
function expanded(pattern: string): string[] {
  const match = /\{(\d+)\.\.(\d+)\}/.exec(pattern);
  if (match === null) return [pattern];
  const [first, last] = [Number(match[1]), Number(match[2])];
  if (last < first || last - first >= 1_000_000) {
    const expected = "expected numbers that rise, of at most a million files";
    throw new InputError(problem(pattern, expected, match[0], "Write {000..123}."));
  }
  const [before, after] = [pattern.slice(0, match.index), pattern.slice(match.index + match[0].length)];
  return Array.from({ length: last - first + 1 }, (_, at) =>
    expanded(`${before}${String(first + at).padStart(match[1].length, "0")}${after}`),
  ).flat();
}

/** Throws InputError where one of the files is missing. */
async function existing(platform: Platform, files: readonly string[]): Promise<readonly string[]> {
  for (const file of files) {
    if ((await platform.exists(file)) === "file") continue;
    throw new InputError(problem(file, "expected a file of the pattern", "nothing there", "Fetch it, or correct it."));
  }
  return files;
}
