/** Panoptic segments in files that any program wrote: COCO's JSON with PNGs of ids beside it, or PNGs of two channels alone. */
import { stemOf } from "../datasets/pairs.ts";
import { type Fields, fieldsOf, readUtf8 } from "../datasets/text-file.ts";
import { InputError, isObject, problem, shown } from "../errors.ts";
import type { ScoredSegment, ScoredSegments } from "../metrics/panoptic-quality.ts";
import { segmentIdsOf } from "../metrics/segment-ids.ts";
import { joinPath, lastPart } from "../platform/join-path.ts";
import { listBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import { indicesOf, type PanopticClass, predictedCategories } from "./panoptic-categories.ts";

export type ImageId = number | string;

export interface PanopticImage {
  readonly id: ImageId;
  /** Names without ending: the photograph's, where the JSON lists it, and that of the PNG. */
  readonly names: readonly string[];
  /** The JSON lists its photograph. */
  readonly isListed: boolean;
  /** Path of the PNG. */
  readonly file: string;
  read(): Promise<ScoredSegments>;
}

/** Images in the order of the file. */
export type PanopticImages = ReadonlyMap<ImageId, PanopticImage>;

const restore = "Correct the file: COCO's panoptic format is described at https://cocodataset.org/#format-results.";

function fail(file: string, field: string, expected: string, got: unknown, remedy = restore): never {
  throw new InputError(problem(`${file}: ${field}`, expected, got === undefined ? "none" : shown(got), remedy));
}

/**
 * The ground truth. file: its JSON; masks: the folder of its PNGs, by default that of the JSON's name without .json, else that of the
 * JSON. Throws InputError that names the file and the entry at fault.
 */
export async function readTruth(
  platform: Platform,
  file: string,
  masks?: string,
): Promise<{ readonly classes: readonly PanopticClass[]; readonly images: PanopticImages }> {
  const fields = await fieldsIn(platform, file);
  const classes = classesFrom(fields, file);
  const indexOf = indicesOf(classes);
  return { classes, images: await imagesFrom(platform, fields, { indexOf, file, masks, isTruth: true }) };
}

/** As `readTruth`, of predictions, whose classes are those of the truth: see `predictedCategories`. */
export async function readPredictions(
  platform: Platform,
  file: string,
  classes: readonly PanopticClass[],
  { masks, onNote = () => {} }: { readonly masks?: string | undefined; readonly onNote?: (line: string) => void } = {},
): Promise<PanopticImages> {
  const fields = await fieldsIn(platform, file);
  const indexOf = predictedCategories(fields, file, classes, onNote);
  return imagesFrom(platform, fields, { indexOf, file, masks, isTruth: false });
}

/**
 * Predictions without JSON, a PNG for each image of the truth, called as the truth's, or NAME.panoptic.png, as predict writes beside masks: red
 * is the class's id and 0 where there is nothing, green tells instances of a class apart, blue is 0. Each pair is a segment.
 */
export function twoChannelPredictions(
  platform: Platform,
  folder: string,
  classes: readonly PanopticClass[],
  truth: PanopticImages,
): PanopticImages {
  const indexOf = indicesOf(classes);
  const images = [...truth.values()].map((image): [ImageId, PanopticImage] => {
    const stem = joinPath(folder, lastPart(image.file).replace(/\.[^.]*$/, ""));
    const read = async () => {
      const predicted = `${stem}.panoptic.png`;
      const file = (await platform.exists(predicted)) === "file" ? predicted : `${stem}.png`;
      const ids = segmentIdsOf(await platform.decodeMask(file), file);
      const segments = new Map<number, ScoredSegment>();
      for (let i = 0; i < ids.data.length; i++) {
        const value = ids.data[i];
        if (i > 0 && value === ids.data[i - 1]) continue;
        if (value > 0xffff) {
          const remedy = "Where the PNGs are COCO's, name their JSON in place of the folder.";
          throw new InputError(problem(file, "expected two channels, blue being 0", `${value >>> 16}`, remedy));
        }
        const category = value & 255;
        if (category === 0 || segments.has(value)) continue;
        const classIndex = indexOf.get(category);
        if (classIndex === undefined) {
          const remedy = "Write category ids as the ground truth has them.";
          throw new InputError(problem(file, "expected the id of a category in red", `${category}`, remedy));
        }
        segments.set(value, { id: value, classIndex });
      }
      // Instances of nothing are nothing.
      const data = ids.data.map((value) => ((value & 255) === 0 ? 0 : value));
      return { ...ids, data, segments: [...segments.values()] };
    };
    return [image.id, { ...image, file: `${stem}.png`, read }];
  });
  return new Map(images);
}

async function fieldsIn(platform: Platform, file: string): Promise<Fields> {
  return fieldsOf(await readUtf8(platform, file, listBytes), file, restore);
}

function classesFrom({ categories: list }: Fields, file: string): readonly PanopticClass[] {
  if (!Array.isArray(list) || list.length === 0) return fail(file, "categories", "expected a list", list);
  const seen = new Set<unknown>();
  return list.map((each: unknown, index): PanopticClass => {
    const field = `categories[${index}]`;
    if (!isObject(each)) return fail(file, field, "expected an object", each);
    const { id, name, isthing } = each;
    if (!Number.isSafeInteger(id)) return fail(file, `${field}.id`, "expected a whole number", id);
    if (seen.has(id)) return fail(file, `${field}.id`, "expected an id of its own", id);
    seen.add(id);
    if (typeof name !== "string") return fail(file, `${field}.name`, "expected a name", name);
    if (typeof isthing !== "boolean" && isthing !== 0 && isthing !== 1) {
      return fail(file, `${field}.isthing`, "expected 1 for things or 0 for stuff", isthing);
    }
    return { id: id as number, name, thing: isthing === 1 || isthing === true };
  });
}

interface SetOptions {
  readonly indexOf: ReadonlyMap<unknown, number>;
  readonly file: string;
  readonly masks: string | undefined;
  readonly isTruth: boolean;
}

/** All entries are looked at here: what is wrong with the last is told before the first is scored. */
async function imagesFrom(
  platform: Platform,
  { annotations, images: photographs }: Fields,
  { indexOf, file, masks, isTruth }: SetOptions,
): Promise<PanopticImages> {
  if (!Array.isArray(annotations)) return fail(file, "annotations", "expected a list", annotations);
  const folder = masks ?? (await folderBeside(platform, file));
  const listed = photographNames(photographs);
  const images = new Map<ImageId, PanopticImage>();
  for (const [index, annotation] of annotations.entries()) {
    const field = `annotations[${index}]`;
    if (!isObject(annotation)) return fail(file, field, "expected an object", annotation);
    const { image_id: id, file_name: name, segments_info: list } = annotation;
    if (typeof id !== "number" && typeof id !== "string") {
      return fail(file, `${field}.image_id`, "expected a number or a text", id);
    }
    if (images.has(id)) return fail(file, `${field}.image_id`, "expected each image once", id, "Merge the two.");
    const path = typeof name === "string" ? name.replace(/\\/g, "/") : "";
    if (path === "" || path.split("/").includes("..")) {
      return fail(file, `${field}.file_name`, "expected the name of a PNG", name);
    }
    if (!Array.isArray(list)) return fail(file, `${field}.segments_info`, "expected a list", list);
    const segments = list.map((each: unknown, at) => {
      const where = `${field}.segments_info[${at}]`;
      if (!isObject(each)) return fail(file, where, "expected an object", each);
      const segment = segmentFrom(each, indexOf, file, where);
      return isTruth ? { ...segment, ...ofTruth(each, file, where) } : segment;
    });
    const png = joinPath(folder, path);
    const read = async () => ({ ...segmentIdsOf(await platform.decodeMask(png), png), segments });
    const photograph = listed.get(id);
    const names = [...(photograph === undefined ? [] : [photograph]), stemOf(path).replace(/\.panoptic$/, "")];
    images.set(id, { id, names, isListed: photograph !== undefined, file: png, read });
  }
  return images;
}

/** Names of photographs by id, without ending; none where the list is another. */
function photographNames(images: unknown): ReadonlyMap<unknown, string> {
  const list: readonly unknown[] = Array.isArray(images) ? images : [];
  const named = list.flatMap((each): [unknown, string][] =>
    isObject(each) && typeof each.file_name === "string" ? [[each.id, stemOf(each.file_name.replace(/\\/g, "/"))]] : [],
  );
  return new Map(named);
}

function segmentFrom(
  { id, category_id: category }: Fields,
  indexOf: ReadonlyMap<unknown, number>,
  file: string,
  where: string,
): ScoredSegment {
  if (!Number.isSafeInteger(id) || (id as number) < 1 || (id as number) >= 2 ** 24) {
    return fail(file, `${where}.id`, "expected a whole number from 1 to 16777215", id);
  }
  const classIndex = indexOf.get(category);
  if (classIndex === undefined) {
    const remedy = "Write category ids as the ground truth's categories have them.";
    return fail(file, `${where}.category_id`, "expected the id of a category", category, remedy);
  }
  return { id: id as number, classIndex };
}

/** What only the truth says; in predictions the PNG alone tells the area. */
function ofTruth({ iscrowd, area }: Fields, file: string, where: string): Pick<ScoredSegment, "crowd" | "area"> {
  const crowd = iscrowd === 1 || iscrowd === true;
  if (area === undefined) return { crowd };
  if (typeof area === "number" && area >= 0) return { crowd, area };
  return fail(file, `${where}.area`, "expected a number of pixels", area);
}

/** As COCO lays them: panoptic_val2017.json with panoptic_val2017/. */
async function folderBeside(platform: Platform, file: string): Promise<string> {
  const named = file.replace(/\.json$/i, "");
  if (named !== file && (await platform.exists(named)) === "folder") return named;
  return file.replace(/[^/\\]*$/, "") || ".";
}
