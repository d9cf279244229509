/** Masks and score maps to refine, and their photographs, by name. */
import { filesById, splitName, stemOf } from "../datasets/pairs.ts";
import { InputError } from "../errors.ts";
import { joinPath, lastPart } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";

type Folders = Pick<Platform, "list" | "exists">;

/**
 * path: a folder, or one of them. In order of the folder; without overlays, segment ids and confidences that predict wrote beside its masks. Throws
 * InputError where there are none, or two of one name.
 */
export async function masksIn(
  platform: Folders,
  path: string,
): Promise<readonly { readonly id: string; readonly mask: string }[]> {
  const kind = await platform.exists(path);
  if (kind === "nothing") {
    throw new InputError(`${path}: expected masks or score maps, got nothing there. Check the path.`);
  }
  if (kind === "file") return [{ id: stemOf(lastPart(path)), mask: path }];
  const names = await platform.list(path);
  const all = new Set(names);
  const isBesideMask = (name: string) => {
    const [, stem] = name.match(/^(.+)\.(?:overlay|panoptic|confidence|semantic)\.png$/) ?? [];
    return stem !== undefined && all.has(`${stem}.json`) && all.has(`${stem}.png`);
  };
  const found = new Map<string, string>();
  for (const name of names) {
    if (name.startsWith(".") || !/^(png|tiff?|webp|bmp|gif|npy)$/.test(splitName(name)[1]) || isBesideMask(name))
      continue;
    const id = stemOf(name);
    const first = found.get(id);
    if (first !== undefined) {
      throw new InputError(
        `${joinPath(path, name)}: expected one mask or score map named "${id}", got ${first} as well. Remove or rename one of the two.`,
      );
    }
    found.set(id, name);
  }
  if (found.size === 0) {
    throw new InputError(
      `${path}: expected masks (png) or score maps (npy), got a folder without any. Name another one.`,
    );
  }
  return [...found].map(([id, name]) => ({ id, mask: joinPath(path, name) }));
}

/** path: a folder, or one photograph. What predict wrote is passed over. Throws InputError where nothing is there, or two have one name. */
export async function photographsIn(platform: Folders, path: string): Promise<ReadonlyMap<string, string>> {
  const kind = await platform.exists(path);
  if (kind === "file") return new Map([[stemOf(lastPart(path)), path]]);
  if (kind === "nothing") {
    throw new InputError(`${path}: expected the folder of the photographs, got nothing there. Check the path.`);
  }
  const { byId, problems } = await filesById(platform, path, "image");
  if (problems.length > 0) throw new InputError(problems[0].message);
  return byId;
}
