/** Several files named at once: `{000..123}`, `{a,b}` and `*`, as shells have them. */

import { InputError, listed, problem } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import type { Platform } from "../../platform/platform.ts";

/** Longer lists are a mistake. */
const mostFiles = 1_000_000;

/** Whether a path stands for several files; one that is there under such a name is none. */
export async function isPattern(platform: Platform, path: string): Promise<boolean> {
  return /\{[^{}]*(?:,|\.\.)[^{}]*\}|\*/.test(path) && (await platform.exists(path)) === "nothing";
}

/** The files of a pattern, those of braces in their order, those of `*` by name. Throws InputError where one is missing, or there are none. */
export async function filesOfPattern(platform: Platform, pattern: string): Promise<readonly string[]> {
  const files: string[] = [];
  for (const path of expanded(pattern)) {
    if (path.includes("*")) {
      files.push(...(await matching(platform, path)));
      continue;
    }
    if ((await platform.exists(path)) !== "file") {
      throw new InputError(
        problem(path, "expected a file of the pattern", "nothing there", "Fetch it, or correct it."),
      );
    }
    files.push(path);
  }
  return [...new Set(files)];
}

/** `{000..123}` → each number, with as many digits; `{a,b}` → each part. Throws InputError for too many. */
function expanded(pattern: string): string[] {
  let paths = [""];
  for (const piece of pattern.split(/(\{[^{}]*\})/)) {
    const choices = /^\{.*(?:,|\.\.).*\}$/.test(piece)
      ? piece
          .slice(1, -1)
          .split(",")
          .flatMap((part) => numbersOf(part, pattern))
      : [piece];
    if (paths.length * choices.length > mostFiles) {
      const expected = "expected a pattern of at most a million files";
      throw new InputError(problem(pattern, expected, `${paths.length * choices.length}`, "Write {000..123}."));
    }
    paths = paths.flatMap((path) => choices.map((choice) => path + choice));
  }
  return paths;
}

function numbersOf(part: string, pattern: string): string[] {
  const match = /^(\d+)\.\.(\d+)$/.exec(part);
  if (match === null) return [part];
  const [first, last] = [Number(match[1]), Number(match[2])];
  if (last < first || last - first >= mostFiles) {
    const expected = "expected numbers that rise, of at most a million files";
    throw new InputError(problem(pattern, expected, `{${part}}`, "Write {000..123}."));
  }
  return Array.from({ length: last - first + 1 }, (_, at) => String(first + at).padStart(match[1].length, "0"));
}

/** The files that a path with `*` in its names stands for, sorted; hidden ones are not meant. */
async function matching(platform: Platform, pattern: string): Promise<readonly string[]> {
  const parts = pattern.split(/[\\/]+/);
  const first = parts.findIndex((part) => part.includes("*"));
  let folders = [parts.slice(0, first).join("/") || (/^[\\/]/.test(pattern) ? "/" : ".")];
  let there: string[] = [];
  for (const [at, part] of parts.slice(first).entries()) {
    const isLast = first + at === parts.length - 1;
    const fits = new RegExp(`^${part.split("*").map(escaped).join(".*")}$`, "s");
    const found: string[] = [];
    there = [];
    for (const folder of folders) {
      if ((await platform.exists(folder)) !== "folder") continue;
      const names = (await platform.list(folder)).filter((name) => !name.startsWith("."));
      there.push(...names);
      for (const name of names.filter((each) => fits.test(each))) {
        const path = folder === "." && first === 0 ? name : joinPath(folder, name);
        if ((await platform.exists(path)) === (isLast ? "file" : "folder")) found.push(path);
      }
    }
    folders = found;
    if (found.length === 0) break;
  }
  if (folders.length > 0) return folders;
  const got = there.length === 0 ? "nothing there" : `none among ${listed(there, 5)}`;
  throw new InputError(problem(pattern, "expected files of the pattern", got, "Correct it."));
}

function escaped(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
}
