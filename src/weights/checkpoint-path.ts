/** TensorFlow checkpoints by what people call them: their list, their common beginning, one of their parts, or their folder. */
import { InputError } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";

const extension = ".index";
const partOf = /\.data-\d{5}-of-\d{5}$/;

/** The file NAME.index of the checkpoint that a path names; null where it names none. Throws InputError where a folder has several. */
export async function checkpointIndex(
  platform: Pick<Platform, "exists" | "list">,
  path: string,
): Promise<string | null> {
  const kind = await platform.exists(path);
  if (kind === "folder") {
    const names = await platform.list(path);
    const parts = new Set(names.filter((name) => partOf.test(name)).map((name) => name.replace(partOf, extension)));
    const found = names.filter((name) => parts.has(name));
    if (found.length > 1) {
      const listed = `${found.slice(0, 8).join(", ")}${found.length > 8 ? " …" : ""}`;
      throw new InputError(
        `${path}: expected one checkpoint, got ${found.length}: ${listed}. Name one: ${joinPath(path, found[0])}.`,
      );
    }
    return found.length === 1 ? joinPath(path, found[0]) : null;
  }
  if (kind === "file" && path.endsWith(extension)) return path;
  const index = path.replace(partOf, "") + extension;
  const isNamed = kind === "nothing" || partOf.test(path);
  return isNamed && (await platform.exists(index)) === "file" ? index : null;
}

/** The common beginning of a checkpoint's files. */
export function prefixOf(index: string): string {
  return index.slice(0, -extension.length);
}
