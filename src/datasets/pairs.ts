/** Photographs and masks that belong together because their names do. */

import { problem } from "../errors.ts";
import { maskEndings, photographEndings } from "../image/endings.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { looksLikeList } from "./class-lists.ts";
import type { Entry, Problem } from "./layout.ts";

/** By what the files are called in messages. */
const extensionsOf = {
  image: photographEndings,
  mask: maskEndings,
  "saliency map": maskEndings,
  // An array of the values has no colours, and -1 in it would be an instance.
  "map of segments": new Set([...maskEndings].filter((ending) => ending !== "npy")),
  "text file": new Set(["txt"]),
  annotation: new Set(["json"]),
};

/** `a.b.png` → ["a.b", "png"]; the extension in lower case, empty when there is none. */
export function splitName(name: string): readonly [stem: string, extension: string] {
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? [name, ""] : [name.slice(0, dot), name.slice(dot + 1).toLowerCase()];
}

/** Whether a file is taken for a photograph, by its name. */
export function looksLikeImage(name: string): boolean {
  return !name.startsWith(".") && photographEndings.has(splitName(name)[1]);
}

export interface Files {
  /** Stem → the file's path; only the first of duplicates. */
  readonly byId: Map<string, string>;
  readonly problems: Problem[];
  readonly strays: Problem[];
}

export function makeProblem(file: string, expected: string, got: string, remedy: string): Problem {
  return { file, message: problem(file, expected, got, remedy) };
}

/** Folders in folders are read so far down. */
const deepest = 6;

/**
 * Files of a folder by their stem without `suffix`, whose accents are composed (NFC), as not every system writes them;
 * hidden files and files without the suffix are passed over.
 */
export async function filesById(
  platform: FolderReader,
  folder: string,
  what: keyof typeof extensionsOf,
  suffix = "",
): Promise<Files> {
  const files: Files = { byId: new Map(), problems: [], strays: [] };
  await gather(files, platform, folder, { what, suffix });
  return files;
}

/** The same with those in folders inside, by their names below the folder: `b/NAME`. None where there is no such folder. */
export async function filesBelow(
  platform: FolderReader,
  folder: string,
  what: keyof typeof extensionsOf,
): Promise<Files> {
  const files: Files = { byId: new Map(), problems: [], strays: [] };
  if ((await platform.exists(folder)) === "folder") await gather(files, platform, folder, { what, below: "" });
  return files;
}

type FolderReader = Pick<Platform, "list" | "exists">;

/** below: of the folder at hand, with a slash; undefined: folders inside are not read. */
async function gather(
  files: Files,
  platform: FolderReader,
  folder: string,
  { what, suffix = "", below }: { what: keyof typeof extensionsOf; suffix?: string; below?: string | undefined },
): Promise<void> {
  const extensions = extensionsOf[what];
  const names = await platform.list(folder);
  const predicted = what === "image" || what === "mask" ? predictedAmong(names, what) : new Set<string>();
  if (predicted.size > 0) {
    const got = `${predicted.size} files that predict wrote, such as ${[...predicted][0]}`;
    const expected = `expected ${what === "image" ? "photographs" : "masks"} alone`;
    files.strays.push(makeProblem(folder, expected, got, "They are passed over."));
  }
  for (const name of names) {
    if (name.startsWith(".") || name === "Thumbs.db" || predicted.has(name)) continue;
    if (what !== "text file" && looksLikeList(name)) continue;
    const path = joinPath(folder, name);
    const [stem, extension] = splitName(name);
    if (suffix !== "" && !stem.endsWith(suffix)) continue;
    if (!extensions.has(extension)) {
      const isFolder = (extension === "" || below !== undefined) && (await platform.exists(path)) === "folder";
      if (isFolder && below !== undefined && below.split("/").length <= deepest) {
        await gather(files, platform, path, { what, below: `${below}${name}/` });
        continue;
      }
      const got = isFolder ? "a folder" : extension === "" ? "no extension" : `.${extension}`;
      const remedy = isFolder ? "Move its files up: folders inside are not read." : "Convert, rename or remove it.";
      files.strays.push(makeProblem(path, `expected only ${what} files here`, got, remedy));
      continue;
    }
    const id = `${below ?? ""}${stem.slice(0, stem.length - suffix.length)}`.normalize("NFC");
    const first = files.byId.get(id);
    if (first === undefined) {
      files.byId.set(id, path);
    } else {
      const expected = `expected one ${what} named "${id}"`;
      files.problems.push(makeProblem(path, expected, `another in ${first}`, "Remove or rename one of the two."));
    }
  }
}

/** What predict writes for a photograph besides its mask, by the ending of its name. */
const predictedEndings = ["overlay.png", "json", "panoptic.png", "confidence.png", "semantic.png"];
/** The same by `--formats`, among masks. */
const predictedForms = ["npy", "labelme.json", "geojson", "svg"];

/** Overlays, records and the like that predict wrote, by their names, and the masks among them where photographs are looked for. */
function predictedAmong(names: readonly string[], what: "image" | "mask"): ReadonlySet<string> {
  const known = new Set(names);
  const endings = [...predictedEndings, ...(what === "image" ? ["png"] : predictedForms)];
  const found = names.flatMap((name) => {
    const stem = /^(.+)\.overlay\.png$/.exec(name)?.[1];
    if (stem === undefined || !known.has(`${stem}.png`) || !known.has(`${stem}.json`)) return [];
    return endings.map((ending) => `${stem}.${ending}`).filter((each) => known.has(each));
  });
  return new Set(found);
}

/** The same; none where there is no such folder. */
export async function filesIfThere(...place: Parameters<typeof filesById>): Promise<Files> {
  const [platform, folder] = place;
  const found = (await platform.exists(folder)) === "folder";
  return found ? filesById(...place) : { byId: new Map(), problems: [], strays: [] };
}

/** `a/b.c.png` → `b.c`, as `filesById` has it. */
export function stemOf(path: string): string {
  return splitName(path.slice(path.lastIndexOf("/") + 1))[0].normalize("NFC");
}

/** `"a" and 3 others` */
export function namesText([first, ...others]: readonly string[]): string {
  const more = others.length === 1 ? "1 other" : `${others.length} others`;
  return others.length === 0 ? `"${first}"` : `"${first}" and ${more}`;
}

/** Images that are read without labels. */
export function imageEntries({ byId }: Pick<Files, "byId">): Entry[] {
  return sortById([...byId].map(([id, image]) => ({ id, image, labels: {} })));
}

/**
 * Pairs the images and masks of two folders by their stem. `maskName` is how the mask of an id is called, for messages;
 * null where an image need not have one. Masks without image are problems, and so are images without mask.
 */
export function pair(
  images: Files,
  masks: Files,
  maskName: ((id: string) => string) | null,
): { entries: Entry[]; problems: Problem[]; notes: Problem[] } {
  const entries: Entry[] = [];
  const problems = [...images.problems, ...masks.problems];
  for (const [id, image] of images.byId) {
    const mask = masks.byId.get(id);
    if (mask !== undefined) entries.push({ id, image, labels: { mask } });
    else if (maskName !== null) {
      const expected = `expected its mask ${maskName(id)}`;
      problems.push(makeProblem(image, expected, "none", "Add the mask or remove the image."));
    }
  }
  for (const [id, mask] of masks.byId) {
    if (images.byId.has(id)) continue;
    problems.push(makeProblem(mask, `expected an image named "${id}"`, "none", "Add the image or remove the mask."));
  }
  return { entries: sortById(entries), problems, notes: [...images.strays, ...masks.strays] };
}

/** By code unit, so that every machine reads in the same order. */
export function sortById(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}
