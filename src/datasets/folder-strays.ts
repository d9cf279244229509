/** What lies in a plain folder and no split reads: folders of other names, labels of images that are not there. */

import { allSplits } from "../data/dataset.ts";
import { nearest } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { splitLabels } from "./folder-labels.ts";
import { instanceFolder } from "./folder-segments.ts";
import type { Folders, Problem } from "./layout.ts";
import { filesBelow, looksLikeImage, makeProblem, namesText } from "./pairs.ts";
import { maskFolderName, splitFolder, splitFolderName, splitNames } from "./split-names.ts";

/** Notes for inspection. Throws InputError where lists of labels are broken. */
export async function straysOf(platform: Platform, folders: Folders): Promise<Problem[]> {
  const { root, images } = folders;
  const places = [await maskFolderName(platform, root), "panoptic", instanceFolder, "saliency"].map((kind) =>
    joinPath(root, kind),
  );
  const apart = images === root ? [] : [joinPath(images, "saliency")];
  const notes: Problem[] = [];
  for (const folder of [joinPath(images, "images"), ...places, ...apart]) {
    notes.push(...(await misplaced(platform, folder, joinPath(images, "images"))));
  }
  return [...notes, ...(await listsOfSplits(platform, root)), ...(await unread(platform, folders))];
}

/** Labels of a split whose photographs have no folder: with all photographs in one folder they would be train's, unlabelled. */
async function orphansIn(platform: Platform, folder: string, images: string): Promise<Problem[]> {
  if (folder === images || (await platform.exists(images)) !== "folder") return [];
  const found: Problem[] = [];
  for (const split of ["val", "test"] as const) {
    const labels = await splitFolder(platform, folder, split);
    const own = await splitFolder(platform, images, split);
    if ((await platform.exists(labels)) !== "folder" || (await platform.exists(own)) !== "nothing") continue;
    const remedy = "It is not read: move its photographs there.";
    found.push(makeProblem(labels, `expected its photographs in ${own}`, "no such folder", remedy));
  }
  return found;
}

/** Lists of what is val, as other programs have them: with all pictures in one folder these would be trained on. */
async function listsOfSplits(platform: Platform, root: string): Promise<Problem[]> {
  const known = allSplits.flatMap((split) => splitNames[split].map((name) => `${name}.txt`));
  const notes: Problem[] = [];
  for (const folder of ["", "splits", "annotations", "ImageSets"]) {
    const place = folder === "" ? root : joinPath(root, folder);
    if ((await platform.exists(place)) !== "folder") continue;
    for (const name of (await platform.list(place)).filter((each) => known.includes(each.toLowerCase()))) {
      const file = joinPath(place, name);
      const split = allSplits.find((each) => splitNames[each].includes(name.toLowerCase().slice(0, -4)));
      const remedy = `It is not read: move what it names to images/${split} and masks/${split}.`;
      notes.push(makeProblem(file, "expected splits as folders", "a list", remedy));
    }
  }
  return notes;
}

/** What is in a folder of one kind and is not named after a split. */
export async function misplaced(platform: Platform, folder: string, images: string): Promise<Problem[]> {
  if ((await platform.exists(folder)) !== "folder") return [];
  const endings = folder.endsWith("panoptic") ? ["", ".json"] : [""];
  const own = allSplits.flatMap((split) => endings.map((ending) => `${split}${ending}`));
  const known = new Set(own);
  for (const split of allSplits) known.add(await splitFolderName(platform, folder, split, images));
  known.delete(".");
  const orphans = await orphansIn(platform, folder, images);
  const others = (await platform.list(folder)).filter((name) => !name.startsWith(".") && !known.has(name));
  // Without folders of splits they are train.
  const isTrain = (await splitFolderName(platform, folder, "train", images)) === ".";
  const loose = isTrain ? [] : others.filter(looksLikeImage);
  const expected = `expected only ${own.join(", ")} here`;
  const read = new Set<string>();
  for (const name of isTrain ? others : []) {
    const isRead = /\.(?:txt|npy)$/i.test(name) || (await platform.exists(joinPath(folder, name))) === "folder";
    if (isRead) read.add(name);
  }
  const notes = others
    .filter((name) => !looksLikeImage(name) && !read.has(name))
    .map((name) => {
      const ending = endings.find((each) => each !== "" && name.endsWith(each)) ?? "";
      const near = allSplits.find((split) => name.includes(split)) ?? nearest(name, allSplits);
      const other = allSplits.find((split) => splitNames[split].includes(name.toLowerCase()));
      if (other !== undefined) {
        return makeProblem(
          joinPath(folder, name),
          `expected one folder for ${other}`,
          `${other} beside it`,
          "It is not read.",
        );
      }
      const remedy = near === undefined ? "It is not read." : `It is not read. Did you mean ${near}${ending}?`;
      return makeProblem(joinPath(folder, name), expected, "another name", remedy);
    });
  notes.push(...orphans);
  if (loose.length === 0) return notes;
  const got = `files: ${namesText(loose)}`;
  return [...notes, makeProblem(folder, expected, got, `Move them to ${joinPath(folder, "train")} or the like.`)];
}

/** Labels of images/unlabelled, and names in lists without splits that no image has. */
async function unread(platform: Platform, folders: Folders): Promise<Problem[]> {
  const folder = joinPath(folders.images, "images");
  const { byId, lists } = await splitLabels(platform, folders, "unlabelled");
  const ids = new Set<string>();
  for (const split of allSplits) {
    const place = await splitFolder(platform, folder, split);
    for (const id of (await filesBelow(platform, place, "image")).byId.keys()) ids.add(id);
  }
  const notes = lists.flatMap(({ file, loose }) => {
    const missing = loose.filter((id) => !ids.has(id));
    if (missing.length === 0) return [];
    const remedy = "Correct them: they are passed over.";
    return [makeProblem(file, `expected names of images in ${folder}`, namesText(missing), remedy)];
  });
  const unnamed = new Set(lists.flatMap(({ loose }) => loose));
  const labelled = [...byId.keys()].filter((id) => !unnamed.has(id));
  if (labelled.length === 0) return notes;
  const remedy = "They are not read: move the images to images/train to learn from them.";
  const unlabelled = joinPath(folder, "unlabelled");
  return [...notes, makeProblem(unlabelled, "expected no labels", `some of ${namesText(labelled)}`, remedy)];
}
