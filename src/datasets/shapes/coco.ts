/** COCO's instance annotations (Lin et al. 2014), as COCO and many annotation tools write them: polygons and run lengths. */

import type { Split } from "../../data/dataset.ts";
import { InputError, isObject, problem, shown } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import { listBytes } from "../../platform/limits.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Folders, Layout, Problem, Survey } from "../layout.ts";
import { makeProblem } from "../pairs.ts";
import { splitNames } from "../split-names.ts";
import { type Fields, fieldsOf, readUtf8 } from "../text-file.ts";
import { type Annotated, annotatedEntries } from "./annotated.ts";
import { type Area, decodeRuns, type Shape } from "./draw-shapes.ts";
import { shapeClasses } from "./shape-classes.ts";

const drawing = `
FOLDER/
  annotations/instances_train.json      or instances_train2017.json, instances_default.json, train.json; also val, test
  images/train/NAME.jpg                 photographs by file_name: in images/SPLIT, images, SPLIT, beside the JSON, or FOLDER
or FOLDER/train/_annotations.coco.json  beside its photographs; also valid, test
or FOLDER/annotations.json              or coco.json, instances.json, result.json: all of it is train
`.trim();

const restore = "Export it as COCO instances with masks.";

/** Where the annotation of a split may be, below the folder. */
function candidates(split: Split): string[] {
  const names = splitNames[split].flatMap((name) => [name, `${name}2017`, `${name}2014`]);
  const inFolder = names.flatMap((name) => [
    `annotations/instances_${name}.json`,
    `annotations/${name}.json`,
    `${name}/_annotations.coco.json`,
    `${name}.json`,
  ]);
  const alone = [
    "annotations/instances_default.json",
    "_annotations.coco.json",
    "annotations.json",
    "annotations/annotations.json",
  ];
  return split === "train" ? [...inFolder, ...alone, "coco.json", "instances.json", "result.json"] : inFolder;
}

async function annotationOf(platform: Platform, root: string, split: Split): Promise<string | null> {
  for (const name of candidates(split)) {
    const file = joinPath(root, name);
    if ((await platform.exists(file)) === "file" && (await looksRight(platform, file))) return file;
  }
  return null;
}

/** By its first and last bytes, since such a file may have hundreds of megabytes: instances name categories and annotations. */
async function looksRight(platform: Platform, file: string): Promise<boolean> {
  return platform.withFile(file, async (source) => {
    const piece = 1 << 16;
    const ends = [
      await source.read(0, Math.min(piece, source.size)),
      await source.read(Math.max(0, source.size - piece), Math.min(piece, source.size)),
    ];
    const text = ends.map((bytes) => new TextDecoder().decode(bytes)).join(" ");
    return (
      /^\ufeff?\s*\{/.test(text) &&
      /"(?:images|annotations|categories)"\s*:\s*\[/.test(text) &&
      !text.includes('"segments_info"')
    );
  });
}

interface Parsed {
  readonly file: string;
  readonly images: readonly Fields[];
  readonly annotations: readonly Fields[];
  readonly categories: ReadonlyMap<unknown, string>;
}

async function parse(platform: Platform, file: string): Promise<Parsed> {
  const { images, annotations, categories } = fieldsOf(await readUtf8(platform, file, listBytes), file, restore);
  for (const [name, list] of Object.entries({ images, annotations, categories })) {
    if (Array.isArray(list) && list.every(isObject)) continue;
    throw new InputError(
      problem(`${file}: ${name}`, "expected a list", list === undefined ? "none" : shown(list), restore),
    );
  }
  const named = (categories as Fields[]).map(({ id, name }) => [id, String(name)] as const);
  return { file, images: images as Fields[], annotations: annotations as Fields[], categories: new Map(named) };
}

/** Where photographs are looked for, the most particular first. */
function photographFolders(root: string, split: Split, file: string): string[] {
  const names = splitNames[split].flatMap((name) => [name, `${name}2017`, `${name}2014`]);
  return [
    ...names.map((name) => joinPath(root, "images", name)),
    ...["images/default", "images"].map((name) => joinPath(root, name)),
    ...names.map((name) => joinPath(root, name)),
    ...[file.slice(0, file.lastIndexOf("/")), root],
  ];
}

async function survey(platform: Platform, { root }: Folders, split: Split): Promise<Survey> {
  const file = await annotationOf(platform, root, split);
  if (file === null) {
    throw new InputError(
      problem(
        joinPath(root, candidates(split)[0]),
        "expected the annotation of the split",
        "no such file",
        "Add it, or --val-fraction 0.2 for val.",
      ),
    );
  }
  const parsed = await parse(platform, file);
  const first = split === "train" ? null : await annotationOf(platform, root, "train");
  const categories = first === null ? parsed.categories : (await parse(platform, first)).categories;
  const { classes, indexOf, fill } = await shapeClasses(
    platform,
    root,
    [...new Set(categories.values())].map((name) => ({ name })),
  );
  const byImage = new Map<unknown, Shape[]>();
  const problems: Problem[] = [];
  const boxes: unknown[] = [];
  for (const [at, { image_id: image, category_id: category, segmentation, area }] of parsed.annotations.entries()) {
    const where = `${file}: annotations[${at}]`;
    const name = parsed.categories.get(category);
    if (name === undefined)
      throw new InputError(problem(where, "expected the id of a category", shown(category), "Add the category."));
    const areas = areasOf(segmentation, where);
    if (areas.length === 0) boxes.push(image);
    const list = byImage.get(image) ?? [];
    list.push({ label: indexOf(name), areas, size: typeof area === "number" ? area : 0 } as Shape & { size: number });
    byImage.set(image, list);
  }
  if (boxes.length > 0) {
    const remedy = "Boxes alone label no pixels: export polygons or run lengths.";
    problems.push(
      makeProblem(
        file,
        "expected a segmentation of every annotation",
        `none of ${boxes.length} of ${parsed.annotations.length}`,
        remedy,
      ),
    );
  }
  const annotated = parsed.images.map(({ id, file_name: name, width, height }): Annotated => {
    // Small things lie on large ones.
    const shapes = (byImage.get(id) ?? []).sort((a, b) => sizeOf(b) - sizeOf(a));
    const size = typeof width === "number" && typeof height === "number" ? { size: { width, height } } : {};
    return { names: [String(name)], file, labels: { mask: { file, shapes, fill, ...size } } };
  });
  const found = await annotatedEntries(platform, root, photographFolders(root, split, file), annotated);
  return {
    ...{ classes, valueMap: {}, remedy: restore, entries: found.entries, notes: [] },
    problems: [...problems, ...found.problems],
  };
}

function sizeOf(shape: Shape): number {
  return (shape as { readonly size?: number }).size ?? 0;
}

/** Polygons are parts of one instance; run lengths are lists of numbers, or COCO's text. */
function areasOf(value: unknown, where: string): Area[] {
  if (value === undefined || value === null) return [];
  const isNumbers = (each: unknown): each is number[] =>
    Array.isArray(each) && each.every((part) => Number.isFinite(part));
  if (Array.isArray(value)) {
    const rings = value.filter((ring) => !(Array.isArray(ring) && ring.length === 0));
    if (!rings.every((ring) => isNumbers(ring) && ring.length >= 6 && ring.length % 2 === 0)) {
      throw new InputError(
        problem(`${where}.segmentation`, "expected polygons of three points or more", shown(value), "Correct it."),
      );
    }
    return rings.map((ring) => ({ rings: [ring as number[]] }));
  }
  const { counts, size } = isObject(value) ? value : {};
  if (isNumbers(size) && size.length === 2 && (typeof counts === "string" || isNumbers(counts))) {
    const runs = typeof counts === "string" ? decodeRuns(counts) : counts;
    const [height, width] = size;
    const total = runs.reduce((sum, run) => sum + run, 0);
    if (runs.every((run) => run >= 0) && total === width * height) return [{ runs, width, height }];
  }
  throw new InputError(
    problem(
      `${where}.segmentation`,
      "expected polygons, or run lengths of the whole picture",
      shown(value),
      "Correct it.",
    ),
  );
}

export const coco: Layout = {
  name: "coco",
  about: "COCO's instance annotations: polygons and run lengths",
  drawing,
  signs: [],
  async recognizes(platform, root) {
    for (const split of ["train", "val", "test"] as const) {
      if ((await annotationOf(platform, root, split)) !== null) return true;
    }
    return false;
  },
  async splits(platform, { root }) {
    const found: Split[] = [];
    for (const split of ["train", "val", "test"] as const)
      if ((await annotationOf(platform, root, split)) !== null) found.push(split);
    return found;
  },
  survey,
};
