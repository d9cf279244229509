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
  if (kind === "file") {
    const id = stemOf(lastPart(path));
    const record = `${path.slice(0, -".mask.png".length)}.json`;
    const isOfPass = /\.mask\.png$/.test(path) && (await platform.exists(record)) === "file";
    return [{ id: isOfPass ? id.slice(0, -".mask".length) : id, mask: path }];
  }
  const names = await platform.list(path);
  const all = new Set(names);
  const isBesideMask = (name: string) => {
    const [, stem] = name.match(/^(.+)\.(?:overlay|panoptic|confidence|semantic)\.png$/) ?? [];
    return stem !== undefined && all.has(`${stem}.json`) && all.has(`${stem}.png`);
  };
  // A pass writes NAME.mask.png with its record NAME.json.
  const idOf = (name: string) => {
    const [, stem] = name.match(/^(.+)\.mask\.png$/) ?? [];
    return stem !== undefined && all.has(`${stem}.json`) ? stem.normalize("NFC") : stemOf(name);
  };
  const found = new Map<string, string>();
  for (const name of names) {
    if (name.startsWith(".") || !/^(png|tiff?|webp|bmp|gif|npy)$/.test(splitName(name)[1]) || isBesideMask(name))
      continue;
    const id = idOf(name);
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

/** path: a folder, a data set whose photographs are in `images` or folders in it, or one photograph. What predict wrote is passed over. Throws InputError where nothing is there, or two have one name. */
export async function photographsIn(platform: Folders, path: string): Promise<ReadonlyMap<string, string>> {
  const kind = await platform.exists(path);
  if (kind === "file") return new Map([[stemOf(lastPart(path)), path]]);
  if (kind === "nothing") {
    throw new InputError(`${path}: expected the folder of the photographs, got nothing there. Check the path.`);
  }
  const own = await filesById(platform, path, "image");
  const images = joinPath(path, "images");
  if (own.byId.size > 0 || (await platform.exists(images)) !== "folder") return withoutProblems(own);
  const all = new Map(withoutProblems(await filesById(platform, images, "image")));
  for (const name of await platform.list(images)) {
    const split = joinPath(images, name);
    if (name.startsWith(".") || (await platform.exists(split)) !== "folder") continue;
    for (const [id, photograph] of withoutProblems(await filesById(platform, split, "image"))) {
      const first = all.get(id);
      if (first !== undefined) {
        throw new InputError(
          `${photograph}: expected one photograph named "${id}" in ${images}, got ${first} as well. Name the folder of one split: --images ${split}`,
        );
      }
      all.set(id, photograph);
    }
  }
  return all;
}

function withoutProblems({ byId, problems }: Awaited<ReturnType<typeof filesById>>): ReadonlyMap<string, string> {
  if (problems.length > 0) throw new InputError(problems[0].message);
  return byId;
}
