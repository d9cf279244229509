import { isMarkedMask, markBytes } from "../data/mask-mark.ts";
import { InputError, problem } from "../errors.ts";
import { photographEndings, readableEndings } from "../image/endings.ts";
import type { Platform } from "../platform/platform.ts";
import { resultsAmong } from "../prediction/earlier-results.ts";
import { shownPictures } from "./shown-pictures.ts";

export interface Photographs {
  /** Files as they were named, and those that are directly in folders, in order of name. */
  readonly files: readonly string[];
  /** Of each the folder that it lies in below the one that was named, with a slash at its end; "" where it lies there directly. */
  readonly below: readonly string[];
  /** A line for each folder in which something was passed over. */
  readonly notes: readonly string[];
  /** Why photographs are not among them that were meant: files of kinds that cannot be read, a line for each folder. */
  readonly unreadable: readonly string[];
}

/** Folders in folders are gone into so far down. */
const deepest = 12;

/** Names that are shown of what is left out. */
const shownNames = 5;

/** Files that lie beside photographs and are none. */
const beside =
  /^(?:thumbs\.db|desktop\.ini)$|\.(?:json|xmp|aae|txt|xml|csv|md|html?|pgw|jgw|tfw|wld|geojson|svg|npy)$/i;

/**
 * The photographs that were meant: files as they are, folders as the photographs directly in them (`recursive`: and in folders
 * inside, but for `except`), in order of name, without the masks, overlays and pictures that predict and show wrote among them.
 * Throws InputError for a path that is not there, for a mask that predict wrote, and for a folder without photographs.
 */
export async function expandPhotographs(
  platform: Platform,
  paths: readonly string[],
  { recursive = false, except }: { readonly recursive?: boolean; readonly except?: string } = {},
): Promise<Photographs> {
  const found = new Map<string, string>();
  const notes: string[] = [];
  const unreadable: string[] = [];
  for (const path of paths) {
    const kind = await platform.exists(path);
    if (kind === "nothing") {
      throw new InputError(
        `${path}: expected a photograph or a folder of photographs, got nothing there. Check the path.`,
      );
    }
    if (kind === "file") {
      if (await isMask(platform, path)) {
        throw new InputError(
          problem(path, "expected a photograph", "a mask that predict wrote", "Name the photograph."),
        );
      }
      found.set(path, "");
      continue;
    }
    const top = path.replace(/[\\/]+$/, "") || path;
    const folders = recursive ? await foldersIn(platform, top, except) : [""];
    for (const below of folders) {
      const folder = `${top}/${below}`.replace(/\/$/, "");
      const all = (await platform.list(folder)).filter((name) => !name.startsWith("."));
      const results = await resultsIn(platform, folder, all);
      const others = all.filter((name) => !results.has(name));
      const names = others.filter((name) => readableEndings.has(endingOf(name)));
      const unread = others.filter((name) => photographEndings.has(endingOf(name)) && !names.includes(name));
      const isBare = names.length === 0 && below !== "";
      if (isBare && unread.length === 0) continue;
      if (names.length === 0 && results.size > 0 && folders.length === 1) {
        throw new InputError(
          `${path}: expected photographs, got a folder of what predict or show wrote. Name the folder of the photographs.`,
        );
      }
      const left = await leftOut(platform, folder, others, { recursive });
      if (names.length === 0 && folders.length === 1) {
        const got = [
          unread.length > 0 ? `only ${listOf(unread)}` : "a folder without any",
          ...(left === "" ? [] : [left]),
        ];
        const remedy = unread.length > 0 ? "Convert them to JPEG or PNG." : "Name another one.";
        throw new InputError(
          problem(path, "expected photographs (jpg, png, webp, tif, gif, avif)", got.join(", with "), remedy),
        );
      }
      if (unread.length > 0) {
        const expected = "expected photographs that can be read (jpg, png, webp, tif, gif, avif)";
        unreadable.push(
          problem(folder, expected, `${listOf(unread)} as well`, "Convert them to JPEG or PNG; the others are done."),
        );
      }
      if (left !== "")
        notes.push(
          problem(
            folder,
            "expected photographs alone",
            `${left} as well`,
            recursive ? "It is left out." : "It is left out; --recursive does folders inside, too.",
          ),
        );
      for (const name of names) if (!found.has(`${folder}/${name}`)) found.set(`${folder}/${name}`, below);
    }
    if (
      folders.length > 1 &&
      ![...found.keys()].some((file) => file.startsWith(`${top}/`)) &&
      unreadable.length === 0
    ) {
      throw new InputError(problem(path, "expected photographs", "folders without any", "Name another one."));
    }
  }
  return { files: [...found.keys()], below: [...found.values()], notes, unreadable };
}

/** "" and the folders inside, each with a slash at its end, in order of name; `except` and hidden ones are left out. */
async function foldersIn(platform: Platform, top: string, except = "", below = "", depth = 0): Promise<string[]> {
  const found = [below];
  if (depth === deepest) return found;
  const [folder, own] = [`${top}/${below}`.replace(/\/$/, ""), except.replace(/^\.\/|\/+$/g, "")];
  for (const name of await platform.list(folder)) {
    const path = `${folder}/${name}`;
    const isMeant = !name.startsWith(".") && path.replace(/^\.\//, "") !== own && !readableEndings.has(endingOf(name));
    if (!isMeant || (await platform.exists(path)) !== "folder") continue;
    found.push(...(await foldersIn(platform, top, except, `${below}${name}/`, depth + 1)));
  }
  return found;
}

/** Masks, overlays and pictures of ours: by their records, and masks by what they say themselves. */
async function resultsIn(platform: Platform, folder: string, names: readonly string[]): Promise<ReadonlySet<string>> {
  const shown = (await shownPictures(platform, folder)) ?? [];
  const results = new Set([...(await resultsAmong(platform, folder, names)), ...shown]);
  const known = new Set(names);
  for (const name of names.filter((each) => /\.png$/i.test(each) && !results.has(each))) {
    if (!(await isMask(platform, `${folder}/${name}`))) continue;
    const stem = name.slice(0, -4);
    const own = ["", ".overlay", ".panoptic", ".confidence"].map((each) => `${stem}${each}.png`);
    for (const each of own) if (known.has(each)) results.add(each);
  }
  return results;
}

async function isMask(platform: Platform, path: string): Promise<boolean> {
  if (!/\.png$/i.test(path) || (await platform.exists(path)) !== "file") return false;
  try {
    return isMarkedMask(await platform.withFile(path, (file) => file.read(0, Math.min(file.size, markBytes))));
  } catch (error) {
    if (error instanceof InputError) return false; // it is told where it is read
    throw error;
  }
}

/** What is no photograph, in words; "" where there is nothing but what usually lies beside photographs. */
async function leftOut(
  platform: Platform,
  folder: string,
  names: readonly string[],
  { recursive }: { readonly recursive: boolean },
): Promise<string> {
  const others = names.filter((name) => !photographEndings.has(endingOf(name)) && !beside.test(name));
  const folders: string[] = [];
  for (const name of others) if ((await platform.exists(`${folder}/${name}`)) === "folder") folders.push(name);
  const files = others.filter((name) => !folders.includes(name));
  const parts = [
    ...(folders.length > 0 && !recursive
      ? [`${folders.length === 1 ? "a folder" : `${folders.length} folders`} (${listOf(folders)})`]
      : []),
    ...(files.length > 0 ? [listOf(files)] : []),
  ];
  return parts.join(" and ");
}

function listOf(names: readonly string[]): string {
  const more = names.length - shownNames;
  return more > 0 ? `${names.slice(0, shownNames).join(", ")} and ${more} more` : names.join(", ");
}

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1).toLowerCase();
}
