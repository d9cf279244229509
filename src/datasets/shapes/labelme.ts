/** labelme (Wada 2016): a JSON file beside each photograph, with polygons, rectangles and circles in the order they were drawn. */

import { labelledSplits, type Split } from "../../data/dataset.ts";
import { InputError, isObject, problem, shown } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import { listBytes } from "../../platform/limits.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Entry, Folders, Layout, Problem, Survey } from "../layout.ts";
import { filesBelow, makeProblem, sortById, stemOf } from "../pairs.ts";
import { fieldsOf, readUtf8 } from "../text-file.ts";
import { type Area, type DrawnMask, type PackedMask, patchOf, type Ring, type Shape } from "./draw-shapes.ts";
import { hasShapes, type Place, placeOf, predicted } from "./labelme-places.ts";
import { boxRing, ellipseRing, isPoints } from "./rings.ts";
import { type ShapeClasses, shapeClasses } from "./shape-classes.ts";

const drawing = `
FOLDER/                 or FOLDER/train, FOLDER/val, FOLDER/test, or FOLDER/images with and without these
  NAME.jpg              photographs; those without NAME.json are unlabelled
  NAME.json             {"imagePath": "NAME.jpg", "shapes": [{"label": "cat", "points": [[1, 2], …], "shape_type": "polygon"}]}
                        or NAME.labelme.json, as predict writes it; beside its photograph, or in labels, annotations or json beside images
`.trim();

/** What a shape covers: a ring, or a mask that is a picture in base 64, to be unpacked. */
type Drawn = { readonly label: string; readonly where: string } & (
  | { readonly ring: Ring }
  | { readonly png: string; readonly corner: readonly [number, number] }
);

interface Annotated {
  readonly id: string;
  readonly image: string;
  readonly file: string;
  readonly shapes: readonly Drawn[];
  readonly size?: { readonly width: number; readonly height: number };
}

interface Found {
  readonly all: readonly Annotated[];
  readonly bare: readonly Entry[];
  readonly problems: readonly Problem[];
  readonly notes: readonly Problem[];
}

async function annotated(platform: Platform, place: Place): Promise<Found> {
  const images = await filesBelow(platform, place.images, "image");
  const files = await filesBelow(platform, place.annotations, "annotation");
  for (const [id, file] of [...files.byId]) {
    if (!predicted.test(id)) continue;
    // What was corrected by hand goes before; a record of predict has no shapes.
    const own = files.byId.get(id.replace(predicted, ""));
    if (own === undefined || !(await hasShapes(platform, own))) files.byId.set(id.replace(predicted, ""), file);
    files.byId.delete(id);
  }
  const [all, bare]: [Annotated[], Entry[]] = [[], []];
  const problems: Problem[] = [...images.problems, ...files.problems];
  const notes: Problem[] = [];
  for (const [id, image] of images.byId) {
    const file = files.byId.get(id);
    if (file === undefined) {
      bare.push({ id, image, labels: {} });
      continue;
    }
    try {
      const { path, ...annotation } = annotationIn(await readUtf8(platform, file, listBytes), file);
      all.push({ id, image, file, ...annotation });
      const meant = `${id.slice(0, id.lastIndexOf("/") + 1)}${stemOf((path ?? "").replaceAll("\\", "/"))}`;
      if (path === undefined || meant === id || !images.byId.has(meant)) continue;
      const got = `imagePath ${path}, which is there too`;
      notes.push(makeProblem(file, `expected the annotation of ${image}`, got, `It is read as that of ${image}.`));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push({ file, message: error.message });
    }
  }
  for (const [id, file] of files.byId) {
    if (images.byId.has(id) || !(await hasShapes(platform, file))) continue;
    const remedy = "Add the image or remove the annotation.";
    problems.push(makeProblem(file, `expected an image named "${id}"`, "none", remedy));
  }
  return { all, bare, problems, notes };
}

/** Throws InputError for shapes that cover nothing, such as lines and points. */
function annotationIn(text: string, file: string): Pick<Annotated, "shapes" | "size"> & { readonly path?: string } {
  const { shapes, imageWidth: width, imageHeight: height, imagePath } = fieldsOf(text, file, "Save it with labelme.");
  const size = typeof width === "number" && typeof height === "number" ? { size: { width, height } } : {};
  return { shapes: shapesIn(shapes, file), ...size, ...(typeof imagePath === "string" && { path: imagePath }) };
}

/** Kinds of labelme and of its relatives whose points are corners. */
const cornered = ["polygon", "rotation", "oriented_rectangle", "rectangle"];

function shapesIn(shapes: unknown, file: string): readonly Drawn[] {
  if (!Array.isArray(shapes))
    throw new InputError(problem(file, "expected shapes", shown(shapes), "Save it with labelme."));
  return shapes.map((each: unknown, at) => {
    const { label: name, points, shape_type: kind, mask } = isObject(each) ? each : {};
    const type = kind ?? "polygon";
    const where = `${file}: shapes[${at}]`;
    if ((typeof name !== "string" && typeof name !== "number") || String(name).trim() === "") {
      throw new InputError(problem(where, "expected a label", shown(name), "Give it one in labelme."));
    }
    if (!isPoints(points)) {
      throw new InputError(problem(where, "expected points", shown(points), "Correct it in labelme."));
    }
    const label = String(name);
    const [a = [0, 0], b = [0, 0]] = points;
    if (type === "rectangle" && points.length === 2) return { label, where, ring: boxRing([a[0], a[1], b[0], b[1]]) };
    if (type === "circle" && points.length === 2) {
      const radius = Math.hypot(b[0] - a[0], b[1] - a[1]);
      return { label, where, ring: ellipseRing(a, [radius, radius]) };
    }
    if (type === "mask" && points.length === 2 && typeof mask === "string") {
      return { label, where, png: mask, corner: [Math.trunc(a[0]), Math.trunc(a[1])] };
    }
    if (cornered.includes(String(type)) && points.length >= 3) return { label, where, ring: points.flat() };
    const remedy = "Draw it as a polygon, a rectangle or a circle.";
    const got = `"${String(type)}" of ${points.length} ${points.length === 1 ? "point" : "points"}`;
    throw new InputError(problem(where, "expected a shape that covers pixels", got, remedy));
  });
}

/** The mask of a photograph; pictures of masks are unpacked when it is read. */
function maskOf(
  platform: Platform,
  { file, shapes, size }: Annotated,
  indexOf: ShapeClasses["indexOf"],
  fill: number,
): DrawnMask | PackedMask {
  const labels = shapes.map(({ label, where }) => indexOf(label, where));
  const whole = (areas: readonly Area[]): DrawnMask => ({
    ...{ file, fill, ...(size && { size }) },
    shapes: areas.map((area, at): Shape => ({ label: labels[at], areas: [area] })),
  });
  if (shapes.every((shape) => "ring" in shape)) return whole(shapes.map(({ ring }) => ({ rings: [ring] })));
  return {
    file,
    async unpack() {
      const areas = shapes.map((shape) => ("ring" in shape ? { rings: [shape.ring] } : patchIn(platform, shape)));
      return whole(await Promise.all(areas));
    },
  };
}

/** All that is not 0 in a PNG in base 64. */
async function patchIn(platform: Platform, { png, corner, where }: Extract<Drawn, { png: string }>): Promise<Area> {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  } catch {
    throw new InputError(
      problem(`${where}: mask`, "expected a PNG in base 64", "something else", "Save it with labelme."),
    );
  }
  const { width, channels, data } = await platform.decodeMaskBytes(bytes, `${where}: mask`);
  return patchOf(
    data.filter((_, at) => at % channels === 0),
    ...corner,
    width,
  );
}

async function survey(platform: Platform, { root }: Folders, split: Split): Promise<Survey> {
  const names = new Set<string>();
  const found = new Map<Split, Found>();
  for (const each of labelledSplits) {
    const place = await placeOf(platform, root, each);
    if (place === null) continue;
    const part = await annotated(platform, place);
    found.set(each, part);
    for (const { shapes } of part.all) for (const { label } of shapes) names.add(label);
  }
  const { classes, indexOf, fill } = await shapeClasses(
    platform,
    root,
    [...names].sort().map((name) => ({ name })),
  );
  const remedy = "Correct the annotation.";
  const none = { classes, valueMap: {}, remedy, notes: [] };
  if (split === "unlabelled") {
    return { ...none, entries: sortById(found.get("train")?.bare ?? []), problems: [] };
  }
  const part = found.get(split);
  if (part === undefined) {
    throw new InputError(
      problem(
        joinPath(root, split),
        "expected photographs with JSON files of labelme",
        "none",
        "Add them, or --val-fraction 0.2 for val.",
      ),
    );
  }
  const entries = part.all.map(
    (each): Entry => ({ id: each.id, image: each.image, labels: { mask: maskOf(platform, each, indexOf, fill) } }),
  );
  const bare = split === "train" ? [] : part.bare;
  const missing = bare.map(({ image, id }) =>
    makeProblem(image, `expected its annotation ${id}.json`, "none", "Label it, or remove the image."),
  );
  return { ...none, entries: sortById(entries), problems: [...part.problems, ...missing], notes: part.notes };
}

export const labelme: Layout = {
  name: "labelme",
  about: "labelme: a JSON of polygons beside each photograph",
  drawing,
  signs: [],
  async recognizes(platform, root) {
    for (const split of labelledSplits) {
      if ((await placeOf(platform, root, split)) !== null) return true;
    }
    return false;
  },
  async splits(platform, { root }) {
    const found: Split[] = [];
    for (const split of labelledSplits) if ((await placeOf(platform, root, split)) !== null) found.push(split);
    const train = await placeOf(platform, root, "train");
    const hasBare = train !== null && (await annotated(platform, train)).bare.length > 0;
    return hasBare ? [...found, "unlabelled"] : found;
  },
  survey,
};
