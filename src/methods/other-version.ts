/** Records that another version of tessera wrote: what is not known is refused, not passed over. */
import { InputError } from "../errors.ts";
import { version } from "../version.ts";

/** A record that may be whole, and that this version must not use. Unlike damage, it is never worked around. */
export class OtherVersion extends InputError {}

/** Keys that are named in a message: unknown ones, and known ones where they are no more. */
const named = 6;
const listed = 16;

/**
 * Throws OtherVersion where `value` has keys besides `known`; `what` it is, such as `the record of a run`. What is no
 * object has none.
 */
export function requireKnownKeys(value: unknown, known: readonly string[], what: string, where: string): void {
  if (typeof value !== "object" || value === null) return;
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  if (unknown.length === 0) return;
  const keys = unknown.slice(0, named).map((key) => `"${key}"`);
  const more = unknown.length > named ? ` and ${unknown.length - named} more` : "";
  const list = known.length <= listed ? ` (${known.join(", ")})` : "";
  throw new OtherVersion(
    `${where}: expected the keys that ${what} has in version ${version}${list}, got ${keys.join(", ")}${more} besides. ` +
      "Use the version of tessera that wrote the file, or restore it.",
  );
}

/** Throws OtherVersion where a later tessera wrote the record: its keys may have come to mean something else. */
export function requireKnownVersion(written: unknown, where: string): void {
  const parts = typeof written === "string" ? numbersOf(written) : null;
  if (parts === null) {
    throw new InputError(
      `${where}: expected the version of tessera that wrote it, such as "${version}", got ${JSON.stringify(written) ?? "none"}. Restore the file.`,
    );
  }
  const own = numbersOf(version) ?? [];
  const at = parts.findIndex((part, i) => part !== (own[i] ?? 0));
  if (at < 0 || parts[at] < (own[at] ?? 0)) return;
  throw new OtherVersion(
    `${where}: expected a record of version ${version} or earlier, which this tessera knows, got one of ${written}. Use tessera ${written} or later.`,
  );
}

/** `0.2.0-beta` → [0, 2, 0]; null where it begins with no number. */
function numbersOf(text: string): number[] | null {
  const found = /^\d+(\.\d+)*/.exec(text);
  return found?.[0].split(".").map(Number) ?? null;
}
