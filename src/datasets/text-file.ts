/** Text files that describe labels: UTF-8, and JSON in them. */

import { InputError, isObject, problem, shown } from "../errors.ts";
import { parseJson } from "../platform/json.ts";
import { descriptionBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import { standIn } from "../platform/stand-ins.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** The first bytes of a file as text, whatever its size: enough to tell what it is. */
export async function beginningOf(platform: Platform, file: string, bytes = 1 << 16): Promise<string> {
  const start = await platform.withFile(file, (source) => source.read(0, Math.min(bytes, source.size)));
  return new TextDecoder().decode(start);
}

/** The text of a file of at most `most` bytes. Throws InputError where it is not UTF-8: other codes would be misread. */
export async function readUtf8(platform: Platform, file: string, most = descriptionBytes): Promise<string> {
  const bytes = await platform.readFile(file, most);
  try {
    if (!bytes.includes(0)) return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw new InputError(problem(file, "expected UTF-8 text", "another encoding", "Save it as UTF-8, or remove it."));
}

/** text: of `where`, which begins messages → what it holds. Throws InputError where it is not JSON. */
export function parsed(text: string, where: string, remedy: string, expected = "expected JSON"): unknown {
  try {
    return parseJson(text.replace(/^\ufeff/, ""));
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\s+/g, " ") : String(error);
    const other = standIn(new TextEncoder().encode(text.slice(0, 256)));
    if (other !== undefined) throw new InputError(problem(where, expected, ...other));
    const extra = extraIn(text);
    if (extra !== undefined) throw new InputError(problem(where, expected, ...extra));
    throw new InputError(problem(where, expected, text.trim() === "" ? "nothing" : `broken JSON (${reason})`, remedy));
  }
}

/** What other programs allow in JSON, and people write by hand; undefined where it is broken otherwise. */
function extraIn(text: string): readonly [got: string, remedy: string] | undefined {
  let first: { readonly got: string; readonly remedy: string; readonly at: number } | undefined;
  // A text in quotes is passed over whole, since all of this may stand in it.
  const parts = /"(?:[^"\\]|\\.)*"|,(?=\s*[\]}])|\/\/[^\n]*|\/\*[\s\S]*?\*\/|\bNaN\b|-?\bInfinity\b/g;
  const rest = text.replace(parts, (part, at: number) => {
    if (part.startsWith('"')) return part;
    const isNumber = /^[-NI]/.test(part);
    const got = isNumber ? part : part === "," ? "a comma behind the last entry" : "a comment";
    first ??= { got, remedy: isNumber ? "Write null in its place." : "Remove it.", at };
    return isNumber ? "null" : "";
  });
  if (first === undefined) return undefined;
  try {
    parseJson(rest.replace(/^\ufeff/, ""));
  } catch {
    return undefined;
  }
  return [`${first.got} in line ${text.slice(0, first.at).split("\n").length}`, first.remedy];
}

/** The same; throws InputError where it is no object too. */
export function fieldsOf(text: string, where: string, remedy: string, expected = "expected JSON"): Fields {
  const value = parsed(text, where, remedy, expected);
  if (isObject(value)) return value;
  throw new InputError(problem(where, "expected a JSON object", shown(value), remedy));
}
