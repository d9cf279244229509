/** YOLO's segmentation labels (Ultralytics): a text file of polygons for each photograph, in shares of its size. */

import type { Split } from "../../data/dataset.ts";
import { InputError, problem } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import { listBytes } from "../../platform/limits.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Entry, Folders, Layout, Problem, Survey } from "../layout.ts";
import { filesIfThere, makeProblem, namesText, sortById } from "../pairs.ts";
import { splitFolder } from "../split-names.ts";
import { readUtf8 } from "../text-file.ts";
import type { Shape } from "./draw-shapes.ts";
import { shapeClasses } from "./shape-classes.ts";

const drawing = `
FOLDER/
  data.yaml                    names: [cat, dog], or lines below names: such as 0: cat or - cat; its other fields are not read
  images/train/NAME.jpg        photographs; also val (valid), test; or train/images, valid/images
  labels/train/NAME.txt        lines: class x1 y1 x2 y2 …, from 0 to 1; none: nothing but background
`.trim();

async function listFile(platform: Platform, root: string): Promise<string | null> {
  const names = (await platform.list(root)).filter((name) => /\.ya?ml$/i.test(name) && !name.startsWith("."));
  const ordered = [...names.filter((name) => /^(?:data|dataset)\./i.test(name)), ...names];
  for (const name of ordered) {
    const file = joinPath(root, name);
    if ((await platform.exists(file)) === "file" && namesIn(await readUtf8(platform, file)).length > 0) return file;
  }
  return null;
}

/** The classes of `data.yaml`: a list in brackets, or lines below `names:`. */
function namesIn(text: string): string[] {
  const clean = (name: string) => name.trim().replace(/^(["'])(.*)\1$/, "$2");
  const inline = /^names:\s*\[([\s\S]*?)\]/m.exec(text);
  if (inline !== null)
    return inline[1]
      .split(",")
      .map(clean)
      .filter((name) => name !== "");
  const map = /^names:\s*\{([\s\S]*?)\}/m.exec(text);
  const lines =
    map === null
      ? (/^names:[ \t]*(?:#.*)?\r?\n((?:[ \t]*(?:-|\d+\s*:).*(?:\r?\n|$))+)/m.exec(text)?.[1] ?? "").split(/\r?\n/)
      : map[1].split(",");
  return lines
    .map((line) => clean(line.replace(/\s+#.*$/, "").replace(/^\s*(?:-|\d+\s*:)/, "")))
    .filter((name) => name !== "");
}

async function foldersOf(
  platform: Platform,
  root: string,
  split: Split,
): Promise<{ images: string; labels: string } | null> {
  const images = await splitFolder(platform, joinPath(root, "images"), split);
  const own = await splitFolder(platform, root, split);
  for (const [image, label] of [
    [images, await splitFolder(platform, joinPath(root, "labels"), split)],
    [joinPath(own, "images"), joinPath(own, "labels")],
  ]) {
    if ((await platform.exists(image)) === "folder" && (await platform.exists(label)) === "folder")
      return { images: image, labels: label };
  }
  return null;
}

async function survey(platform: Platform, { root }: Folders, split: Split): Promise<Survey> {
  const folders = await foldersOf(platform, root, split);
  const list = await listFile(platform, root);
  if (folders === null || list === null) {
    throw new InputError(
      problem(
        joinPath(root, "images", split),
        "expected photographs and labels/ beside images/",
        "none",
        "Add them, or --val-fraction 0.2 for val.",
      ),
    );
  }
  const names = namesIn(await readUtf8(platform, list));
  const { classes, indexOf, fill } = await shapeClasses(
    platform,
    root,
    names.map((name) => ({ name })),
  );
  const images = await filesIfThere(platform, folders.images, "image");
  const labels = await filesIfThere(platform, folders.labels, "text file");
  const problems: Problem[] = [...images.problems];
  const entries: Entry[] = [];
  for (const [id, image] of images.byId) {
    const file = labels.byId.get(id);
    try {
      const shapes =
        file === undefined ? [] : shapesIn(await readUtf8(platform, file, listBytes), file, names, indexOf);
      entries.push({ id, image, labels: { mask: { file: file ?? folders.labels, shapes, fill, scaled: true } } });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push({ file: file ?? image, message: error.message });
    }
  }
  const bare = [...images.byId.keys()].filter((id) => !labels.byId.has(id));
  const notes = [...images.strays];
  if (bare.length > 0) {
    const remedy = "They are read as background alone.";
    notes.push(
      makeProblem(folders.labels, "expected a text file for every photograph", `none for ${namesText(bare)}`, remedy),
    );
  }
  return { classes, valueMap: {}, remedy: "Correct the labels.", entries: sortById(entries), problems, notes };
}

/** Throws InputError for boxes, which label no pixels, and for coordinates that are no shares. */
function shapesIn(text: string, file: string, names: readonly string[], indexOf: (label: string) => number): Shape[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.flatMap((line, at) => {
    if (line === "") return [];
    const where = `${file}: line ${at + 1}`;
    const [index, ...ring] = line.split(/\s+/).map(Number);
    if (ring.length === 4) {
      throw new InputError(
        problem(
          where,
          "expected a polygon: class x1 y1 x2 y2 x3 y3 …",
          "a box",
          "Export segmentation labels: boxes label no pixels.",
        ),
      );
    }
    if (ring.length < 6 || ring.length % 2 === 1 || !ring.every((each) => each >= -0.01 && each <= 1.01)) {
      throw new InputError(
        problem(where, "expected x and y of three points or more, from 0 to 1", line.slice(0, 40), "Correct it."),
      );
    }
    const name = names[index];
    if (name === undefined)
      throw new InputError(
        problem(
          where,
          `expected a class from 0 to ${names.length - 1}`,
          String(index),
          "Correct it, or add the name to data.yaml.",
        ),
      );
    return [{ label: indexOf(name), areas: [{ rings: [ring] }] }];
  });
}

export const yolo: Layout = {
  name: "yolo",
  about: "YOLO segmentation labels: data.yaml and a text file of polygons for each photograph",
  drawing,
  signs: [],
  async recognizes(platform, root) {
    if ((await listFile(platform, root)) === null) return false;
    for (const split of ["train", "val", "test"] as const)
      if ((await foldersOf(platform, root, split)) !== null) return true;
    return false;
  },
  async splits(platform, { root }) {
    const found: Split[] = [];
    for (const split of ["train", "val", "test"] as const)
      if ((await foldersOf(platform, root, split)) !== null) found.push(split);
    return found;
  },
  survey,
};
