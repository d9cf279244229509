/** Photographs that an annotation names, wherever below some folders they lie. */

import { allSplits } from "../../data/dataset.ts";
import { problem } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Entry, EntryLabels, Problem } from "../layout.ts";
import { looksLikeImage, makeProblem, namesText, sortById, splitName, stemOf } from "../pairs.ts";
import { namesWithYears } from "../split-names.ts";

/** Folders in folders are searched so far down. */
const deepest = 6;

export interface Annotated {
  /** As the annotation has it, with `/` or `\` between folders; of several the first that is there. */
  readonly names: readonly string[];
  readonly file: string;
  readonly labels: EntryLabels;
}

/**
 * Entries of annotated images. A photograph is found by its whole name, or as much of its end as tells it from others;
 * its id is its name without folders and ending, with folders where names alone are not unique. Noted are photographs beside
 * them that no annotation names, in folders that are one split's alone; `isAlone`: all are. `faulty`: further names.
 */
export async function annotatedEntries(
  platform: Platform,
  root: string,
  folders: readonly string[],
  images: readonly Annotated[],
  { isAlone = false, faulty = [] }: { readonly isAlone?: boolean; readonly faulty?: readonly string[] } = {},
): Promise<{ readonly entries: Entry[]; readonly problems: Problem[]; readonly notes: Problem[] }> {
  const { find, all } = await photographFinder(platform, folders);
  const problems: Problem[] = [];
  const found = new Map<string, Annotated & { readonly name: string }>();
  const otherwise: Problem[] = [];
  for (const each of images) {
    const [match] = each.names.flatMap((name) => find(name) ?? []);
    if (match === undefined) {
      const remedy = "Add it, or remove it from the annotation.";
      const isPath = /^[\\/]|^[a-z][a-z0-9+.-]*:/i.test(each.names[0]);
      const where = isPath ? each.names[0] : joinPath(root, each.names[0]);
      problems.push(makeProblem(where, `expected this photograph, named in ${each.file}`, "none", remedy));
      continue;
    }
    const first = found.get(match.path);
    if (first !== undefined) {
      const message = problem(
        `${each.file}: ${each.names[0]}`,
        "expected one annotation of each photograph",
        `another as ${first.names[0]}, both of ${match.path}`,
        "Remove one, or put the photographs into folders as they are named.",
      );
      problems.push({ file: each.file, message });
      continue;
    }
    found.set(match.path, { ...each, name: match.name });
    const [own, named] = [endingOf(match.path), endingOf(each.names[0])];
    if (each.names.some((name) => endingOf(name) === own)) continue;
    const got = `.${own} in place of ${named === "" ? "no ending" : `.${named}`}`;
    otherwise.push(makeProblem(match.path, `expected photographs as ${each.file} names them`, got, "They are read."));
  }
  const ids = idsOf([...found.values()].map(({ name }) => name));
  const entries = [...found].map(([image, { labels }], at): Entry => ({ id: ids[at], image, labels }));
  const named = new Set([...found.keys(), ...faulty.flatMap((name) => find(name)?.path ?? [])]);
  return {
    entries: sortById(entries),
    problems,
    notes: [...otherwise, ...unnamedIn(all, { found, named }, images[0]?.file ?? root, isAlone)],
  };
}

/** Photographs in the folders of those that were found, which no annotation names. */
function unnamedIn(
  all: readonly Match[],
  { found, named }: { readonly found: ReadonlyMap<string, unknown>; readonly named: ReadonlySet<string> },
  file: string,
  isAlone: boolean,
): Problem[] {
  const ofSplits = new Set(allSplits.flatMap(namesWithYears));
  const places = new Set([...found.keys()].map(folderOf));
  const isOwn = (folder: string) =>
    places.has(folder) && (isAlone || folder.split("/").some((part) => ofSplits.has(part.toLowerCase())));
  const unnamed = new Map<string, string[]>();
  for (const { path } of all) {
    const folder = folderOf(path);
    if (!named.has(path) && isOwn(folder)) unnamed.set(folder, [...(unnamed.get(folder) ?? []), path]);
  }
  return [...unnamed].map(([folder, paths]) => {
    const names = paths.map((path) => path.slice(folder.length + 1));
    const expected = `expected only photographs that ${file} names`;
    return makeProblem(folder, expected, namesText(names), "They are passed over.");
  });
}

function endingOf(name: string): string {
  return splitName(name.slice(name.lastIndexOf("/") + 1))[1];
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Stems of names, with as many of their folders as all of them need to be unlike. */
export function idsOf(names: readonly string[]): string[] {
  const whole = names.map((name) => name.replace(/\.[^./]*$/, "").normalize("NFC"));
  const short = whole.map((name) => name.slice(name.lastIndexOf("/") + 1));
  if (new Set(short).size === names.length) return short;
  if (new Set(whole).size === names.length) return whole;
  return names.map((name) => name.normalize("NFC"));
}

interface Match {
  readonly path: string;
  /** Below the folder that it was found in. */
  readonly name: string;
}

/** By name below the first of `folders` that has it. Names that lead out of a folder are not found. */
async function photographFinder(
  platform: Platform,
  folders: readonly string[],
): Promise<{ readonly find: (name: string) => Match | undefined; readonly all: readonly Match[] }> {
  const byName = new Map<string, Match>();
  for (const folder of folders) await gather(platform, folder, "", byName, 0);
  const all = [...new Map([...byName.values()].map((match) => [match.path, match])).values()];
  const byEnd = new Map<string, Set<Match>>();
  const byStem = new Map<string, Set<Match>>();
  for (const match of all) {
    const end = match.name.slice(match.name.lastIndexOf("/") + 1);
    // Some programs write names in another case than the file system has them.
    for (const each of new Set([end, end.toLowerCase()])) byEnd.set(each, (byEnd.get(each) ?? new Set()).add(match));
    // What labels a photograph is called as it is.
    if (/(?:^|\/)(?:masks?|labels?|annotations?|panoptic|segmentation|gt)[^/]*\//i.test(match.name)) continue;
    const stem = stemOf(end);
    byStem.set(stem, (byStem.get(stem) ?? new Set()).add(match));
  }
  const find = (name: string) => {
    const parts = name
      .normalize("NFC")
      .replace(/^[a-z][a-z0-9+.-]+:\/\/[^/]*\/([^?#]*).*$/i, "$1")
      .split(/[\\/]/)
      .filter((part) => part !== "" && part !== ".");
    if (parts.includes("..") || parts.length === 0) return undefined;
    for (let from = 0; from < parts.length; from++) {
      const match = byName.get(parts.slice(from).join("/"));
      if (match !== undefined) return match;
    }
    const end = parts[parts.length - 1];
    // Photographs may have been saved as another kind since, or be named without their ending.
    const ends = byEnd.get(end) ?? byEnd.get(end.toLowerCase()) ?? byStem.get(looksLikeImage(end) ? stemOf(end) : end);
    return ends?.size === 1 ? [...ends][0] : undefined;
  };
  return { find, all };
}

async function gather(
  platform: Platform,
  folder: string,
  below: string,
  found: Map<string, Match>,
  depth: number,
): Promise<void> {
  if (depth === 0 && (await platform.exists(folder)) !== "folder") return;
  for (const each of await platform.list(folder)) {
    if (each.startsWith(".")) continue;
    const path = joinPath(folder, each);
    const name = below === "" ? each : `${below}/${each}`;
    const key = name.normalize("NFC");
    if (looksLikeImage(each)) {
      if (!found.has(key)) found.set(key, { path, name: key });
    } else if (depth < deepest && splitName(each)[1] === "" && (await platform.exists(path)) === "folder") {
      await gather(platform, path, name, found, depth + 1);
    }
  }
}
