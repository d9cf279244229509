/** Photographs that an annotation names, wherever below some folders they lie. */

import { problem } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Entry, EntryLabels, Problem } from "../layout.ts";
import { looksLikeImage, makeProblem, sortById, splitName } from "../pairs.ts";

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
 * its id is its name without folders and ending, with folders where names alone are not unique.
 */
export async function annotatedEntries(
  platform: Platform,
  root: string,
  folders: readonly string[],
  images: readonly Annotated[],
): Promise<{ readonly entries: Entry[]; readonly problems: Problem[] }> {
  const find = await photographFinder(platform, folders);
  const problems: Problem[] = [];
  const found = new Map<string, Annotated & { readonly name: string }>();
  for (const each of images) {
    const [match] = each.names.flatMap((name) => find(name) ?? []);
    if (match === undefined) {
      const remedy = "Add it, or remove it from the annotation.";
      problems.push(
        makeProblem(joinPath(root, each.names[0]), `expected this photograph, named in ${each.file}`, "none", remedy),
      );
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
  }
  const ids = idsOf([...found.values()].map(({ name }) => name));
  const entries = [...found].map(([image, { labels }], at): Entry => ({ id: ids[at], image, labels }));
  return { entries: sortById(entries), problems };
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
): Promise<(name: string) => Match | undefined> {
  const byName = new Map<string, Match>();
  for (const folder of folders) await gather(platform, folder, "", byName, 0);
  const byEnd = new Map<string, Set<Match>>();
  const seen = new Set<string>();
  for (const match of byName.values()) {
    if (seen.has(match.path)) continue;
    seen.add(match.path);
    const end = match.name.slice(match.name.lastIndexOf("/") + 1);
    byEnd.set(end, (byEnd.get(end) ?? new Set()).add(match));
  }
  return (name) => {
    const parts = name
      .normalize("NFC")
      .split(/[\\/]/)
      .filter((part) => part !== "" && part !== ".");
    if (parts.includes("..") || parts.length === 0) return undefined;
    for (let from = 0; from < parts.length; from++) {
      const match = byName.get(parts.slice(from).join("/"));
      if (match !== undefined) return match;
    }
    const ends = byEnd.get(parts[parts.length - 1]);
    return ends?.size === 1 ? [...ends][0] : undefined;
  };
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
