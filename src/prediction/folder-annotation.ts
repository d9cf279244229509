/** `panoptic.json` of a folder of predictions: the segments of every photograph whose ids lie there; `instances.json`, their things. */
import type { ClassInfo } from "../data/sample.ts";
import { annotationName } from "../datasets/panoptic-annotation.ts";
import {
  type FolderList,
  type ListFiles,
  type ListForm,
  openFolderList,
  readJson,
  requireFree,
} from "./folder-list.ts";
import { imageIds } from "./image-ids.ts";
import {
  instancesJson,
  isInstancesJson,
  type PanopticCategory,
  type PanopticEntry,
  panopticCategories,
  panopticJson,
  readPanopticJson,
} from "./panoptic-files.ts";

export const instancesName = "instances.json";

const form: ListForm<PanopticEntry, PanopticCategory> = {
  name: annotationName,
  what: "segments",
  read: readPanopticJson,
  text: ({ categories, entries }) => panopticJson(categories, entries),
  fileOf: ({ file }) => file,
};

/**
 * files: names of the PNGs of ids that may be replaced. classes: of a panoptic model; null: of one that gives no segments,
 * and takes away those of its photographs. instances: there will be shapes of things. Throws InputError where a panoptic model would
 * replace a file that predict did not write, or add to segments of other classes. `notes`: what is worth knowing of numbers, once written.
 */
export async function openAnnotation(
  platform: ListFiles,
  folder: string,
  files: readonly string[],
  classes: readonly ClassInfo[] | null,
  { instances = false }: { readonly instances?: boolean } = {},
): Promise<FolderList<PanopticEntry> & { notes(): readonly string[] }> {
  let notes: readonly string[] = [];
  const path = `${folder}/${instancesName}`;
  const isOwn = isInstancesJson(await readJson(platform, path));
  if (instances && !isOwn) await requireFree(platform, path);
  const list = await openFolderList(platform, folder, form, {
    replaced: files,
    own: classes && panopticCategories(classes),
    async also({ categories, entries }) {
      const text = instancesJson(categories, entries);
      if (text !== "") await platform.writeFile(path, text);
      else if (isOwn) await platform.remove(path);
      notes = sharedNumbers(`${folder}/${annotationName}`, entries);
    },
  });
  return { ...list, notes: () => notes };
}

/** Photographs of a/12.jpg and b/12.jpg cannot both be image 12. */
function sharedNumbers(path: string, entries: readonly PanopticEntry[]): string[] {
  const [first, ...others] = imageIds(entries).shared;
  if (first === undefined) return [];
  const more = others.length > 0 ? ` (and ${others.length} more)` : "";
  return [
    `${path}: image ${first.id} is another photograph than ${first.photograph}${more}, which has a number of its own. Rename one, or predict into two folders.`,
  ];
}
