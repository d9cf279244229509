/** Where labelme's annotations of a data set lie, and which files are such. */

import type { Split } from "../../data/dataset.ts";
import { InputError } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import { listBytes } from "../../platform/limits.ts";
import type { Platform } from "../../platform/platform.ts";
import { filesBelow } from "../pairs.ts";
import { splitFolder } from "../split-names.ts";
import { beginningOf, fieldsOf, readUtf8 } from "../text-file.ts";

/** Folders of photographs and of their annotations, which may be one. */
export interface Place {
  readonly images: string;
  readonly annotations: string;
}

/** Where annotations lie that are not beside their photographs. */
const apart = ["labels", "annotations", "json", "jsons"];

/** Where a split lies; null where it is not of labelme. */
export async function placeOf(platform: Platform, root: string, split: Split): Promise<Place | null> {
  const images = await splitFolder(platform, joinPath(root, "images"), split);
  const own = await splitFolder(platform, root, split);
  const places: Place[] = [{ images, annotations: images }];
  const isFlat = images === joinPath(root, "images");
  for (const name of apart) {
    const folder = joinPath(root, name);
    places.push({ images, annotations: isFlat ? folder : await splitFolder(platform, folder, split) });
  }
  if (own !== root || split === "train") places.push({ images: own, annotations: own });
  for (const place of places) if (await isLabelme(platform, place)) return place;
  // A folder of a split without pictures that tell: all that lies in the folder itself is train.
  const all = { images: root, annotations: root };
  return split === "train" && own !== root && (await isLabelme(platform, all)) ? all : null;
}

/** What predict puts behind the names of its annotations. */
export const predicted = /\.labelme$/;

/** Annotations of which one is looked for that can be read. */
const lookedAt = 20;

/** Whether a JSON that is called as a photograph, or any where none is, is of labelme. */
async function isLabelme(platform: Platform, { images, annotations }: Place): Promise<boolean> {
  const files = (await filesBelow(platform, annotations, "annotation")).byId;
  if (files.size === 0) return false;
  const names = (await filesBelow(platform, images, "image")).byId;
  // Among masks it is what predict wrote, and these are no photographs.
  const isOwn = (id: string) => names.has(id.replace(predicted, "")) && !/(?:^|\/)masks\//.test(id);
  const own = [...files].filter(([id]) => isOwn(id)).slice(0, lookedAt);
  for (const [, file] of own) if (await hasShapes(platform, file)) return true;
  // Without any photograph of theirs, what is missing is told where they are read.
  const others = own.length > 0 ? [] : [...files].filter(([id]) => !id.includes("/") && !predicted.test(id));
  for (const [, file] of others.slice(0, lookedAt)) if (await namesShapes(platform, file)) return true;
  return false;
}

/** One that is broken, or in letters of another code, is of labelme where it names shapes: what is wrong is told when it is read. */
export async function hasShapes(platform: Platform, file: string): Promise<boolean> {
  try {
    return Array.isArray(fieldsOf(await readUtf8(platform, file, listBytes), file, "").shapes);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return namesShapes(platform, file);
  }
}

/** By its beginning alone. */
async function namesShapes(platform: Platform, file: string): Promise<boolean> {
  if ((await platform.exists(file)) !== "file") return false;
  return /"shapes"\s*:\s*\[/.test(await beginningOf(platform, file));
}
