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

/**
 * What else a list with commas may have meant, `sofa=couch, settee`: a line that says how it was read, and how to write the other; null
 * where it is clear, as with `|` or `;`.
 */
export function commaNote(text: string): string | null {
  if (/[;|]/.test(text) || !text.includes("=")) return null;
  const entries = text.split(",").map((each) => each.trim());
  const first = entries.findIndex((each) => each.includes("="));
  const own = entries.slice(first).filter((each) => !each.includes("="));
  if (own.length === 0) return null;
  const other = entries.map((each, at) => `${at === 0 ? "" : at > first && !each.includes("=") ? "|" : ", "}${each}`);
  const read = own.map((each) => `"${each}"`).join(", ");
  const are = own.length === 1 ? "is read as a class of its own" : "are read as classes of their own";
  return `${read} ${are}. If other words are meant, write "${other.join("")}"; if classes, "${entries.join("; ")}".`;
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
    // Case says nothing to a text encoder: both would be one class of two names.
    const same = classes.find((each) => each.name.toLowerCase() === name.toLowerCase());
    if (same !== undefined) return same.name === name ? `"${name}" twice` : `"${same.name}" and "${name}"`;
    classes.push({ name, ...(words && { words: [...new Set([name, ...words])] }) });
  }
  return classes.length === 0 ? "none" : classes;
}
