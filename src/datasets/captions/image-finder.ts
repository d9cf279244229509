import { joinPath } from "../../platform/join-path.ts";
import type { Platform } from "../../platform/platform.ts";
import { pathBelow } from "./pairs.ts";

/** A path as a table writes it → the file, or why there is none. */
export type Finder = (written: string) => Promise<{ readonly path?: string; readonly fault?: string }>;

/** Folders whose content is remembered, the last used. */
const foldersKept = 16;

/**
 * Finds photographs below `folder`. An address is looked for by its last part, as it is called when it was fetched. What a
 * folder holds is asked once, not for every photograph.
 */
export function imageFinder(platform: Platform, folder: string): Finder {
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
    const local = /^[a-z][a-z0-9+.-]*:\/\//i.test(written) ? lastPart(written) : written;
    const path = local === undefined ? undefined : pathBelow(local);
    if (path === undefined) return { fault: "the path leads out of the folder" };
    const slash = path.lastIndexOf("/");
    const names = await contentOf(path.slice(0, Math.max(0, slash)));
    return names.has(path.slice(slash + 1)) ? { path: joinPath(folder, path) } : { fault: "the photograph is missing" };
  };
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
