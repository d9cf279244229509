import { InputError, problem } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";

/**
 * Whether there is such a file or folder below `root`, which exists. Throws InputError where it, or a folder on its way,
 * is of the other kind or a link to nothing.
 */
export async function isThere(
  platform: Platform,
  root: string,
  path: string,
  kind: "file" | "folder",
): Promise<boolean> {
  const cut = path.lastIndexOf("/");
  if (cut > 0 && !(await isThere(platform, root, path.slice(0, cut), "folder"))) return false;
  const whole = joinPath(root, path);
  const found = await platform.exists(whole);
  if (found === kind) return true;
  const above = cut > 0 ? joinPath(root, path.slice(0, cut)) : root;
  if (found === "nothing" && !(await platform.list(above)).includes(path.slice(cut + 1))) return false;
  const got = found === "nothing" ? "a link to nothing" : `a ${found}`;
  throw new InputError(problem(whole, `expected a ${kind}`, got, "Replace or remove it."));
}
