/** COCO's panoptic annotation: which categories there are, and which segments each PNG of ids has. */

import type { ClassInfo, Segment } from "../data/sample.ts";
import { InputError, isObject, problem, shown } from "../errors.ts";
import { maxClasses } from "../image/image.ts";
import { distinctColors } from "../image/palette.ts";
import type { AnnotatedIds } from "./layout.ts";
import { stemOf } from "./pairs.ts";
import { type Fields, fieldsOf } from "./text-file.ts";

export interface Category {
  readonly id: number;
  readonly name: string;
  readonly thing: boolean;
}

/** What `predict` calls the annotation that it writes beside its PNGs. */
export const annotationName = "panoptic.json";

export interface PanopticAnnotation {
  readonly file: string;
  readonly categories: readonly Category[];
  /** As the file has them; `segmentsFrom` reads them. */
  readonly annotations: readonly Fields[];
}

const restore = "Restore the file, as COCO's panoptic tools write it.";

function fail(file: string, field: string, expected: string, got: unknown, remedy = restore): never {
  throw new InputError(problem(`${file}: ${field}`, expected, got === undefined ? "none" : shown(got), remedy));
}

/**
 * text: `categories` (id, name, isthing) and `annotations` (file_name, segments_info: id, category_id, iscrowd, area).
 * Throws InputError naming the file and the entry at fault.
 */
export function parseAnnotation(text: string, file: string): PanopticAnnotation {
  const { categories: list, annotations } = fieldsOf(text, file, restore);
  if (!Array.isArray(list) || !list.every(isObject)) return fail(file, "categories", "expected a list", list);
  if (!Array.isArray(annotations) || !annotations.every(isObject))
    return fail(file, "annotations", "expected a list", annotations);
  const seen = new Set<unknown>();
  const categories = list.map(({ id, name, isthing }, index): Category => {
    const field = `categories[${index}]`;
    if (!Number.isSafeInteger(id) || typeof name !== "string")
      return fail(file, field, "expected an id and a name", list[index]);
    if (seen.has(id)) return fail(file, `${field}.id`, "expected an id of its own", id, "Give each category its own.");
    seen.add(id);
    return { id: id as number, name, thing: isthing === 1 || isthing === true };
  });
  return { file, categories, annotations };
}

/**
 * The categories as the classes of a data set, which is not said yet to have things. Throws InputError where they cannot
 * be: too many, none, or without names of their own.
 */
export function classesOf({ file, categories }: PanopticAnnotation): readonly ClassInfo[] {
  if (categories.length === 0 || categories.length > maxClasses) {
    const remedy = "Merge or add categories.";
    return fail(file, "categories", `expected 1 to ${maxClasses} classes`, categories.length, remedy);
  }
  const colors = distinctColors(categories.length);
  const seen = new Set<string>();
  const classes = categories.map(({ name }, index): ClassInfo => {
    const field = `categories[${index}].name`;
    if (name.trim() === "") return fail(file, field, "expected a name", name, "Name the category.");
    if (seen.has(name)) return fail(file, field, "expected a name of its own", name, "Rename one, or merge the two.");
    seen.add(name);
    return { name, color: colors[index] };
  });
  return withCategoryIds(classes, { categories });
}

/** Classes with the ids of the annotation's categories, by name; as they are where one has an id, or ids say no more than the order. */
export function withCategoryIds(
  classes: readonly ClassInfo[],
  { categories }: Pick<PanopticAnnotation, "categories">,
): readonly ClassInfo[] {
  if (classes.some(({ categoryId }) => categoryId !== undefined)) return classes;
  const ids = new Map(categories.map(({ id, name }) => [name, id]));
  if (classes.every(({ name }, index) => ids.get(name) === index + 1)) return classes;
  return classes.map((each) => {
    const categoryId = ids.get(each.name);
    return categoryId === undefined ? each : { ...each, categoryId };
  });
}

/**
 * The segments by name of the image, and the name of its PNG. Categories are `classes` by name, which `listed`, a file,
 * has listed; `imageOf` makes a PNG's name that of its image. Throws InputError naming the file and the entry at fault.
 */
export function segmentsFrom(
  { file, categories, annotations }: PanopticAnnotation,
  classes: readonly ClassInfo[],
  listed: string,
  imageOf: (png: string) => string = stemOf,
): Map<string, AnnotatedIds> {
  const indexOf = new Map(classes.map(({ name }, index) => [name, index]));
  const nameOf = new Map<unknown, string>(categories.map(({ id, name }) => [id, name]));
  const byId = new Map<string, { file: string; segments: Segment[] }>();
  for (const [index, { file_name: path, segments_info: list }] of annotations.entries()) {
    const field = `annotations[${index}]`;
    const name = typeof path === "string" ? path.replace(/\\/g, "/") : "";
    if (name === "" || name.split("/").includes("..")) {
      return fail(file, `${field}.file_name`, "expected a file's name", path);
    }
    if (byId.has(imageOf(name))) {
      return fail(file, `${field}.file_name`, "expected each image once", name, "Merge the two annotations.");
    }
    if (!Array.isArray(list) || !list.every(isObject))
      return fail(file, `${field}.segments_info`, "expected a list", list);
    const seen = new Set<number>();
    const segments = list.map(({ id, category_id: category, iscrowd, area }, at): Segment => {
      const where = `${field}.segments_info[${at}]`;
      if (!Number.isSafeInteger(id) || (id as number) < 1 || (id as number) >= 2 ** 24) {
        return fail(file, `${where}.id`, "expected a whole number from 1 to 16777215", id);
      }
      if (seen.has(id as number)) return fail(file, `${field}.segments_info`, "expected each id once", `${id} twice`);
      seen.add(id as number);
      const known = nameOf.get(category);
      if (known === undefined) return fail(file, `${where}.category_id`, "expected the id of a category", category);
      const classIndex = indexOf.get(known);
      if (classIndex === undefined) {
        const remedy = "Add it there, or remove the segment.";
        return fail(file, `${where}.category_id`, `expected a class of ${listed}`, known, remedy);
      }
      if (typeof area === "number" && !(area > 0)) {
        return fail(file, `${where}.area`, "expected pixels, more than 0", area, "Correct it, or remove the segment.");
      }
      return {
        ...{ id: id as number, classIndex, crowd: iscrowd === 1 || iscrowd === true },
        ...(typeof area === "number" && { area }),
      };
    });
    byId.set(imageOf(name), { file: name, segments });
  }
  return byId;
}
