/** Names that people type: what to look for, and how else it is called. */

import { filledLines } from "./lines.ts";

/** A class as it was typed: its name, and other words for it after that. */
export interface ClassWords {
  readonly name: string;
  /** The name first; absent where there is nothing but the name. */
  readonly words?: readonly string[];
}

/**
 * `cat, sofa=couch|settee, lamp`, or with semicolons between classes and commas between words: `cat; sofa=couch, settee`.
 * Returns what is wrong as text, where it is no such list.
 */
export function parseClassWords(text: string): readonly ClassWords[] | string {
  return parseEntries(text.includes(";") ? text.split(";") : text.split(","));
}

/** Lines of a file, a class each: `sofa=couch, settee`. Empty lines, and those that begin with `#`, are passed over. */
export function parseClassLines(text: string): readonly ClassWords[] | string {
  return parseEntries(filledLines(text).filter((line) => !line.startsWith("#")));
}

function parseEntries(entries: readonly string[]): readonly ClassWords[] | string {
  const classes: ClassWords[] = [];
  for (const entry of entries) {
    const [name, others, ...more] = entry.split("=").map((each) => each.trim().replace(/\s+/g, " "));
    const words = others?.split(/[|,]/).map((each) => each.trim());
    if (name === "" || words?.includes("") || more.length > 0) return `"${entry.trim()}"`;
    if (classes.some((each) => each.name === name)) return `"${name}" twice`;
    classes.push({ name, ...(words && { words: [...new Set([name, ...words])] }) });
  }
  return classes.length === 0 ? "none" : classes;
}
