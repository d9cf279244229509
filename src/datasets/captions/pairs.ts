/** Photographs with captions, however they are stored: what a caption data set is made of. */

import type { BadPairs } from "./bad-pairs.ts";

/** Where a photograph is: a file, or bytes that `where` names in messages. */
export type PairImage = string | { readonly bytes: Uint8Array; readonly where: string };

/** Pairs of one split, found by reading names and captions once; photographs are read when they are asked for. */
export interface Pairs {
  readonly ids: readonly string[];
  /** What was left out. */
  readonly bad: BadPairs;
  read(index: number): Promise<{ readonly image: PairImage; readonly captions: readonly string[] }>;
  /** Where a pair is, for messages. */
  source(index: number): string;
}

/** Names of the fields of a photograph, and of its captions: the first that is there is taken. */
export const imageFields = ["image", "file_name", "filename", "filepath", "image_path", "path", "file", "url"];
export const captionFields = ["captions", "caption", "text", "title"];

/** bytes → text; undefined where they are no UTF-8, or hold zeros. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return bytes.includes(0) ? undefined : new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Sentences that are not empty, trimmed; or what is wrong with them. */
export function sentencesFrom(value: unknown): readonly string[] | { readonly fault: string } {
  if (value === undefined || value === null) return { fault: "the caption is missing" };
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!list.every((each) => typeof each === "string")) return { fault: "the caption is no text" };
  const sentences = (list as string[]).map((each) => each.trim()).filter((each) => each !== "");
  return sentences.length > 0 ? sentences : { fault: "the caption is empty" };
}

/** The first of `names` that is a field of `value`, and what it holds. */
export function fieldOf(value: Readonly<Record<string, unknown>>, names: readonly string[]): unknown {
  const name = names.find((each) => Object.hasOwn(value, each));
  return name === undefined ? undefined : value[name];
}

/**
 * A path below a folder, with `/` between names and without `.`; undefined where it is absolute, leads out of the folder,
 * or holds what no path has.
 */
export function pathBelow(path: string): string | undefined {
  const parts = path.replaceAll("\\", "/").split("/");
  if (path.startsWith("/") || path.startsWith("\\") || /^[a-z]:/i.test(path) || path.includes("\0")) return undefined;
  const kept = parts.filter((part) => part !== "" && part !== ".");
  return kept.length === 0 || kept.includes("..") ? undefined : kept.join("/");
}
