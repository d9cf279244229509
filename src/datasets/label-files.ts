/** Files that label many images at once: tags, captions, and the annotation of panoptic segments. */

import type { ClassInfo, Segment } from "../data/sample.ts";
import { InputError, problem, shown, suggestion } from "../errors.ts";
import { distinctColors } from "../image/palette.ts";
import { parseJson } from "../platform/json.ts";
import { stemOf } from "./pairs.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * tags.json: `{"train": {NAME: [class names]}, "val": …}`, or without splits `{NAME: [class names]}` → class indices by
 * name of the image, ascending. Throws InputError naming the file and what is wrong in it.
 */
export function tagsFrom(
  text: string,
  file: string,
  split: string,
  classes: readonly ClassInfo[],
): Map<string, readonly number[]> {
  const root = fieldsOf(text, file, 'Write {"train": {"NAME": ["sky", "road"]}}.');
  const values = Object.values(root);
  const isBySplit = values.length > 0 && values.every((value) => isFields(value));
  const own = isBySplit ? (root[split] ?? {}) : root;
  const indexOf = new Map(classes.map(({ name }, index) => [name, index]));
  const tags = new Map<string, readonly number[]>();
  for (const [name, list] of Object.entries(own as Fields)) {
    const where = `${file}: ${name}`;
    if (!Array.isArray(list)) {
      throw new InputError(problem(where, "expected a list of class names", shown(list), 'Write ["sky", "road"].'));
    }
    const indices = list.map((each: unknown) => {
      const index = typeof each === "string" ? indexOf.get(each) : undefined;
      if (index !== undefined) return index;
      const remedy = suggestion(String(each), [...indexOf.keys()]);
      throw new InputError(problem(where, "expected the name of a class in classes.json", shown(each), remedy));
    });
    tags.set(
      stemOfImage(name),
      [...new Set(indices)].sort((a, b) => a - b),
    );
  }
  return tags;
}

/**
 * captions.jsonl: a line `{"image": "train/NAME.jpg", "captions": ["…", …]}` (or `"caption": "…"`) for each image, its
 * path as below `images`; a name without folder is of any split → captions of one split by name of the image.
 * Throws InputError naming the file and the line.
 */
export function captionsFrom(text: string, file: string, split: string): Map<string, readonly string[]> {
  const captions = new Map<string, string[]>();
  for (const [index, line] of text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === "") continue;
    const where = `${file}: line ${index + 1}`;
    const example = 'Write {"image": "train/NAME.jpg", "captions": ["A red car."]}.';
    const {
      image,
      caption,
      captions: many = caption === undefined ? undefined : [caption],
    } = fieldsOf(line, where, example);
    if (typeof image !== "string" || image === "") {
      throw new InputError(problem(where, "expected the image's name", shown(image), example));
    }
    const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";
    if (!Array.isArray(many) || many.length === 0 || !many.every(isText)) {
      throw new InputError(problem(where, "expected captions that are not empty", shown(many ?? "none"), example));
    }
    const folder = image.includes("/") ? image.slice(0, image.indexOf("/")) : split;
    if (folder !== split) continue;
    const id = stemOfImage(image);
    captions.set(id, [...(captions.get(id) ?? []), ...many.map((each) => each.trim())]);
  }
  return captions;
}

export interface PanopticAnnotation {
  /** Of `classes.json` where there is one, of the annotation's categories otherwise. */
  readonly classes: readonly ClassInfo[];
  /** By name of the image: name of its PNG, and its segments. */
  readonly byId: ReadonlyMap<string, { readonly file: string; readonly segments: readonly Segment[] }>;
}

/**
 * COCO's panoptic annotation: `categories` (id, name, isthing) and `annotations` (file_name, segments_info: id,
 * category_id, iscrowd, area). Categories are classes by name; those of `classes`, where it is given, learn from them
 * what is a thing. Throws InputError naming the file and the entry at fault.
 */
export function panopticFrom(text: string, file: string, classes: readonly ClassInfo[] | null): PanopticAnnotation {
  const remedy = "Restore the file, as COCO's panoptic tools write it.";
  const root = fieldsOf(text, file, remedy);
  const fail = (field: string, expected: string, got: unknown, fix = remedy): never => {
    throw new InputError(problem(`${file}: ${field}`, expected, shown(got ?? "none"), fix));
  };
  const { categories, annotations } = root;
  if (!Array.isArray(categories) || !categories.every(isFields))
    return fail("categories", "expected a list", categories);
  if (!Array.isArray(annotations) || !annotations.every(isFields))
    return fail("annotations", "expected a list", annotations);
  const colors = distinctColors(categories.length);
  const things = new Map<string, boolean>();
  const own = categories.map(({ id, name, isthing }, index): ClassInfo => {
    if (!Number.isSafeInteger(id) || typeof name !== "string") {
      return fail(`categories[${index}]`, "expected an id and a name", categories[index]);
    }
    const thing = isthing === 1 || isthing === true;
    things.set(name, thing);
    return { name, color: colors[index], thing };
  });
  const all = classes?.map((each) => {
    const thing = each.thing ?? things.get(each.name);
    return thing === undefined ? each : { ...each, thing };
  });
  const indexOf = new Map((all ?? own).map(({ name }, index) => [name, index]));
  const classOf = new Map(categories.map(({ id, name }) => [id, indexOf.get(name as string)]));
  const nameOf = new Map(categories.map(({ id, name }) => [id, name]));
  const byId = new Map<string, { file: string; segments: Segment[] }>();
  for (const [index, { file_name: name, segments_info: list }] of annotations.entries()) {
    const field = `annotations[${index}]`;
    if (typeof name !== "string" || name.includes(".."))
      return fail(`${field}.file_name`, "expected a file's name", name);
    if (!Array.isArray(list) || !list.every(isFields)) return fail(`${field}.segments_info`, "expected a list", list);
    const segments = list.map(({ id, category_id: category, iscrowd, area }, at): Segment => {
      const where = `${field}.segments_info[${at}]`;
      if (!Number.isSafeInteger(id) || (id as number) < 1 || (id as number) >= 2 ** 24) {
        return fail(`${where}.id`, "expected a whole number from 1 to 16777215", id);
      }
      const classIndex = classOf.get(category);
      if (classIndex === undefined) {
        const known = nameOf.get(category);
        return known === undefined
          ? fail(`${where}.category_id`, "expected the id of a category", category)
          : fail(
              `${where}.category_id`,
              "expected a class of classes.json",
              known,
              "Add it there, or remove the segment.",
            );
      }
      return {
        ...{ id: id as number, classIndex, crowd: iscrowd === 1 || iscrowd === true },
        ...(typeof area === "number" && { area }),
      };
    });
    const twice = segments.find(({ id }, at) => segments.findIndex((each) => each.id === id) !== at);
    if (twice !== undefined) return fail(`${field}.segments_info`, "expected each id once", `${twice.id} twice`);
    byId.set(stemOf(name), { file: name, segments });
  }
  return { classes: all ?? own, byId };
}

/** things.json: names of the classes that are things; all others are stuff. Throws InputError naming the file. */
export function withThings(text: string, file: string, classes: readonly ClassInfo[]): readonly ClassInfo[] {
  const expected = "expected a list of the names of classes that are things";
  const value = parsed(text, file, 'Write ["car", "person"].');
  if (!Array.isArray(value)) throw new InputError(problem(file, expected, shown(value), 'Write ["car", "person"].'));
  const known = new Set(classes.map(({ name }) => name));
  const other: unknown = value.find((name: unknown) => !known.has(name as string));
  if (other !== undefined) {
    const remedy = typeof other === "string" ? suggestion(other, [...known]) : "Correct the file.";
    throw new InputError(problem(file, expected, shown(other), remedy));
  }
  const things = new Set(value as string[]);
  return classes.map((each) => ({ ...each, thing: each.thing ?? things.has(each.name) }));
}

/** `train/NAME.jpg` and `NAME` → `NAME`: names in lists come with and without their ending. */
function stemOfImage(name: string): string {
  return /\.(jpe?g|jfif|png|webp|avif|tiff?|gif|bmp|ppm)$/i.test(name)
    ? stemOf(name)
    : name.slice(name.lastIndexOf("/") + 1);
}

function parsed(text: string, where: string, remedy: string): unknown {
  try {
    return parseJson(text.replace(/^\ufeff/, ""));
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\s+/g, " ") : String(error);
    throw new InputError(
      problem(where, "expected JSON", text.trim() === "" ? "nothing" : `broken JSON (${reason})`, remedy),
    );
  }
}

function fieldsOf(text: string, where: string, remedy: string): Fields {
  const value = parsed(text, where, remedy);
  if (isFields(value)) return value;
  throw new InputError(problem(where, "expected a JSON object", shown(value), remedy));
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
