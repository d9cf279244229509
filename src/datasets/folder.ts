/** A plain folder of photographs and masks, described by classes.json (`classes-file.ts` says what it holds). */

import type { Split } from "../data/dataset.ts";
import { allSplits } from "../data/dataset.ts";
import { InputError, problem } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { type ClassList, parseClassList } from "./classes-file.ts";
import type { Layout, Problem, Survey } from "./layout.ts";
import {
  type Files,
  filesById,
  filesIfThere,
  imageEntries,
  looksLikeImage,
  makeProblem,
  pair,
  stemOf,
} from "./pairs.ts";

const drawing = `
FOLDER/
  classes.json                  class names, colours, and which mask value means which
  images/train/NAME.jpg         photographs; also images/val and, if there is one, images/test
  masks/train/NAME.png          one mask for each, of the same name; a pixel holds its class
  images/unlabelled/NAME.jpg    photographs without masks, if there are any, and so are those in images/train without
`.trim();

/** Reads classes.json. Throws InputError when it is missing or broken. */
export async function readClassList(platform: Platform, root: string): Promise<ClassList> {
  const file = joinPath(root, "classes.json");
  if ((await platform.exists(file)) !== "file") {
    const remedy = 'Write one: {"ignoreIndex": 255, "classes": [{"name": "sky"}, {"name": "road"}]}.';
    throw new InputError(problem(file, "expected the list of classes", "no such file", remedy));
  }
  return parseClassList(await platform.readText(file), file);
}

/**
 * `test` may come without masks: it is then there to be predicted only. In `train`, images without mask are passed over:
 * they are in `unlabelled`.
 */
async function survey(platform: Platform, root: string, split: Split): Promise<Survey> {
  if (split === "unlabelled") return surveyUnlabelled(platform, root);
  const { classes, valueMap, colorCoded } = await readClassList(platform, root);
  const imageFolder = joinPath(root, "images", split);
  if ((await platform.exists(imageFolder)) !== "folder") throw await missingSplit(platform, root, split);
  const images = await filesById(platform, imageFolder, "image");
  const remedy = colorCoded
    ? "Add the colour to a class or to ignoreColors in classes.json, or correct the mask."
    : "Add the value to a class or to ignoreIndex in classes.json, or correct the mask.";
  const maskFolder = joinPath(root, "masks", split);
  const hasMasks = (await platform.exists(maskFolder)) === "folder";
  if (!hasMasks && split === "test") {
    const { problems, strays: notes } = images;
    return { classes, valueMap, entries: imageEntries(images), problems, notes, remedy };
  }
  if (!hasMasks) {
    throw new InputError(
      problem(maskFolder, "expected a folder of masks", "no such folder", "Add a mask for each image."),
    );
  }
  const masks = await filesById(platform, maskFolder, "mask");
  if (split !== "train") {
    const paired = pair(images, masks, (id) => joinPath(maskFolder, `${id}.png`));
    return { classes, valueMap, ...paired, remedy };
  }
  const { entries, problems, notes } = pair(images, masks, null);
  const maskless = images.byId.size - entries.length;
  if (entries.length === 0 && maskless > 0 && problems.length === 0) {
    const expected = "expected a mask for each image that has labels";
    problems.push(makeProblem(maskFolder, expected, `none for the ${maskless} of ${imageFolder}`, "Add masks."));
  } else if (maskless > 0) {
    const count = `${maskless} of ${images.byId.size} images in images/train ${maskless === 1 ? "has" : "have"} no mask`;
    notes.push({ file: imageFolder, message: `${imageFolder}: ${count}: unlabelled. Add masks to learn from labels.` });
  }
  return { classes, valueMap, entries, problems, notes, remedy };
}

/** Images alone need no classes.json. */
async function surveyUnlabelled(platform: Platform, root: string): Promise<Survey> {
  const isDescribed = (await platform.exists(joinPath(root, "classes.json"))) !== "nothing";
  const { classes, valueMap } = isDescribed ? await readClassList(platform, root) : { classes: [], valueMap: {} };
  const { images, problems } = await unlabelledImages(platform, root);
  return { classes, valueMap, entries: imageEntries(images), problems, notes: images.strays, remedy: "" };
}

/** All of images/unlabelled, and what has no mask in images/train. */
async function unlabelledImages(platform: Platform, root: string): Promise<{ images: Files; problems: Problem[] }> {
  const images = await filesIfThere(platform, joinPath(root, "images/unlabelled"), "image");
  const trained = await filesIfThere(platform, joinPath(root, "images/train"), "image");
  const masks = await filesIfThere(platform, joinPath(root, "masks/train"), "mask");
  const problems = [...images.problems, ...trained.problems.filter(({ file }) => !masks.byId.has(stemOf(file)))];
  for (const [id, image] of trained.byId) {
    if (masks.byId.has(id)) continue;
    const other = images.byId.get(id);
    if (other === undefined) {
      images.byId.set(id, image);
    } else {
      const expected = `expected one unlabelled image named "${id}"`;
      problems.push(makeProblem(image, expected, `another in ${other}`, "Remove or rename one of the two."));
    }
  }
  return { images, problems };
}

async function missingSplit(platform: Platform, root: string, split: Split): Promise<InputError> {
  const folder = joinPath(root, "images", split);
  const inside = await platform.list(joinPath(root, "images"));
  const loose = inside.filter(looksLikeImage).length;
  const found = loose > 0 ? `${loose} images directly in ${joinPath(root, "images")}` : "no such folder";
  const known = inside.filter((name) => name !== "unlabelled" && allSplits.some((known) => known === name));
  const remedy =
    known.length > 0
      ? `There is ${known.join(" and ")}: move some images and masks to ${split}.`
      : `Move images to ${folder} and masks to ${joinPath(root, "masks", split)}.`;
  return new InputError(problem(folder, "expected a folder of images", found, remedy));
}

/** Images to train on that have no masks at all are no labelled split that is broken, they are unlabelled. */
async function splits(platform: Platform, root: string): Promise<Split[]> {
  const isFolder = async (...parts: string[]) => (await platform.exists(joinPath(root, ...parts))) === "folder";
  const isThere = async (split: Split) => {
    if (split === "unlabelled") return (await unlabelledImages(platform, root)).images.byId.size > 0;
    return (await isFolder("images", split)) && (split !== "train" || (await isFolder("masks", split)));
  };
  const found: Split[] = [];
  for (const split of allSplits) if (await isThere(split)) found.push(split);
  return found;
}

export const folder: Layout = {
  name: "folder",
  about: "a plain folder of photographs, masks and classes.json",
  drawing,
  signs: ["images"],
  splits,
  survey,
};
