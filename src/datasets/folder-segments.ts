/** The maps of segments of one split of a plain folder: with COCO's annotation, of two channels, or of instances beside masks. */

import type { Split } from "../data/dataset.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { annotationOf, type FolderClasses } from "./folder-classes.ts";
import type { Folders, PanopticFile, Problem } from "./layout.ts";
import { filesBelow, makeProblem, namesText, stemOf } from "./pairs.ts";
import { annotationName, type PanopticAnnotation, segmentsFrom } from "./panoptic-annotation.ts";
import { splitFolder, splitPath } from "./split-names.ts";

/** The folder of instances beside masks. */
export const instanceFolder = "instances";

/** What a map of segments is found by. */
interface Known {
  readonly list: FolderClasses | null;
  /** By the name of their photograph. */
  readonly masks: ReadonlyMap<string, string>;
  readonly images: ReadonlyMap<string, string>;
}

interface Found {
  /** What names them, if anything does. */
  readonly annotation?: PanopticAnnotation;
  readonly byId: ReadonlyMap<string, PanopticFile>;
  readonly problems: readonly Problem[];
  readonly notes: readonly Problem[];
}

/** By the name of their photograph. Throws InputError where an annotation is broken or missing. */
export async function splitSegments(
  platform: Platform,
  folders: Folders,
  split: Split,
  { list, masks, images }: Known,
): Promise<Found> {
  const own =
    (await annotatedSegments(platform, folders, split, list)) ?? (await channels(platform, folders, split, images));
  const besides = await besideMasks(platform, folders, split, masks, images);
  if (besides === null) return own;
  if (own.byId.size === 0) return besides;
  const folder = joinPath(folders.root, instanceFolder);
  const note = makeProblem(folder, "expected segments in one place", "some in panoptic too", "Those are read.");
  return { ...own, notes: [...own.notes, note] };
}

/** Those that an annotation names; null where there is none. */
async function annotatedSegments(
  platform: Platform,
  { root }: Folders,
  split: Split,
  list: FolderClasses | null,
): Promise<Found | null> {
  const folder = await splitFolder(platform, joinPath(root, "panoptic"), split);
  const first = list?.annotation;
  const isFirst = [joinPath(root, "panoptic", `${split}.json`), joinPath(folder, annotationName)].some(
    (file) => file === first?.file,
  );
  const annotation = first && isFirst ? first : await annotationOf(platform, root, split, list?.forMasks === true);
  if (annotation === null) return null;
  const isPredicted = annotation.file === joinPath(folder, annotationName);
  const named = segmentsFrom(annotation, list?.classes ?? [], list?.listed ?? "", isPredicted ? photographOf : stemOf);
  const byId = new Map([...named].map(([id, each]) => [id, { ...each, file: joinPath(folder, each.file) }]));
  const known = new Set([...byId.values()].map(({ file }) => file));
  const there = isPredicted ? [] : [...(await filesBelow(platform, folder, "mask")).byId];
  const others = there.filter(([, file]) => !known.has(file)).map(([id]) => id);
  if (others.length === 0) return { annotation, byId, problems: [], notes: [] };
  const expected = `expected an annotation for every file of ${folder}`;
  const note = makeProblem(annotation.file, expected, `none for ${namesText(others)}`, "They are passed over.");
  return { annotation, byId, problems: [], notes: [note] };
}

/** How the name of what predict writes besides the ids of segments ends. */
const predicted = /\.(?:overlay|confidence|semantic|labelme)$/;
const predictedIds = ".panoptic";

/** `b/a.panoptic.png`, as predict has it → `b/a`. */
function photographOf(png: string): string {
  return png
    .replace(/\.[^./]*$/, "")
    .replace(/\.panoptic$/, "")
    .normalize("NFC");
}

/** Maps of two channels, as any program or predict calls them; of what predict wrote, the rest is passed over. */
async function channels(
  platform: Platform,
  folders: Folders,
  split: Split,
  images: ReadonlyMap<string, string>,
): Promise<Found> {
  const folder = joinPath(folders.root, await splitPath(platform, folders, "panoptic", split));
  const files = await filesBelow(platform, folder, "map of segments");
  const isIds = (name: string) => name.endsWith(predictedIds) && !images.has(name);
  const written = new Set([...files.byId.keys()].filter(isIds).map((name) => name.slice(0, -predictedIds.length)));
  const isWritten = (name: string) =>
    written.has(name) || (predicted.test(name) && written.has(name.replace(predicted, "")));
  const byId = new Map<string, PanopticFile>();
  for (const [name, file] of files.byId) {
    if (isIds(name)) byId.set(name.slice(0, -predictedIds.length), { file });
    else if (!isWritten(name)) byId.set(name, { file });
  }
  const notes = files.strays.filter(({ file }) => !isWritten(stemOf(file)));
  if (written.size > 0) {
    // Red is the class's place only where the run's classes have no ids of their own.
    const expected = `expected ${annotationName} beside the maps that predict wrote`;
    const remedy =
      "Their red is taken for the class's place in the list, which it is not of a run on COCO's annotation.";
    notes.push(makeProblem(folder, expected, "none", remedy));
  }
  return { byId, problems: files.problems, notes };
}

/** Numbers of instances of what masks show; null where there is no folder of them. */
async function besideMasks(
  platform: Platform,
  folders: Folders,
  split: Split,
  masks: ReadonlyMap<string, string>,
  images: ReadonlyMap<string, string>,
): Promise<Found | null> {
  const folder = joinPath(folders.root, await splitPath(platform, folders, instanceFolder, split));
  const files = await filesBelow(platform, folder, "map of segments");
  if (files.byId.size === 0) return null;
  const byId = new Map<string, PanopticFile>();
  const problems = [...files.problems];
  for (const [id, file] of files.byId) {
    const mask = masks.get(id);
    if (mask !== undefined) byId.set(id, { file, mask });
    else problems.push(makeProblem(file, `expected a mask named "${id}"`, "none", "Add the mask, or remove the file."));
  }
  for (const [id, mask] of masks) {
    if (files.byId.has(id) || !images.has(id)) continue;
    const expected = `expected its numbers of instances ${joinPath(folder, `${id}.png`)}`;
    problems.push(makeProblem(mask, expected, "none", "Add them, all 0 where nothing is counted, or remove the mask."));
  }
  return { byId, problems, notes: files.strays };
}
