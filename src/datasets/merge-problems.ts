/** One fault in many files, told once. */

import { listed } from "../errors.ts";
import type { Problem } from "./layout.ts";
import { splitName } from "./pairs.ts";

/** Files that are named besides the first. */
const namedFiles = 3;

/** Problems that say the same of different files become one, which names the first and says how many others there are. */
export function mergeProblems(problems: readonly Problem[]): Problem[] {
  const groups = new Map<string, Problem[]>();
  for (const each of problems) {
    const key = kindOf(each);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return [...groups.values()].map((group) => {
    const [first, ...others] = group;
    if (others.length === 0) return first;
    const list = listed(
      others.map(({ file }) => nameOf(file)),
      namedFiles,
    );
    const files = group.flatMap((each) => each.files ?? [each.file]);
    const count = files.length - 1;
    const message = `${first.message} So ${count === 1 ? "is 1 other" : `are ${count} others`}: ${list}.`;
    return { file: first.file, message, files };
  });
}

/** The message without what differs from file to file: names, quotations, numbers. */
function kindOf({ file, message }: Problem): string {
  const folder = file.slice(0, file.lastIndexOf("/") + 1);
  const [stem] = splitName(nameOf(file));
  const text = message.replaceAll(file, folder);
  const named = stem.length > 2 ? text.replaceAll(stem, "") : text;
  return named
    .replace(/"[^"]*"/g, '""')
    .replace(/[^\s:]*\/[^\s:,]*/g, "/")
    .replace(/\d+(?:\.\d+)?/g, "0");
}

function nameOf(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1);
}
