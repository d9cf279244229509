/** The labels of one split of a plain folder, of every kind that is there. */

import type { Split } from "../data/dataset.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError, problem } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import { listBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import { type ClassList, parseClassList } from "./classes-file.ts";
import { captionsFrom, type PanopticAnnotation, panopticFrom, tagsFrom, withThings } from "./label-files.ts";
import type { EntryLabels, Folders, Problem } from "./layout.ts";
import { type Files, filesIfThere, makeProblem, splitName } from "./pairs.ts";

export interface SplitLabels extends ClassList {
  /** What labels each name, whether there is an image of that name or not. */
  readonly byId: ReadonlyMap<string, EntryLabels>;
  /** The split has a folder of masks. */
  readonly hasMasks: boolean;
  readonly problems: readonly Problem[];
  readonly notes: readonly Problem[];
}

/** Reads classes.json, and things.json beside it. Throws InputError when it is missing or broken. */
export async function readClassList(platform: Platform, root: string): Promise<ClassList> {
  const file = joinPath(root, "classes.json");
  if ((await platform.exists(file)) !== "file") {
    const remedy = 'Write one: {"ignoreIndex": 255, "classes": [{"name": "sky"}, {"name": "road"}]}.';
    throw new InputError(problem(file, "expected the list of classes", "no such file", remedy));
  }
  const list = parseClassList(await platform.readText(file), file);
  const things = joinPath(root, "things.json");
  if ((await platform.exists(things)) !== "file") return list;
  return { ...list, classes: withThings(await platform.readText(things), things, list.classes) };
}

/** Whether a split has labels of some kind, by the names of files alone. */
export async function hasLabels(platform: Platform, folders: Folders, split: Split): Promise<boolean> {
  const { root, images } = folders;
  if ((await platform.exists(joinPath(root, "masks", split))) === "folder") return true;
  for (const file of [joinPath("panoptic", `${split}.json`), "tags.json"]) {
    if ((await platform.exists(joinPath(root, file))) === "file") return true;
  }
  if ((await beside(platform, folders, "captions.jsonl")) !== undefined) return true;
  return (await textsOf(platform, joinPath(images, "images", split))).size > 0;
}

/** Lists the labels of a split. Throws InputError where a list of labels, or of classes, is broken or missing. */
export async function splitLabels(platform: Platform, folders: Folders, split: Split): Promise<SplitLabels> {
  const { root } = folders;
  const maskFolder = joinPath(root, "masks", split);
  const masks = await filesIfThere(platform, maskFolder, "mask");
  const hasMasks = (await platform.exists(maskFolder)) === "folder";
  const tagsFile = joinPath(root, "tags.json");
  const hasTags = (await platform.exists(tagsFile)) === "file";
  const isDescribed = (await platform.exists(joinPath(root, "classes.json"))) !== "nothing";
  const list = isDescribed || hasMasks || hasTags ? await readClassList(platform, root) : null;
  const panoptic = await annotation(platform, root, split, list?.classes ?? null);
  const classes = panoptic?.classes ?? list?.classes ?? [];
  const tags = hasTags ? tagsFrom(await platform.readText(tagsFile, listBytes), tagsFile, split, classes) : new Map();
  const captions = await captionsOf(platform, folders, split);
  const saliencyFolder = await beside(platform, folders, joinPath("saliency", split));
  const saliency = await filesIfThere(platform, saliencyFolder ?? joinPath(root, "saliency", split), "mask");

  const ids = [masks.byId, panoptic?.byId, tags, captions, saliency.byId].flatMap((each) => [...(each?.keys() ?? [])]);
  const byId = new Map(
    [...new Set(ids)].map((id): [string, EntryLabels] => {
      const [mask, segments, sentences] = [masks.byId.get(id), panoptic?.byId.get(id), captions.get(id)];
      const [names, salient] = [tags.get(id), saliency.byId.get(id)];
      return [
        id,
        {
          ...(mask !== undefined && { mask }),
          ...(segments && {
            panoptic: { ...segments, file: joinPath(root, "panoptic", split, segments.file) },
          }),
          ...(names && { tags: names }),
          ...(sentences && { captions: sentences }),
          ...(salient !== undefined && { saliency: salient }),
        },
      ];
    }),
  );
  return {
    ...{ classes, valueMap: list?.valueMap ?? {}, colorCoded: list?.colorCoded ?? false, byId, hasMasks },
    problems: [...masks.problems, ...saliency.problems],
    notes: [...masks.strays, ...saliency.strays],
  };
}

/** What is wrong and what is worth knowing about how labels and images of a split go together. */
export function pairingOf(
  images: Files,
  { byId }: Pick<SplitLabels, "byId">,
  imageFolder: string,
): { problems: Problem[]; notes: Problem[] } {
  const problems: Problem[] = [];
  const notes: Problem[] = [];
  const listed: string[] = [];
  for (const [id, { mask, panoptic, tags, captions }] of byId) {
    if (images.byId.has(id)) continue;
    for (const file of [mask, panoptic?.file]) {
      if (file === undefined) continue;
      const remedy = `Add the image or remove the ${file === mask ? "mask" : "segments"}.`;
      problems.push(makeProblem(file, `expected an image named "${id}"`, "none", remedy));
    }
    if (mask === undefined && panoptic === undefined && (tags !== undefined || captions !== undefined)) listed.push(id);
  }
  if (listed.length > 0) {
    const names = listed.length === 1 ? `"${listed[0]}"` : `"${listed[0]}" and ${listed.length - 1} others`;
    const message = problem(
      imageFolder,
      "expected an image for all that has tags or captions",
      `none for ${names}`,
      "They are passed over.",
    );
    notes.push({ file: imageFolder, message });
  }
  return { problems, notes };
}

async function annotation(
  platform: Platform,
  root: string,
  split: Split,
  classes: readonly ClassInfo[] | null,
): Promise<PanopticAnnotation | null> {
  const file = joinPath(root, "panoptic", `${split}.json`);
  if ((await platform.exists(file)) !== "file") {
    const folder = joinPath(root, "panoptic", split);
    if ((await platform.exists(folder)) !== "folder") return null;
    const remedy = "Put COCO's annotation there: categories, and segments_info for each PNG.";
    throw new InputError(problem(file, `expected the annotation of ${folder}`, "no such file", remedy));
  }
  return panopticFrom(await platform.readText(file, listBytes), file, classes);
}

/** From captions.jsonl, and from text files beside the images, which come first. */
async function captionsOf(
  platform: Platform,
  folders: Folders,
  split: Split,
): Promise<Map<string, readonly string[] | string>> {
  const file = await beside(platform, folders, "captions.jsonl");
  const listed = file === undefined ? [] : captionsFrom(await platform.readText(file, listBytes), file, split);
  const texts = await textsOf(platform, joinPath(folders.images, "images", split));
  return new Map<string, readonly string[] | string>([...listed, ...texts]);
}

/** NAME.txt beside the images, by name. */
async function textsOf(platform: Platform, folder: string): Promise<Map<string, string>> {
  if ((await platform.exists(folder)) !== "folder") return new Map();
  const names = (await platform.list(folder)).filter((name) => !name.startsWith(".") && /\.txt$/i.test(name));
  return new Map(names.map((name) => [splitName(name)[0], joinPath(folder, name)]));
}

/** A path in the folder of the labels or, for labels that name no classes, in that of the photographs. */
async function beside(platform: Platform, { root, images }: Folders, path: string): Promise<string | undefined> {
  for (const folder of new Set([root, images])) {
    if ((await platform.exists(joinPath(folder, path))) !== "nothing") return joinPath(folder, path);
  }
  return undefined;
}
