/** CVAT for images 1.1: an XML file that lists images, with polygons, boxes, ellipses and brushed masks by depth. */

import { labelledSplits, type Split } from "../../data/dataset.ts";
import { InputError, isObject, problem, shown, suggestion } from "../../errors.ts";
import { parseColor } from "../../image/color.ts";
import { joinPath } from "../../platform/join-path.ts";
import { listBytes } from "../../platform/limits.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Folders, Layout, Problem, Survey } from "../layout.ts";
import { makeProblem } from "../pairs.ts";
import { splitNames } from "../split-names.ts";
import { type Fields, readUtf8 } from "../text-file.ts";
import { type Annotated, annotatedEntries } from "./annotated.ts";
import type { Area, DrawnMask, Shape } from "./draw-shapes.ts";
import { boxRing, ellipseRing } from "./rings.ts";
import { type AnnotatedClass, type ShapeClasses, shapeClasses } from "./shape-classes.ts";

const drawing = `
FOLDER/
  annotations.xml        "CVAT for images 1.1", or what lies there alone; its subsets are splits: Train, Validation, Test; without any all of it is train
  images/NAME.jpg        photographs by name, also in images/SUBSET, or beside the XML
or FOLDER/train/annotations.xml, FOLDER/val/annotations.xml, with their photographs below
`.trim();

const restore = 'Export it anew as "CVAT for images 1.1".';

/** Shapes that cover pixels, by their element. */
const kinds = ["polygon", "box", "ellipse", "mask"] as const;
/** Those that cover none. */
const bare = ["polyline", "points", "cuboid", "skeleton"];

/** Elements of which there may be several. */
const listed: readonly string[] = ["image", "label", "attribute", ...kinds, ...bare];

interface Listing {
  readonly file: string;
  readonly folder: string;
  readonly images: readonly Fields[];
  readonly labels: readonly Fields[];
}

/** `annotations.xml` in any case, or what lies there alone of the kind. Throws InputError where there are several. */
async function annotationFile(platform: Platform, folder: string): Promise<string | null> {
  const found: string[] = [];
  for (const name of await platform.list(folder)) {
    const file = joinPath(folder, name);
    if (!/^[^.].*\.xml$/i.test(name) || (await platform.exists(file)) !== "file") continue;
    const start = await platform.withFile(file, (source) => source.read(0, Math.min(4096, source.size)));
    const isWide = (start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff);
    const text = isWide ? String.fromCharCode(...start.filter((byte) => byte > 0)) : new TextDecoder().decode(start);
    // VOC has one of its own for each photograph, which is called otherwise.
    if (/<annotations[\s>]/.test(text)) found.push(file);
  }
  const named = found.find((file) => /\/annotations\.xml$/i.test(file));
  if (named !== undefined || found.length < 2) return named ?? found[0] ?? null;
  const names = found.map((file) => file.slice(folder.length + 1)).join(", ");
  throw new InputError(
    problem(folder, "expected one export of CVAT", names, "Keep one, or put each into a folder train or val."),
  );
}

/** The files of a folder: its own, or one in each folder of a split. */
async function filesOf(platform: Platform, root: string): Promise<ReadonlyMap<Split | "own", string>> {
  const found = new Map<Split, string>();
  if ((await platform.exists(root)) !== "folder") return found;
  const own = await annotationFile(platform, root);
  if (own !== null) return new Map([["own", own]]);
  const there = await platform.list(root);
  for (const split of labelledSplits) {
    const name = there.find((each) => splitNames[split].includes(each.toLowerCase()));
    const isFolder = name !== undefined && (await platform.exists(joinPath(root, name))) === "folder";
    const file = isFolder ? await annotationFile(platform, joinPath(root, name)) : null;
    if (file !== null) found.set(split, file);
  }
  return found;
}

function splitOf({ subset }: Fields): Split | undefined {
  const name = typeof subset === "string" ? subset.toLowerCase() : "default";
  if (name === "default" || name === "") return "train";
  return labelledSplits.find((split) => splitNames[split].includes(name));
}

async function parse(platform: Platform, file: string): Promise<Listing> {
  const { XMLParser, XMLValidator } = await import("fast-xml-parser");
  const text = await readUtf8(platform, file, listBytes);
  const fault = XMLValidator.validate(text);
  if (fault !== true) {
    throw new InputError(
      problem(`${file}: line ${fault.err.line}`, "expected XML", fault.err.msg.replace(/\.$/, ""), restore),
    );
  }
  // Entities of its own (DTD) are not read: annotations have none.
  const parser = new XMLParser({
    ...{ ignoreAttributes: false, attributeNamePrefix: "", parseAttributeValue: false, parseTagValue: false },
    ...{ processEntities: true, htmlEntities: true },
    isArray: (name, _path, _isLeaf, isAttribute) => !isAttribute && listed.includes(name),
  });
  const root: unknown = parser.parse(text);
  const annotations = isObject(root) ? root.annotations : undefined;
  const images = isObject(annotations) ? (annotations.image ?? []) : undefined;
  if (!isObject(annotations) || !Array.isArray(images) || !images.every(isObject)) {
    throw new InputError(problem(file, "expected <annotations> with images", shown(annotations), restore));
  }
  if (images.length === 0 && annotations.track !== undefined) {
    throw new InputError(problem(file, "expected images", "the tracks of a video", restore));
  }
  return { file, folder: file.slice(0, file.lastIndexOf("/")), images, labels: labelsIn(annotations.meta) };
}

/** The labels of a task, job or project. */
function labelsIn(meta: unknown): Fields[] {
  if (!isObject(meta)) return [];
  for (const each of Object.values(meta)) {
    const list = isObject(each) && isObject(each.labels) ? each.labels.label : undefined;
    if (Array.isArray(list)) return list.filter(isObject);
  }
  return [];
}

/** Labels of shapes that cover pixels, without those of skeletons and their parts; where none are listed, those in use. */
function classesIn(listings: readonly Listing[]): AnnotatedClass[] {
  const found = new Map<string, AnnotatedClass>();
  for (const { labels, images } of listings) {
    const used = images.flatMap((image) => kinds.flatMap((kind) => (image[kind] ?? []) as readonly Fields[]));
    if (labels.length === 0) for (const { label } of used) found.set(String(label), { name: String(label) });
    for (const { name, color, type, parent } of labels) {
      if (typeof name !== "string" || type === "skeleton" || parent !== undefined || found.has(name)) continue;
      found.set(name, { name, color: typeof color === "string" ? parseColor(color) : undefined });
    }
  }
  return [...found.values()];
}

function numbersOf(fields: Fields, names: readonly string[], where: string): number[] {
  return names.map((name) => {
    const value = Number(fields[name]);
    if (fields[name] !== undefined && Number.isFinite(value)) return value;
    throw new InputError(problem(where, `expected a number as ${name}`, shown(fields[name]), restore));
  });
}

function areaOf(kind: (typeof kinds)[number], fields: Fields, image: Fields, where: string): Area {
  const degrees = fields.rotation === undefined ? 0 : Number(fields.rotation);
  if (kind === "box") {
    const [left, top, right, bottom] = numbersOf(fields, ["xtl", "ytl", "xbr", "ybr"], where);
    return { rings: [boxRing([left, top, right, bottom], degrees)] };
  }
  if (kind === "ellipse") {
    const [x, y, rx, ry] = numbersOf(fields, ["cx", "cy", "rx", "ry"], where);
    return { rings: [ellipseRing([x, y], [rx, ry], degrees)] };
  }
  const list = (text: unknown, separator: RegExp) =>
    typeof text === "string" ? text.trim().split(separator).map(Number) : [];
  if (kind === "polygon") {
    const ring = list(fields.points, /[,;]\s*/);
    if (ring.length >= 6 && ring.length % 2 === 0 && ring.every(Number.isFinite)) return { rings: [ring] };
    throw new InputError(problem(where, "expected points such as 1,2;3,4;5,6", shown(fields.points), restore));
  }
  const rows = list(fields.rle, /\s*,\s*/);
  const [left, top, width, height] = numbersOf(fields, ["left", "top", "width", "height"], where);
  const total = rows.reduce((sum, run) => sum + run, 0);
  if (width > Number(image.width) || height > Number(image.height)) {
    const expected = `expected a mask in the image's ${shown(image.width)} x ${shown(image.height)} pixels`;
    throw new InputError(problem(where, expected, `one of ${width}x${height}`, restore));
  }
  if (rows.every((run) => Number.isSafeInteger(run) && run >= 0) && total === width * height) {
    return { rows, left, top, width };
  }
  throw new InputError(
    problem(where, `expected run lengths of ${width}x${height} pixels`, `${rows.length} of ${total} pixels`, restore),
  );
}

/** Shapes by their depth; of one depth the polygons first, then boxes, ellipses and masks, each in the order of the file. */
function shapesOf(image: Fields, where: string, indexOf: ShapeClasses["indexOf"]): Shape[] {
  const without = bare.flatMap((kind) => (Array.isArray(image[kind]) ? [`${image[kind].length} ${kind}`] : []));
  if (without.length > 0) {
    const remedy = "Draw it as a polygon, a box, an ellipse or with the brush, or remove it.";
    throw new InputError(problem(where, "expected shapes that cover pixels", without.join(", "), remedy));
  }
  const found = kinds.flatMap((kind) => {
    const list: unknown[] = Array.isArray(image[kind]) ? image[kind] : [];
    return list.map((each, at) => {
      const place = `${where}: ${kind} ${at + 1}`;
      if (!isObject(each) || typeof each.label !== "string") {
        throw new InputError(problem(place, "expected a shape with a label", shown(each), restore));
      }
      const depth = Number(each.z_order ?? 0);
      return { depth, shape: { label: indexOf(each.label, place), areas: [areaOf(kind, each, image, place)] } };
    });
  });
  return found.sort((a, b) => a.depth - b.depth).map(({ shape }) => shape);
}

function maskOf(image: Fields, file: string, indexOf: ShapeClasses["indexOf"], fill: number): DrawnMask {
  const where = `${file}: ${String(image.name)}`;
  const [width, height] = [Number(image.width), Number(image.height)];
  const size = Number.isFinite(width) && Number.isFinite(height) ? { size: { width, height } } : {};
  return { file, where, shapes: shapesOf(image, where, indexOf), fill, ...size };
}

async function survey(platform: Platform, { root }: Folders, split: Split): Promise<Survey> {
  const files = await filesOf(platform, root);
  const listings = new Map<Split | "own", Listing>();
  for (const [key, file] of files) listings.set(key, await parse(platform, file));
  const own = listings.get("own");
  const listing = own ?? listings.get(split);
  const images = listing?.images.filter((image) => own === undefined || splitOf(image) === split) ?? [];
  if (listing === undefined || images.length === 0) {
    const isEmpty = listing !== undefined && listing.images.length === 0;
    const remedy = isEmpty ? restore : "Give images this subset in CVAT, or --val-fraction 0.2 for val.";
    const others = [...new Set(listing?.images.map(({ subset }) => shown(subset)))].join(", ");
    const got = own === undefined || others === "" ? "none" : `only such of the subset ${others}`;
    throw new InputError(
      problem(listing?.file ?? joinPath(root, "annotations.xml"), `expected images of ${split}`, got, remedy),
    );
  }
  const { file, folder } = listing;
  const problems: Problem[] = [];
  const notes: Problem[] = [];
  const strange = new Set(
    own?.images.filter((each) => splitOf(each) === undefined).map(({ subset }) => String(subset)),
  );
  for (const name of strange) {
    const remedy = `${suggestion(name, ["Train", "Validation", "Test"])} Its images are passed over.`;
    notes.push(makeProblem(file, "expected the subsets Train, Validation and Test", `"${name}"`, remedy));
  }
  const { classes, indexOf, fill } = await shapeClasses(platform, root, classesIn([...listings.values()]), file);
  const [annotated, faulty]: [Annotated[], string[]] = [[], []];
  for (const image of images) {
    try {
      if (typeof image.name !== "string") {
        throw new InputError(problem(`${file}: image`, "expected its name", shown(image.name), restore));
      }
      const subset = typeof image.subset === "string" ? [`${image.subset}/${image.name}`] : [];
      annotated.push({ names: [...subset, image.name], file, labels: { mask: maskOf(image, file, indexOf, fill) } });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push({ file, message: error.message });
      faulty.push(String(image.name));
    }
  }
  const isAlone = own === undefined || own.images.every((image) => splitOf(image) === split);
  const found = await annotatedEntries(platform, folder, [joinPath(folder, "images"), folder], annotated, {
    isAlone,
    faulty,
  });
  return {
    ...{ classes, valueMap: {}, remedy: restore, entries: found.entries, notes: [...notes, ...found.notes] },
    problems: [...problems, ...found.problems],
  };
}

export const cvat: Layout = {
  name: "cvat",
  about: "CVAT for images: an XML file of polygons, boxes, ellipses and masks",
  drawing,
  signs: [],
  async recognizes(platform, root) {
    return (await filesOf(platform, root)).size > 0;
  },
  async splits(platform, { root }) {
    const files = await filesOf(platform, root);
    const own = files.get("own");
    if (own === undefined) return labelledSplits.filter((split) => files.has(split));
    const there = new Set((await parse(platform, own)).images.map(splitOf));
    return labelledSplits.filter((split) => there.has(split));
  },
  survey,
};
