import { joinPath } from "../../platform/join-path.ts";
import type { Platform } from "../../platform/platform.ts";
import { pathBelow } from "./pairs.ts";

/** A path as a table writes it → why there is no such photograph; undefined where there is. */
export type ImageCheck = (written: string) => Promise<string | undefined>;

/** Folders whose content is remembered, the last used. */
const foldersKept = 16;

/** Looks for photographs below `folder`. What a folder holds is asked once, not for every photograph. */
export function imageCheck(platform: Platform, folder: string): ImageCheck {
  const kept = new Map<string, ReadonlySet<string>>();
  const contentOf = async (below: string): Promise<ReadonlySet<string>> => {
    const known = kept.get(below);
    if (known !== undefined) return known;
    const path = below === "" ? folder : joinPath(folder, below);
    const isThere = (await platform.exists(path)) === "folder";
    const names = new Set(isThere ? await platform.list(path) : []);
    kept.set(below, names);
    if (kept.size > foldersKept) kept.delete(kept.keys().next().value as string);
    return names;
  };
  return async (written) => {
    const path = imageBelow(written);
    if (path === undefined) return "the path leads out of the folder";
    const slash = path.lastIndexOf("/");
    const names = await contentOf(path.slice(0, Math.max(0, slash)));
    return names.has(path.slice(slash + 1)) ? undefined : "the photograph is missing";
  };
}

/**
 * The path below a folder that a table means; undefined where it leads out. An address is a file of its last part, as it is
 * called when it was fetched.
 */
export function imageBelow(written: string): string | undefined {
  const local = /^[a-z][a-z0-9+.-]*:\/\//i.test(written) ? lastPart(written) : written;
  return local === undefined ? undefined : pathBelow(local);
}

function lastPart(address: string): string | undefined {
  const name =
    address
      .replace(/[?#].*$/, "")
      .split("/")
      .at(-1) ?? "";
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}
