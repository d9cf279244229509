/** A plain folder of photographs and what labels them (`classes-file.ts` and `label-files.ts` say what the files hold). */

import type { Split } from "../data/dataset.ts";
import { allSplits } from "../data/dataset.ts";
import { givenKinds, kindsText } from "../data/labels.ts";
import { InputError, problem } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { withCaptionTags } from "./caption-tags.ts";
import { readClasses } from "./folder-classes.ts";
import { hasLabels, hasMaskFolder, isLabelled, pairingOf, splitLabels } from "./folder-labels.ts";
import { misplaced, straysOf } from "./folder-strays.ts";
import { joinedFolders, untoldFolders } from "./folder-tags.ts";
import { withCountedThings } from "./folder-things.ts";
import type { Entry, Folders, Layout, Problem, Survey } from "./layout.ts";
import { masksBeside } from "./mask-names.ts";
import { remedyOf } from "./own-classes.ts";
import { type Files, filesBelow, imageEntries, looksLikeImage, makeProblem, sortById, stemOf } from "./pairs.ts";
import { splitFolder } from "./split-names.ts";
import { tagLists } from "./tag-lists.ts";

const drawing = `
FOLDER/
  images/train/NAME.jpg         photographs; also images/val and, if there is one, images/test
  images/unlabelled/NAME.jpg    photographs without labels, if there are any, and so are those in images/train without
and of these what there is:
  classes.json                  class names, colours, and which mask value means which; not needed for captions alone
  masks/train/NAME.png          a mask for each photograph, of the same name; a pixel holds its class
  panoptic/train/NAME.png       a segment's id per pixel, red + 256 green + 65536 blue; 0 is none
  panoptic/train.json           the segments, as in COCO's panoptic annotation
                                without it: red a class's place in classes.json, from 1; green the instance; blue 0
  instances/train/NAME.png      beside masks: grey or palette, a number for each instance of a class; 0 where none is counted
  tags.json                     {"train": {"NAME": ["sky", "road"]}}; or tags.csv or tags.txt with lines NAME,sky,road
  images/train/sky+road/        without such a file: photographs that show sky and road
  captions.jsonl                lines {"image": "train/NAME.jpg", "captions": ["A red car."]}; or NAME.txt beside NAME.jpg
  saliency/train/NAME.png       grey of at most 8 bits, black is 0 and white 255
`.trim();

type Found = Pick<Survey, "entries" | "problems" | "notes">;

/**
 * `test` may come without labels: it is then there to be predicted only. In `train`, images without any label are passed
 * over: they are in `unlabelled`.
 */
async function survey(platform: Platform, folders: Folders, split: Split): Promise<Survey> {
  if (split === "unlabelled") return surveyUnlabelled(platform, folders);
  const imageFolder = await splitFolder(platform, joinPath(folders.images, "images"), split);
  if ((await platform.exists(imageFolder)) !== "folder") throw await missingSplit(platform, folders, split);
  const images = await imagesOf(platform, folders, split);
  const labels = await withCountedThings(platform, folders, split, await splitLabels(platform, folders, split));
  const { classes, valueMap, listed, byId, hasMasks, maskFolder } = labels;
  const classesFile = listed === "classes.json" ? joinPath(folders.root, listed) : listed || undefined;
  const remedy = remedyOf({ file: labels.listed, colorCoded: labels.colorCoded });
  const pairing = pairingOf(images, labels, imageFolder);
  const problems = [...images.problems, ...labels.problems, ...pairing.problems];
  const notes = [...images.strays, ...labels.notes, ...pairing.notes];
  const found = [...images.byId].map(([id, image]): Entry => ({ id, image, labels: byId.get(id) ?? {} }));
  const said = labels.hasTags
    ? { entries: found, notes: [] }
    : await withCaptionTags(platform, found, classes, imageFolder);
  const all = said.entries;
  notes.push(...said.notes);
  const labelled = all.filter(isLabelled);
  if (labelled.length === 0 && !hasMasks && split !== "test" && problems.length === 0) {
    const untold = untoldFolders(images.byId, imageFolder, classes, joinPath(folders.root, "classes.json"));
    const misnamed = pairing.notes.filter(({ file }) => labels.lists.some((list) => list.file === file));
    throw await unlabelledSplit(platform, folders, split, misnamed, untold);
  }
  const maskless = all.filter((entry) => entry.labels.mask === undefined);
  if (split !== "train") {
    for (const { id, image } of hasMasks ? maskless : []) {
      const expected = `expected its mask ${joinPath(maskFolder, `${id}.png`)}`;
      problems.push(makeProblem(image, expected, "none", "Add the mask or remove the image."));
    }
    const entries = hasMasks ? all.filter((entry) => entry.labels.mask !== undefined) : all;
    notes.push(...partlyLabelled(entries, imageFolder));
    return { classes, valueMap, classesFile, entries: sortById(entries), problems, notes, remedy };
  }
  const bare = all.length - labelled.length;
  if (labelled.length === 0 && bare > 0 && problems.length === 0) {
    const expected = "expected a mask for each image that has labels";
    problems.push(makeProblem(maskFolder, expected, `none for the ${bare} of ${imageFolder}`, "Add masks."));
  }
  const count = (some: number, what: string) =>
    `${some} of ${all.length} images in images/train ${some === 1 ? "has" : "have"} ${what}`;
  if (hasMasks && labelled.length > 0 && maskless.length > 0) {
    const others = maskless.length > bare ? "" : ": unlabelled";
    const message = `${imageFolder}: ${count(maskless.length, "no mask")}${others}. Add masks to learn from labels.`;
    notes.push({ file: imageFolder, message });
  } else if (labelled.length > 0 && bare > 0) {
    notes.push({
      file: imageFolder,
      message: `${imageFolder}: ${count(bare, "no label")}: unlabelled. Add labels to learn from them.`,
    });
  }
  return { classes, valueMap, classesFile, entries: sortById(labelled), problems, notes, remedy };
}

/** Why a split that needs labels has none. */
async function unlabelledSplit(
  platform: Platform,
  { root, images }: Folders,
  split: Split,
  misnamed: readonly Problem[],
  untold: InputError | undefined,
): Promise<InputError> {
  if (misnamed.length > 0) return new InputError(misnamed[0].message);
  const meant = await misnamedLabels(platform, { root, images }, split);
  if (meant !== undefined) return new InputError(meant.message);
  const masks = joinPath(root, "masks", split);
  for (const list of [...tagLists, "captions.jsonl"]) {
    if ((await platform.exists(joinPath(root, list))) !== "file") continue;
    if ((await platform.exists(joinPath(root, "masks"))) === "folder") break;
    const expected = `expected labels of the images in ${joinPath(images, "images", split)}`;
    return new InputError(problem(joinPath(root, list), expected, "none", `Add them, or ${masks}.`));
  }
  if (untold !== undefined) return untold;
  return new InputError(
    problem(masks, "expected a folder of masks", "no such folder", "Add a mask for each image, or other labels."),
  );
}

/** A folder or list of labels whose name is nearly that of the split. */
async function misnamedLabels(
  platform: Platform,
  { root, images }: Folders,
  split: Split,
): Promise<Problem | undefined> {
  const all = await Promise.all(
    ["masks", "panoptic"].map((kind) => misplaced(platform, joinPath(root, kind), joinPath(images, "images"))),
  );
  return all.flat().find(({ message }) => message.includes(`Did you mean ${split}`));
}

/** Kinds of labels that only some images have: what is scored by them passes over the others. */
function partlyLabelled(entries: readonly Entry[], folder: string): Problem[] {
  return givenKinds.flatMap((kind) => {
    const without = entries.filter(({ labels }) => labels[kind] === undefined);
    if (without.length === 0 || without.length === entries.length) return [];
    const got = `none for ${without.length} of ${entries.length}`;
    return [
      makeProblem(without[0].image, `expected ${kindsText([kind])} for every image of ${folder}`, got, "Add them."),
    ];
  });
}

/** Captions may lie beside the images, and so may masks where there is no folder of them. */
async function imagesOf(platform: Platform, folders: Folders, split: Split): Promise<Files> {
  const folder = await splitFolder(platform, joinPath(folders.images, "images"), split);
  const files = await filesBelow(platform, folder, "image");
  const masks = new Set(masksBeside(files.byId).values());
  const isApart = masks.size > 0 && (await hasMaskFolder(platform, folders, split));
  const byId =
    masks.size === 0 || isApart ? files.byId : new Map([...files.byId].filter(([, path]) => !masks.has(path)));
  return { ...files, byId, strays: files.strays.filter(({ file }) => !/\.txt$/i.test(file)) };
}

/** Images alone need no classes.json. */
async function surveyUnlabelled(platform: Platform, folders: Folders): Promise<Survey> {
  const { classes = [], valueMap = {} } = (await readClasses(platform, folders.root)) ?? {};
  const { entries, problems, notes } = await unlabelledImages(platform, folders);
  const meant = joinedFolders(
    entries,
    joinPath(folders.images, "images"),
    classes,
    joinPath(folders.root, "classes.json"),
  );
  return { classes, valueMap, entries, problems, notes: [...notes, ...meant], remedy: "" };
}

/** All of images/unlabelled, and what has no label in images/train. */
async function unlabelledImages(platform: Platform, folders: Folders): Promise<Found> {
  const root = joinPath(folders.images, "images");
  const images = await filesBelow(platform, await splitFolder(platform, root, "unlabelled"), "image");
  const trained = await imagesOf(platform, folders, "train");
  const labelled = await labelledNames(platform, folders, trained);
  const problems = [...images.problems, ...trained.problems.filter(({ file }) => !labelled.has(stemOf(file)))];
  for (const [id, image] of trained.byId) {
    if (labelled.has(id)) continue;
    const other = images.byId.get(id);
    if (other === undefined) {
      images.byId.set(id, image);
    } else {
      const expected = `expected one unlabelled image named "${id}"`;
      problems.push(makeProblem(image, expected, `another in ${other}`, "Remove or rename one of the two."));
    }
  }
  return { entries: imageEntries(images), problems, notes: images.strays };
}

/** Names that have labels in `train`; all of its images where labels are broken, which is said where it is surveyed. */
async function labelledNames(platform: Platform, folders: Folders, images: Files): Promise<ReadonlySet<string>> {
  try {
    const { byId } = await splitLabels(platform, folders, "train");
    return new Set([...byId].filter(([, labels]) => isLabelled({ labels })).map(([id]) => id));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return new Set(images.byId.keys());
  }
}

async function missingSplit(platform: Platform, folders: Folders, split: Split): Promise<InputError> {
  const root = joinPath(folders.images, "images");
  const folder = joinPath(root, split);
  const inside = await platform.list(root);
  const loose = inside.filter(looksLikeImage).length;
  const found = loose > 0 ? `${loose} images directly in ${root}` : "no such folder";
  const known = inside.filter((name) => name !== "unlabelled" && allSplits.some((known) => known === name));
  if (loose > 0 && split === "val") known.push("train");
  const remedy =
    known.length > 0
      ? `There is ${known.join(" and ")}: move some images and their labels to ${split}${split === "val" ? ", or add --val-fraction 0.2" : ""}.`
      : `Move images to ${folder} and masks to ${joinPath(folders.root, "masks", split)}.`;
  return new InputError(problem(folder, "expected a folder of images", found, remedy));
}

/** Images to train or score on that have no labels at all are no labelled split that is broken, they are unlabelled. */
async function splits(platform: Platform, folders: Folders): Promise<Split[]> {
  const found: Split[] = [];
  for (const split of allSplits) if (await hasSplit(platform, folders, split)) found.push(split);
  return found;
}

async function hasSplit(platform: Platform, folders: Folders, split: Split): Promise<boolean> {
  if (split === "unlabelled") {
    // Labels of train, which may be long lists, need not be read where there are images apart.
    const place = await splitFolder(platform, joinPath(folders.images, "images"), split);
    const own = await filesBelow(platform, place, "image");
    return own.byId.size > 0 || (await unlabelledImages(platform, folders)).entries.length > 0;
  }
  const folder = await splitFolder(platform, joinPath(folders.images, "images"), split);
  if ((await platform.exists(folder)) !== "folder") return false;
  if (split === "test" || (await hasLabels(platform, folders, split, await imagesOf(platform, folders, split))))
    return true;
  // Labels that were to be those of the split are told where it is read.
  return split === "val" && (await misnamedLabels(platform, folders, split)) !== undefined;
}

export const folder: Layout = {
  name: "folder",
  about: "a plain folder of photographs and what labels them: masks, segments, tags, captions",
  drawing,
  signs: ["images"],
  apart: true,
  splits,
  survey,
  strays: straysOf,
};
