/** COCO's instance annotations (Lin et al. 2014), as COCO and many annotation tools write them: polygons and run lengths. */

import { labelledSplits, type Split } from "../../data/dataset.ts";
import { InputError, isObject, problem, shown } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import { listBytes } from "../../platform/limits.ts";
import type { Platform } from "../../platform/platform.ts";
import { cocoPhotographFolders, cocoTagList, cocoTags, misnamedTags } from "../coco-tags.ts";
import type { Folders, Layout, Problem, Survey } from "../layout.ts";
import { makeProblem, sortById } from "../pairs.ts";
import { withSaliency } from "../saliency-maps.ts";
import { namesWithYears } from "../split-names.ts";
import { type Fields, fieldsOf, readUtf8 } from "../text-file.ts";
import { type Annotated, annotatedEntries } from "./annotated.ts";
import { annotationsIn, candidates } from "./coco-files.ts";
import { type Area, decodeRuns, type Shape } from "./draw-shapes.ts";
import { isPoints } from "./rings.ts";
import { type ShapeClasses, shapeClasses } from "./shape-classes.ts";

const drawing = `
FOLDER/
  annotations/instances_train.json      or instances_train2017.json, instances_default.json, train.json; also val, test
  images/train/NAME.jpg                 photographs by file_name: in images/SPLIT, images, SPLIT, beside the JSON, or FOLDER
or FOLDER/train/_annotations.coco.json  beside its photographs; also valid, test
or FOLDER/annotations.json              or whatever lies there alone: all of it is train
and FOLDER/tags.txt                     or in annotations, also .csv or .json: photographs of a split with tags need no annotation
and FOLDER/saliency/train/NAME.png      saliency maps, grey, for methods that learn from these; or all of them in saliency/
`.trim();

const restore = "Export it as COCO instances with masks.";

interface Parsed {
  readonly file: string;
  readonly images: readonly Fields[];
  readonly annotations: readonly Fields[];
  /** Names by id. */
  readonly categories: ReadonlyMap<string, string>;
}

async function parse(platform: Platform, file: string): Promise<Parsed> {
  const { images, annotations, categories } = fieldsOf(await readUtf8(platform, file, listBytes), file, restore);
  for (const [name, list] of Object.entries({ images, annotations, categories })) {
    if (Array.isArray(list) && list.every(isObject)) continue;
    throw new InputError(
      problem(`${file}: ${name}`, "expected a list", list === undefined ? "none" : shown(list), restore),
    );
  }
  const named = new Map<string, string>();
  for (const [at, { id, name }] of (categories as Fields[]).entries()) {
    const where = `${file}: categories[${at}]`;
    if ((typeof name !== "string" && typeof name !== "number") || String(name).trim() === "") {
      throw new InputError(problem(where, "expected a name", shown(name), 'Write "name": "cat".'));
    }
    named.set(String(id), String(name));
  }
  for (const [at, { file_name: name }] of (images as Fields[]).entries()) {
    if (typeof name === "string" && name !== "") continue;
    const where = `${file}: images[${at}]`;
    throw new InputError(problem(where, "expected a file_name", shown(name), 'Write "file_name": "a.jpg".'));
  }
  requireOwnIds(categories as Fields[], "name", `${file}: categories`);
  requireOwnIds(images as Fields[], "file_name", `${file}: images`);
  return { file, images: images as Fields[], annotations: annotations as Fields[], categories: named };
}

/** Throws InputError where two of a list have one id: what is said of one would be said of both. */
function requireOwnIds(list: readonly Fields[], name: string, where: string): void {
  const known = new Map<string, unknown>();
  for (const [at, each] of list.entries()) {
    const id = String(each.id);
    if (known.has(id)) {
      const got = `${shown(each.id)} for ${shown(known.get(id))} and ${shown(each[name])}`;
      const remedy = "Give each its own, as annotations mean it.";
      throw new InputError(problem(`${where}[${at}]`, "expected an id of its own", got, remedy));
    }
    known.set(id, each[name]);
  }
}

/** A shape with the pixels that it covers, as its annotation says or its outlines do. */
interface Sized extends Shape {
  readonly size: number;
}

/** Where photographs are looked for, the most particular first. */
function photographFolders(root: string, split: Split, file: string): string[] {
  const names = namesWithYears(split);
  return [
    ...names.map((name) => joinPath(root, "images", name)),
    ...["images/default", "images"].map((name) => joinPath(root, name)),
    ...names.map((name) => joinPath(root, name)),
    ...[file.slice(0, file.lastIndexOf("/")), root],
  ];
}

async function survey(platform: Platform, { root }: Folders, split: Split): Promise<Survey> {
  const files = await annotationsIn(platform, root);
  const tagList = await cocoTagList(platform, root);
  const file = files.get(split);
  // A split that has tags alone has the classes of another's annotation.
  const named = files.get("train") ?? file ?? [...files.values()][0];
  if (named === undefined || (file === undefined && tagList === undefined)) {
    throw new InputError(
      problem(
        joinPath(root, candidates(split)[0]),
        "expected the annotation of the split",
        "no such file",
        "Add it, tags.txt for its photographs, or --val-fraction 0.2 for val.",
      ),
    );
  }
  const listing = await parse(platform, named);
  const names = [...new Set(listing.categories.values())].map((name) => ({ name }));
  const shapes = await shapeClasses(platform, root, names, named);
  const { classes } = shapes;
  const usual = { classes, valueMap: {}, remedy: restore };
  const tags = tagList === undefined ? undefined : await cocoTags(platform, root, split, { file: tagList, classes });
  if (file === undefined) {
    const { entries } = tags!;
    return { ...usual, entries: sortById(entries), ...misnamedTags(tags!, new Set(entries.map(({ id }) => id))) };
  }
  const parsed = file === named ? listing : await parse(platform, file);
  const { annotated, problems } = annotatedIn(parsed, shapes);
  const found = await annotatedEntries(platform, root, photographFolders(root, split, file), annotated, {
    isAlone: files.size === 1,
    faulty: tags?.entries.map(({ id }) => id) ?? [],
  });
  if (tags === undefined) return { ...usual, ...found, problems: [...problems, ...found.problems] };
  const seen = new Set(found.entries.map(({ image }) => image));
  const entries = found.entries.map((entry) => {
    const own = tags.byId.get(entry.id);
    return own === undefined ? entry : { ...entry, labels: { ...entry.labels, tags: own } };
  });
  const all = sortById([...entries, ...tags.entries.filter(({ image }) => !seen.has(image))]);
  const misnamed = misnamedTags(tags, new Set(all.map(({ id }) => id)));
  return {
    ...{ ...usual, entries: all },
    problems: [...problems, ...found.problems, ...misnamed.problems],
    notes: [...found.notes, ...misnamed.notes],
  };
}

/** What an annotation draws of each of its images, and what is wrong with it. */
function annotatedIn(
  parsed: Parsed,
  { indexOf, fill }: ShapeClasses,
): { readonly annotated: readonly Annotated[]; readonly problems: readonly Problem[] } {
  const { file } = parsed;
  const known = new Set(parsed.images.map(({ id }) => String(id)));
  const byImage = new Map<string, Sized[]>();
  const problems: Problem[] = [];
  const [boxes, lost]: [unknown[], unknown[]] = [[], []];
  for (const [at, { image_id: image, category_id: category, segmentation, area }] of parsed.annotations.entries()) {
    const where = `${file}: annotations[${at}]`;
    const name = parsed.categories.get(String(category));
    if (name === undefined)
      throw new InputError(problem(where, "expected the id of a category", shown(category), "Add the category."));
    if (!known.has(String(image))) lost.push(image);
    const areas = areasOf(segmentation, where);
    if (areas.length === 0) boxes.push(image);
    const size = typeof area === "number" ? area : sum(areas.map(sizeOfArea));
    const list = byImage.get(String(image)) ?? [];
    list.push({ label: indexOf(name, where), areas, size });
    byImage.set(String(image), list);
  }
  const all = parsed.annotations.length;
  if (lost.length > 0) {
    const expected = "expected image_id to be the id of one of its images";
    const got = `${shown(lost[0])} and such in ${lost.length} of ${all} annotations`;
    problems.push(makeProblem(file, expected, got, "Add the images, or remove the annotations."));
  }
  if (boxes.length > 0) {
    const remedy = "Boxes alone label no pixels: export polygons or run lengths.";
    const got = `none of ${boxes.length} of ${all}`;
    problems.push(makeProblem(file, "expected a segmentation of every annotation", got, remedy));
  }
  const annotated = parsed.images.map(({ id, file_name: name, width, height }): Annotated => {
    // Small things lie on large ones.
    const shapes = (byImage.get(String(id)) ?? []).sort((a, b) => b.size - a.size);
    const size = typeof width === "number" && typeof height === "number" ? { size: { width, height } } : {};
    return {
      names: [String(name)],
      file,
      labels: { mask: { file, where: `${file}: ${name}`, shapes, fill, ...size } },
    };
  });
  return { annotated, problems };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Pixels that an area covers, for annotations that do not say. */
function sizeOfArea(area: Area): number {
  if ("runs" in area) return sum(area.runs.filter((_, at) => at % 2 === 1));
  if (!("rings" in area)) return 0;
  const twice = area.rings.map((ring) =>
    sum(
      ring.map((x, at) =>
        at % 2 === 1 ? 0 : x * ring[(at + 3) % ring.length] - ring[(at + 2) % ring.length] * ring[at + 1],
      ),
    ),
  );
  return Math.abs(sum(twice)) / 2;
}

/** Polygons are parts of one instance; run lengths are lists of numbers, or COCO's text. */
function areasOf(value: unknown, where: string): Area[] {
  if (value === undefined || value === null) return [];
  const isNumbers = (each: unknown): each is number[] =>
    Array.isArray(each) && each.every((part) => Number.isFinite(part));
  if (Array.isArray(value)) {
    // Some programs leave the outer list out, or write points as lists of their own.
    const whole: unknown[] = value.length > 0 && (isNumbers(value) || isPoints(value)) ? [value] : value;
    const rings = whole.flatMap((ring): unknown[] =>
      isPoints(ring) ? (ring.length === 0 ? [] : [ring.flat()]) : [ring],
    );
    if (!rings.every((ring) => isNumbers(ring) && ring.length >= 6 && ring.length % 2 === 0)) {
      const remedy = "Write [[x1, y1, x2, y2, x3, y3, …]], or remove the annotation.";
      throw new InputError(
        problem(`${where}.segmentation`, "expected polygons of three points or more", shown(value), remedy),
      );
    }
    return rings.map((ring) => ({ rings: [ring as number[]] }));
  }
  const { counts, size } = isObject(value) ? value : {};
  if (isNumbers(size) && size.length === 2 && (typeof counts === "string" || isNumbers(counts))) {
    const runs = typeof counts === "string" ? decodeRuns(counts) : counts;
    const [height, width] = size;
    if (runs.every((run) => run >= 0) && sum(runs) === width * height) return [{ runs, width, height }];
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
    return (await annotationsIn(platform, root)).size > 0;
  },
  async splits(platform, { root }) {
    const found = await annotationsIn(platform, root);
    const hasTags = found.size > 0 && (await cocoTagList(platform, root)) !== undefined;
    const splits: Split[] = [];
    for (const split of labelledSplits) {
      const isThere = found.has(split) || (hasTags && (await cocoPhotographFolders(platform, root, split)).length > 0);
      if (isThere) splits.push(split);
    }
    return splits;
  },
  async survey(platform, folders, split) {
    return withSaliency(platform, folders.root, split, await survey(platform, folders, split));
  },
};
