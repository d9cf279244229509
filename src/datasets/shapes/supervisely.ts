/** Supervisely's project format: meta.json, and in each data set a JSON of polygons, bitmaps and rectangles for each photograph. */

import { labelledSplits, type Split } from "../../data/dataset.ts";
import { InputError, isObject, problem, shown } from "../../errors.ts";
import { parseColor } from "../../image/color.ts";
import { joinPath } from "../../platform/join-path.ts";
import { listBytes } from "../../platform/limits.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Entry, Folders, Layout, Problem, Survey } from "../layout.ts";
import { looksLikeImage, makeProblem, sortById, stemOf } from "../pairs.ts";
import { splitNames } from "../split-names.ts";
import { type Fields, fieldsOf, readUtf8 } from "../text-file.ts";
import { idsOf } from "./annotated.ts";
import { type Area, type DrawnMask, drawShapes, type Patch, patchOf, type Shape } from "./draw-shapes.ts";
import { boxRing, isPoints } from "./rings.ts";
import { type AnnotatedClass, type ShapeClasses, shapeClasses } from "./shape-classes.ts";

const drawing = `
FOLDER/
  meta.json                      {"classes": [{"title": "cat", "shape": "polygon", "color": "#FF0000"}]}
  DATASET/img/NAME.jpg           photographs; data sets called train, val or test are these splits, all others are train; also in DATASET/datasets
  DATASET/ann/NAME.jpg.json      {"size": {"width": …, "height": …}, "objects": [{"classTitle": "cat", "geometryType": "polygon", …}]}
`.trim();

const restore = "Download the project anew in Supervisely's format.";

/** Data sets of the project by split, each a folder with `ann`; those of others lie in their `datasets`. */
async function setsOf(platform: Platform, root: string): Promise<ReadonlyMap<Split, readonly string[]>> {
  const found = new Map<Split, string[]>();
  if ((await platform.exists(joinPath(root, "meta.json"))) !== "file") return found;
  for (const path of await setsBelow(platform, root, "")) {
    const parts = path.toLowerCase().split("/");
    const split = labelledSplits.find((each) => parts.some((part) => splitNames[each].includes(part))) ?? "train";
    found.set(split, [...(found.get(split) ?? []), path]);
  }
  return found;
}

async function setsBelow(platform: Platform, root: string, below: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await platform.list(below === "" ? root : joinPath(root, below))) {
    if (name.startsWith(".")) continue;
    const path = below === "" ? name : `${below}/${name}`;
    if ((await platform.exists(joinPath(root, path, "ann"))) === "folder") found.push(path);
    const inside = `${path}/datasets`;
    if ((await platform.exists(joinPath(root, inside))) === "folder") {
      found.push(...(await setsBelow(platform, root, inside)));
    }
  }
  return found;
}

function classesIn(text: string, file: string): AnnotatedClass[] {
  const { classes } = fieldsOf(text, file, restore);
  if (!Array.isArray(classes) || !classes.every(isObject)) {
    throw new InputError(problem(`${file}: classes`, "expected a list", shown(classes), restore));
  }
  return (classes as Fields[]).map(({ title, color }, at) => {
    if (typeof title !== "string") {
      throw new InputError(problem(`${file}: classes[${at}]`, "expected a title", shown(title), restore));
    }
    return { name: title, color: typeof color === "string" ? parseColor(color) : undefined };
  });
}

type Size = { readonly width: number; readonly height: number };

/** Pixels from the corner of a picture that no corner of a shape is beyond. */
const farthest = 1_000_000;

/**
 * A polygon whose corners are pixels that belong to it (as OpenCV fills them), without its holes, whose corners belong to them. Corners
 * between pixels are places, and the pixels whose middle is inside are meant.
 */
function polygonArea(
  exterior: readonly (readonly [number, number])[],
  interior: readonly [number, number][][],
  size: Size,
): Area {
  const rings = [exterior, ...interior];
  if (!rings.flat(2).every(Number.isInteger)) return { rings: rings.map((ring) => ring.flat()) };
  const columns = exterior.map(([x]) => x);
  const rows = exterior.map(([, y]) => y);
  const least = (list: readonly number[]) => list.reduce((a, b) => Math.min(a, b));
  const most = (list: readonly number[]) => list.reduce((a, b) => Math.max(a, b));
  const [left, top] = [Math.max(0, least(columns)), Math.max(0, least(rows))];
  const width = Math.max(0, Math.min(size.width, most(columns) + 1) - left);
  const height = Math.max(0, Math.min(size.height, most(rows) + 1) - top);
  const data = new Uint8Array(width * height);
  for (const [at, ring] of rings.entries()) {
    const value = at === 0 ? 1 : 0;
    const middles = ring.flatMap(([x, y]) => [x - left + 0.5, y - top + 0.5]);
    const filled = drawShapes(
      { file: "", fill: 0, shapes: [{ label: 1, areas: [{ rings: [middles] }] }] },
      width,
      height,
    );
    for (let pixel = 0; pixel < data.length; pixel++) if (filled.data[pixel] === 1) data[pixel] = value;
    for (const [i, [x0, y0]] of ring.entries()) {
      const [x1, y1] = ring[(i + 1) % ring.length];
      const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1);
      for (let step = 0; step <= steps; step++) {
        const x = Math.round(x0 + ((x1 - x0) * step) / steps) - left;
        const y = Math.round(y0 + ((y1 - y0) * step) / steps) - top;
        if (x >= 0 && x < width && y >= 0 && y < height) data[y * width + x] = value;
      }
    }
  }
  return patchOf(data, left, top, width);
}

/** A PNG, deflated and in base 64: alpha where it has some, else all that is not 0. */
async function bitmapArea(platform: Platform, bitmap: unknown, where: string): Promise<Patch> {
  const { data, origin } = isObject(bitmap) ? bitmap : {};
  if (typeof data !== "string" || !isPoints([origin])) {
    throw new InputError(problem(where, "expected a bitmap with data and origin", shown(bitmap), restore));
  }
  let png: Uint8Array;
  try {
    const packed = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    png = new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new InputError(problem(`${where}: data`, "expected a deflated PNG in base 64", "something else", restore));
  }
  const { width, channels, data: values } = await platform.decodeMaskBytes(png, where);
  const alpha = channels === 2 || channels === 4 ? channels - 1 : 0;
  const inside = values.filter((_, at) => at % channels === alpha);
  const [left, top] = origin as [number, number];
  return patchOf(inside, left, top, width);
}

async function areaOf(platform: Platform, object: Fields, size: Size, where: string): Promise<Area> {
  const { geometryType: type, points, bitmap } = object;
  if (type === "bitmap" || type === "alpha_mask") return bitmapArea(platform, bitmap, where);
  const { exterior, interior = [] } = isObject(points) ? points : {};
  if (!isPoints(exterior) || !Array.isArray(interior) || !interior.every(isPoints)) {
    throw new InputError(problem(where, "expected points, exterior and interior", shown(points), restore));
  }
  const far = [exterior, ...interior].flat(2).find((each) => Math.abs(each) > farthest);
  if (far !== undefined) {
    throw new InputError(problem(where, "expected corners in the picture", String(far), "Correct it, or remove it."));
  }
  if (type === "polygon" && exterior.length >= 3) return polygonArea(exterior, interior, size);
  if (type === "rectangle" && exterior.length === 2) {
    const [[x0, y0], [x1, y1]] = exterior;
    // Both corners are pixels that belong to it.
    return {
      rings: [boxRing([Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1) + 1, Math.max(y0, y1) + 1])],
    };
  }
  const remedy = "Draw it as a polygon, a bitmap or a rectangle, or remove it.";
  const got = `"${String(type)}" of ${exterior.length} points`;
  throw new InputError(problem(where, "expected a shape that covers pixels", got, remedy));
}

async function drawnIn(
  platform: Platform,
  file: string,
  indexOf: ShapeClasses["indexOf"],
  fill: number,
): Promise<DrawnMask> {
  const { size, objects } = fieldsOf(await readUtf8(platform, file, listBytes), file, restore);
  const { width, height } = isObject(size) ? size : {};
  if (!Array.isArray(objects) || !objects.every(isObject) || typeof width !== "number" || typeof height !== "number") {
    throw new InputError(problem(file, "expected size and objects", shown(objects), restore));
  }
  const shapes: Shape[] = [];
  for (const [at, object] of (objects as Fields[]).entries()) {
    const where = `${file}: objects[${at}]`;
    const { classTitle: title } = object;
    if (typeof title !== "string") {
      throw new InputError(problem(where, "expected a classTitle", shown(title), restore));
    }
    shapes.push({ label: indexOf(title, where), areas: [await areaOf(platform, object, { width, height }, where)] });
  }
  return { file, shapes, fill, size: { width, height } };
}

async function survey(platform: Platform, { root }: Folders, split: Split): Promise<Survey> {
  const sets = (await setsOf(platform, root)).get(split) ?? [];
  const meta = joinPath(root, "meta.json");
  if (sets.length === 0) {
    const remedy = "Call a data set so, or --val-fraction 0.2 for val.";
    throw new InputError(problem(joinPath(root, split), "expected a data set with img and ann", "none", remedy));
  }
  const { classes, indexOf, fill } = await shapeClasses(
    platform,
    root,
    classesIn(await readUtf8(platform, meta), meta),
    meta,
  );
  const [problems, notes]: [Problem[], Problem[]] = [[], []];
  const found: { readonly name: string; readonly image: string; readonly file: string }[] = [];
  for (const set of sets) {
    const [images, annotations] = [joinPath(root, set, "img"), joinPath(root, set, "ann")];
    const there = (await platform.exists(images)) === "folder" ? await platform.list(images) : [];
    const listed = new Set(await platform.list(annotations));
    for (const name of there.filter((each) => !each.startsWith("."))) {
      const image = joinPath(images, name);
      if (!looksLikeImage(name)) {
        notes.push(makeProblem(image, "expected only photographs here", "another file", "It is passed over."));
        continue;
      }
      // Projects of old have no ending of the photograph there.
      const file = [`${name}.json`, `${stemOf(name)}.json`].find((each) => listed.delete(each));
      if (file !== undefined) {
        found.push({ name: `${set}/${name}`, image, file: joinPath(annotations, file) });
      } else {
        const remedy = "Label it, or remove the image.";
        problems.push(makeProblem(image, `expected its annotation ann/${name}.json`, "none", remedy));
      }
    }
    for (const name of listed) {
      if (!name.endsWith(".json") || name.startsWith(".")) continue;
      const expected = `expected its photograph img/${name.slice(0, -".json".length)}`;
      problems.push(makeProblem(joinPath(annotations, name), expected, "none", "Add it, or remove the annotation."));
    }
  }
  const ids = idsOf(found.map(({ name }) => name));
  const entries = found.map(
    ({ image, file }, at): Entry => ({
      ...{ id: ids[at], image },
      labels: { mask: { file, unpack: () => drawnIn(platform, file, indexOf, fill) } },
    }),
  );
  return { classes, valueMap: {}, remedy: restore, entries: sortById(entries), problems, notes };
}

export const supervisely: Layout = {
  name: "supervisely",
  about: "a project of Supervisely: polygons, bitmaps and rectangles",
  drawing,
  signs: [],
  async recognizes(platform, root) {
    return (await setsOf(platform, root)).size > 0;
  },
  async splits(platform, { root }) {
    const sets = await setsOf(platform, root);
    return labelledSplits.filter((split) => sets.has(split));
  },
  survey,
};
