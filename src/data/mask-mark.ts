/** What a mask says about itself: the names of its classes, in a text of its PNG. Values alone mean another class elsewhere. */

import { parseJson } from "../platform/json.ts";
import type { ClassInfo } from "./sample.ts";

/** Keyword of the PNG's text. */
const keyword = "tessera classes";

/** Texts for a mask of class indices: pixel k is `classes[k]`. */
export function classesText(classes: readonly Pick<ClassInfo, "name">[]): Readonly<Record<string, string>> {
  const names = JSON.stringify(classes.map(({ name }) => name));
  // A PNG's text is Latin-1.
  const ascii = names.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return { [keyword]: ascii };
}

/** Whether the first bytes of a file are those of a PNG that says so: it is a mask, and no photograph. */
export function isMarkedMask(head: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(head).includes(`tEXt${keyword}\0`);
}

/** Bytes of a file that are enough to tell: header and palette stand before the text. */
export const markBytes = 2048;

/** Names of the classes by index, where a mask's texts have them; undefined otherwise. */
export function namesIn(texts: Readonly<Record<string, string>> | undefined): readonly string[] | undefined {
  const text = texts?.[keyword];
  if (text === undefined) return undefined;
  try {
    const names: unknown = parseJson(text);
    return Array.isArray(names) && names.every((name) => typeof name === "string") ? names : undefined;
  } catch {
    return undefined;
  }
}
