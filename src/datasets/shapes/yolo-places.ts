/** Where the photographs of a split of YOLO's labels lie, and the text file of each. */

import { allSplits, type Split } from "../../data/dataset.ts";
import { joinPath, lastPart } from "../../platform/join-path.ts";
import { listBytes } from "../../platform/limits.ts";
import type { Platform } from "../../platform/platform.ts";
import { linesOf } from "../../text/lines.ts";
import { looksLikeList } from "../class-lists.ts";
import type { Problem } from "../layout.ts";
import { filesBelow, looksLikeImage, makeProblem, splitName } from "../pairs.ts";
import { splitFolder } from "../split-names.ts";
import { readUtf8 } from "../text-file.ts";
import { idsOf } from "./annotated.ts";
import { holdShares, type YoloList } from "./yolo-list.ts";

/** A folder of photographs with its folder of text files, or a text file that lists photographs. */
export type YoloPlace = { readonly images: string; readonly labels: string } | { readonly list: string };

/** A photograph, and its text file where there is one. */
interface Pair {
  readonly image: string;
  readonly label: string | undefined;
}

interface Found extends Pair {
  /** Below the folder of photographs, or as a list has it; without its ending. */
  readonly name: string;
}

export interface YoloFiles {
  /** By name. */
  readonly byId: ReadonlyMap<string, Pair>;
  readonly problems: readonly Problem[];
  readonly notes: readonly Problem[];
}

/**
 * The places of a split: those that the list names where they are there, else images/SPLIT and labels/SPLIT, or SPLIT/images and
 * SPLIT/labels, or SPLIT with both beside one another. A val that is the same as train is none.
 */
export async function placesOf(
  platform: Platform,
  root: string,
  list: YoloList | null,
  split: Split,
): Promise<YoloPlace[]> {
  const named = await namedPlaces(platform, root, list, split);
  if (named.length > 0) {
    const train = split === "train" ? [] : await placesOf(platform, root, list, "train");
    return JSON.stringify(train) === JSON.stringify(named) ? [] : named;
  }
  const own = await splitFolder(platform, root, split);
  for (const [images, labels] of [
    [
      await splitFolder(platform, joinPath(root, "images"), split),
      await splitFolder(platform, joinPath(root, "labels"), split),
    ],
    [joinPath(own, "images"), joinPath(own, "labels")],
  ]) {
    if (await areFolders(platform, [images, labels])) return [{ images, labels }];
  }
  return (await holdsLines(platform, own)) ? [{ images: own, labels: own }] : [];
}

/** Whether text files of a folder, or in a folder inside, are such labels. */
export async function holdsLines(platform: Platform, folder: string): Promise<boolean> {
  const files = [...(await filesBelow(platform, folder, "text file")).byId.values()];
  return holdShares(
    platform,
    files.filter((file) => !looksLikeList(lastPart(file))),
  );
}

async function areFolders(platform: Platform, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if ((await platform.exists(path)) !== "folder") return false;
  return true;
}

async function namedPlaces(
  platform: Platform,
  root: string,
  list: YoloList | null,
  split: Split,
): Promise<YoloPlace[]> {
  const found: YoloPlace[] = [];
  for (const written of list?.places[split] ?? []) {
    const path = written.replaceAll("\\", "/").replace(/\/+$/, "");
    // Roboflow writes ../train/images for a folder beside the list.
    const inside = inner(path);
    const from = inner(list?.path ?? "");
    const places = path.startsWith("/")
      ? [path]
      : [joinPath(root, ...(from === "" ? [] : [from]), inside), joinPath(root, inside)];
    for (const place of places) {
      const kind = await platform.exists(place);
      const folder = kind === "folder" ? await foldersAt(platform, place) : undefined;
      if (folder !== undefined) found.push(folder);
      else if (kind === "file" && /\.txt$/i.test(place)) found.push({ list: place });
      else continue;
      break;
    }
  }
  return found;
}

/** A folder of photographs that a list names: the text files lie in `labels` in place of `images`, or beside them. */
async function foldersAt(platform: Platform, place: string): Promise<YoloPlace | undefined> {
  const inside = joinPath(place, "images");
  for (const images of [place, inside]) {
    const labels = labelsOf(images);
    if (labels !== undefined && (await areFolders(platform, [images, labels]))) return { images, labels };
  }
  return (await holdsLines(platform, place)) ? { images: place, labels: place } : undefined;
}

/** Without the dots before a path: what it is called inside the data set's folder. */
function inner(path: string): string {
  return path.replace(/^(?:\.{1,2}\/)+/, "");
}

/** The last folder called images, as labels. */
function labelsOf(path: string): string | undefined {
  const parts = path.split("/");
  const at = parts.lastIndexOf("images");
  return at < 0 ? undefined : parts.with(at, "labels").join("/");
}

/** The photographs of places with their text files; in folders inside too. */
export async function filesAt(platform: Platform, root: string, places: readonly YoloPlace[]): Promise<YoloFiles> {
  const [problems, notes]: [Problem[], Problem[]] = [[], []];
  const found: Found[] = [];
  const files = new Set<string>();
  for (const place of places) {
    if ("list" in place) {
      await addListed(platform, root, place.list, { found, problems });
      continue;
    }
    const images = await filesBelow(platform, place.images, "image");
    const labels = await filesBelow(platform, place.labels, "text file");
    problems.push(...images.problems, ...labels.problems);
    const areBeside = place.images === place.labels;
    notes.push(...images.strays.filter(({ file }) => !areBeside || !/\.(?:txt|ya?ml)$/i.test(file)));
    for (const [name, image] of images.byId) {
      if (files.has(image)) continue;
      files.add(image);
      found.push({ name, image, label: labels.byId.get(name) });
    }
    for (const [name, label] of labels.byId) {
      if (images.byId.has(name) || looksLikeList(`${name}.txt`) || isOfOtherSplit(place, name)) continue;
      const expected = `expected an image named "${name}"`;
      // Among photographs there are texts of other kinds.
      if (areBeside) notes.push(makeProblem(label, expected, "none", "It is passed over."));
      else problems.push(makeProblem(label, expected, "none", "Add the image or remove the text file."));
    }
  }
  const ids = idsOf(found.map(({ name }) => `${name}.`));
  const byId = new Map(found.map(({ image, label }, at) => [ids[at].replace(/\.$/, ""), { image, label }]));
  return { byId, problems, notes };
}

/** Text files of val below a folder whose photographs are train's alone. */
function isOfOtherSplit({ labels }: { readonly labels: string }, name: string): boolean {
  return /\/labels$/.test(labels) && allSplits.some((split) => name.startsWith(`${split}/`));
}

/** A line for each photograph, seen from the list or from the data set's folder. */
async function addListed(
  platform: Platform,
  root: string,
  list: string,
  { found, problems }: { found: Found[]; problems: Problem[] },
): Promise<void> {
  const lines = linesOf(await readUtf8(platform, list, listBytes));
  const folder = list.slice(0, list.lastIndexOf("/"));
  for (const [at, line] of lines.entries()) {
    const written = line.trim().replaceAll("\\", "/");
    if (written === "" || !looksLikeImage(written.slice(written.lastIndexOf("/") + 1))) continue;
    const inside = inner(written);
    const image = await firstFile(platform, [
      ...(written.startsWith("/") ? [written] : [joinPath(folder, inside), joinPath(root, inside)]),
      // Lists of another machine: as much of the end as lies here.
      ...inside.split("/").map((_, from, parts) => joinPath(root, ...parts.slice(from))),
    ]);
    if (image === undefined) {
      const expected = `expected the photograph of line ${at + 1}`;
      problems.push(makeProblem(list, expected, `${written}, which is not there`, "Add it, or remove the line."));
      continue;
    }
    const [stem] = splitName(labelsOf(image) ?? image);
    const label = await firstFile(platform, [`${stem}.txt`]);
    found.push({ name: splitName(inside)[0], image, label });
  }
}

async function firstFile(platform: Platform, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if ((await platform.exists(path)) === "file") return path;
  return undefined;
}
