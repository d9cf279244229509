/** Files that label many images at once: tags, captions, and which classes are things. */

import { allSplits } from "../data/dataset.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError, isObject, problem, shown, suggestion } from "../errors.ts";
import { linesOf } from "../text/lines.ts";
import { looksLikeImage, stemOf } from "./pairs.ts";
import { fieldsOf, parsed } from "./text-file.ts";

/** What a list says of the images of one split. */
export interface Listing<Value> {
  /** By name of the image. */
  readonly byId: ReadonlyMap<string, Value>;
  /** Of these the names that are listed without a split: any may have such an image. */
  readonly loose: ReadonlySet<string>;
}

/**
 * tags.json: `{"train": {NAME: [class names]}, "val": …}`, or without splits `{NAME: [class names]}` → class indices,
 * ascending. Throws InputError naming the file and what is wrong in it.
 */
export function tagsFrom(
  text: string,
  file: string,
  split: string,
  classes: readonly ClassInfo[],
): Listing<readonly number[]> {
  const root = fieldsOf(text, file, 'Write {"train": {"NAME": ["sky", "road"]}}.');
  const isBySplit = Object.values(root).some(isObject);
  const indexOf = new Map(classes.map(({ name }, index) => [name, index]));
  const byId = new Map<string, readonly number[]>();
  const loose = new Set<string>();
  const add = (name: string, list: unknown, within?: string) => {
    const where = `${file}: ${name}`;
    const place = placeOf(name, where);
    if (within !== undefined && place.split !== undefined && place.split !== within) {
      throw new InputError(problem(where, `expected an image of ${within}`, `one of ${place.split}`, "Move its tags."));
    }
    if (!Array.isArray(list)) {
      throw new InputError(problem(where, "expected a list of class names", shown(list), 'Write ["sky", "road"].'));
    }
    const indices = list.map((each: unknown) => {
      const index = typeof each === "string" ? indexOf.get(each) : undefined;
      if (index !== undefined) return index;
      const remedy = suggestion(String(each), indexOf.keys());
      throw new InputError(problem(where, "expected the name of a class in classes.json", shown(each), remedy));
    });
    const own = within ?? place.split;
    if (own !== undefined && own !== split) return;
    if (byId.has(place.id)) {
      throw new InputError(problem(where, "expected each image once", `"${place.id}" twice`, "Merge the two lists."));
    }
    byId.set(
      place.id,
      [...new Set(indices)].sort((a, b) => a - b),
    );
    if (own === undefined) loose.add(place.id);
  };
  for (const [name, value] of Object.entries(root)) {
    if (!isBySplit) {
      add(name, value);
      continue;
    }
    if (!isSplit(name)) throw unknownSplit(file, name);
    if (!isObject(value)) {
      const remedy = 'Write {"NAME": ["sky", "road"]}.';
      throw new InputError(problem(`${file}: ${name}`, "expected images with their tags", shown(value), remedy));
    }
    for (const [image, list] of Object.entries(value)) add(image, list, name);
  }
  return { byId, loose };
}

/**
 * captions.jsonl: lines `{"image": "train/NAME.jpg", "captions": ["…", …]}` (or `"caption": "…"`), several for an image
 * being joined; paths as below `images`. Throws InputError naming the file and the line.
 */
export function captionsFrom(text: string, file: string, split: string): Listing<readonly string[]> {
  const byId = new Map<string, string[]>();
  const loose = new Set<string>();
  const example = 'Write {"image": "train/NAME.jpg", "captions": ["A red car."]}.';
  if (text.trim() === "") {
    throw new InputError(problem(file, "expected captions, a line for each image", "none", example));
  }
  for (const [index, line] of linesOf(text).entries()) {
    if (line.trim() === "") continue;
    const where = `${file}: line ${index + 1}`;
    const { image, caption, captions } = fieldsOf(line, where, example);
    if (typeof image !== "string" || image === "") {
      throw new InputError(
        problem(where, "expected the image's name", image === undefined ? "none" : shown(image), example),
      );
    }
    if (caption !== undefined && captions !== undefined) {
      throw new InputError(problem(where, "expected caption or captions", "both", "Keep one of them."));
    }
    const many = captions ?? (caption === undefined ? undefined : [caption]);
    const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";
    if (!Array.isArray(many) || many.length === 0 || !many.every(isText)) {
      const got = many === undefined ? "none" : shown(many);
      throw new InputError(problem(where, "expected captions that are not empty", got, example));
    }
    const place = placeOf(image, where);
    if (place.split !== undefined && place.split !== split) continue;
    const known = byId.get(place.id) ?? [];
    for (const each of many) known.push(each.trim());
    byId.set(place.id, known);
    if (place.split === undefined) loose.add(place.id);
  }
  return { byId, loose };
}

/** things.json: names of the classes that are things; all others are stuff. Throws InputError naming the file. */
export function withThings(text: string, file: string, classes: readonly ClassInfo[]): readonly ClassInfo[] {
  const expected = "expected a list of the names of classes that are things";
  const value = parsed(text, file, 'Write ["car", "person"].');
  if (!Array.isArray(value)) throw new InputError(problem(file, expected, shown(value), 'Write ["car", "person"].'));
  const known = new Set(classes.map(({ name }) => name));
  const other: unknown = value.find((name: unknown) => !known.has(name as string));
  if (other !== undefined) {
    const remedy = typeof other === "string" ? suggestion(other, known) : "Correct the file.";
    throw new InputError(problem(file, expected, shown(other), remedy));
  }
  const things = new Set(value as string[]);
  return classes.map((each) => ({ ...each, thing: each.thing ?? things.has(each.name) }));
}

/**
 * Which image a list means: `train/NAME.jpg`, `images/train/NAME.jpg`, `.\train\NAME`, or `NAME` of any split, and
 * `train/b/NAME` of a folder inside; names come with and without their ending. Throws InputError, beginning with `where`, for other folders.
 */
function placeOf(path: string, where: string): { readonly split?: string; readonly id: string } {
  const parts = path
    .replace(/\\/g, "/")
    .replace(/^(\.\/+)*(images\/+)?/, "")
    .split("/");
  const name = parts.pop() as string;
  const id = looksLikeImage(name) ? stemOf(name) : name.normalize("NFC");
  const [split, ...deeper] = parts;
  if (split === undefined) return { id };
  if (!isSplit(split)) throw unknownSplit(where, split === "" ? path : split);
  return { split, id: [...deeper, id].join("/").normalize("NFC") };
}

function isSplit(name: string): boolean {
  return allSplits.some((split) => split === name);
}

function unknownSplit(where: string, name: string): InputError {
  const expected = `expected ${allSplits.slice(0, -1).join(", ")} or ${allSplits.at(-1)}`;
  return new InputError(problem(where, expected, shown(name), suggestion(name, allSplits)));
}
