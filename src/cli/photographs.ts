import { InputError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import { resultsAmong } from "../prediction/earlier-results.ts";
import { shownPictures } from "./shown-pictures.ts";

/** What folders are searched for; a file that is named itself may end in anything. */
const endings = /\.(jpe?g|png|webp|avif|tiff?|gif)$/i;

/**
 * The photographs that were meant: files as they are, folders as the photographs directly in them, in order of name,
 * without the masks, overlays and pictures that predict and show wrote among them.
 * Throws InputError for a path that is not there and for a folder without photographs.
 */
export async function expandPhotographs(platform: Platform, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const kind = await platform.exists(path);
    if (kind === "nothing") {
      throw new InputError(
        `${path}: expected a photograph or a folder of photographs, got nothing there. Check the path.`,
      );
    }
    if (kind === "file") {
      found.push(path);
      continue;
    }
    const folder = path.replace(/[\\/]+$/, "") || path;
    const all = await platform.list(folder);
    const shown = (await shownPictures(platform, folder)) ?? [];
    const results = new Set([...(await resultsAmong(platform, folder, all)), ...shown]);
    const names = all.filter((name) => endings.test(name) && !name.startsWith(".") && !results.has(name));
    if (names.length === 0 && all.some((name) => results.has(name))) {
      throw new InputError(
        `${path}: expected photographs, got a folder of what predict or show wrote. Name the folder of the photographs.`,
      );
    }
    if (names.length === 0) {
      throw new InputError(
        `${path}: expected photographs (jpg, png, webp, tif, gif, avif), got a folder without any. Name another one.`,
      );
    }
    found.push(...names.map((name) => `${folder}/${name}`));
  }
  return [...new Set(found)];
}
