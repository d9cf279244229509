/** Pictures of `show` in a folder, and the list of them there (`show.json`): they may be replaced, and are no photographs. */
import { InputError } from "../errors.ts";
import { parseJson } from "../platform/json.ts";
import { listBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";

const listName = "show.json";

/** Names of the pictures that show wrote into a folder; null where the folder's list is of another program. */
export async function shownPictures(
  platform: Pick<Platform, "exists" | "readText">,
  folder: string,
): Promise<ReadonlySet<string> | null> {
  const path = `${folder}/${listName}`;
  const there = await platform.exists(path);
  if (there !== "file") return there === "nothing" ? new Set() : null;
  try {
    const { show } = (parseJson(await platform.readText(path, listBytes)) ?? {}) as { readonly show?: unknown };
    return Array.isArray(show) && show.every((each) => typeof each === "string") ? new Set(show) : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof InputError) return null;
    throw error;
  }
}

/**
 * Writes pictures into a folder, each as `STEM.PART.png`, with a number where one of this name was written already; case does
 * not distinguish. Only earlier pictures of show are replaced: throws InputError where another file is in the way, now for the
 * list and by the function for a picture. The list names a picture before it is there, so that whatever ends the writing
 * leaves none unknown.
 */
export async function openShownPictures(
  platform: Pick<Platform, "exists" | "readText" | "writeFile">,
  folder: string,
): Promise<(stem: string, part: string, png: Uint8Array) => Promise<string>> {
  const earlier = await shownPictures(platform, folder);
  const refuse = (path: string): never => {
    throw new InputError(
      `${path}: expected nothing, or an earlier result of show to replace, got another file. Choose another --out.`,
    );
  };
  if (earlier === null) return refuse(`${folder}/${listName}`);
  const known = new Set(earlier);
  const taken = new Set<string>();
  return async (stem, part, png) => {
    let name = `${stem}.${part}.png`;
    for (let count = 2; taken.has(name.toLowerCase()); count++) name = `${stem}.${part}-${count}.png`;
    taken.add(name.toLowerCase());
    const path = `${folder}/${name}`;
    if (!known.has(name)) {
      if ((await platform.exists(path)) !== "nothing") refuse(path);
      known.add(name);
      await platform.writeFile(`${folder}/${listName}`, `${JSON.stringify({ show: [...known] }, null, 1)}\n`);
    }
    await platform.writeFile(path, png);
    return path;
  };
}
