/** labelme (Wada 2016): a JSON file beside each photograph, with polygons, rectangles and circles in the order they were drawn. */

import type { Split } from "../../data/dataset.ts";
import { allSplits } from "../../data/dataset.ts";
import { InputError, isObject, problem, shown } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import { listBytes } from "../../platform/limits.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Entry, Folders, Layout, Problem, Survey } from "../layout.ts";
import { filesIfThere, looksLikeImage, makeProblem, sortById, splitName } from "../pairs.ts";
import { splitFolder } from "../split-names.ts";
import { fieldsOf, readUtf8 } from "../text-file.ts";
import type { Ring, Shape } from "./draw-shapes.ts";
import { boxRing, ellipseRing } from "./rings.ts";
import { shapeClasses } from "./shape-classes.ts";

const drawing = `
FOLDER/                 or FOLDER/train, FOLDER/val, FOLDER/test
  NAME.jpg              photographs; those without NAME.json are unlabelled
  NAME.json             {"imagePath": "NAME.jpg", "shapes": [{"label": "cat", "points": [[1, 2], …], "shape_type": "polygon"}]}
`.trim();

async function placeOf(platform: Platform, root: string, split: Split): Promise<string | null> {
  const own = await splitFolder(platform, root, split);
  if (own !== root) return (await platform.exists(own)) === "folder" && (await isLabelme(platform, own)) ? own : null;
  return split === "train" ? root : null;
}

/** Whether the first JSON beside a photograph is of labelme. */
async function isLabelme(platform: Platform, folder: string): Promise<boolean> {
  if ((await platform.exists(folder)) !== "folder") return false;
  const names = await platform.list(folder);
  const stems = new Set(names.filter(looksLikeImage).map((name) => splitName(name)[0]));
  const first = names.find((name) => /\.json$/i.test(name) && stems.has(splitName(name)[0]));
  if (first === undefined) return false;
  try {
    const file = joinPath(folder, first);
    return Array.isArray(fieldsOf(await readUtf8(platform, file, listBytes), file, "").shapes);
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

interface Annotated {
  readonly id: string;
  readonly image: string;
  readonly file: string;
  readonly shapes: readonly { readonly label: string; readonly ring: Ring }[];
  readonly size?: { readonly width: number; readonly height: number };
}

async function annotated(
  platform: Platform,
  folder: string,
): Promise<{ all: Annotated[]; bare: Entry[]; problems: Problem[] }> {
  const images = await filesIfThere(platform, folder, "image");
  const there = new Map((await platform.list(folder)).map((name) => [name.normalize("NFC"), name]));
  const [all, bare, problems]: [Annotated[], Entry[], Problem[]] = [[], [], [...images.problems]];
  for (const [id, image] of images.byId) {
    const name = there.get(`${id}.json`);
    if (name === undefined) {
      bare.push({ id, image, labels: {} });
      continue;
    }
    const file = joinPath(folder, name);
    try {
      all.push({ id, image, file, ...annotationIn(await readUtf8(platform, file, listBytes), file) });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push({ file, message: error.message });
    }
  }
  return { all, bare, problems };
}

/** Throws InputError for shapes that cover nothing, such as lines and points. */
function annotationIn(text: string, file: string): Pick<Annotated, "shapes" | "size"> {
  const { shapes, imageWidth: width, imageHeight: height } = fieldsOf(text, file, "Save it with labelme.");
  const size = typeof width === "number" && typeof height === "number" ? { size: { width, height } } : {};
  return { shapes: shapesIn(shapes, file), ...size };
}

function shapesIn(shapes: unknown, file: string): Annotated["shapes"] {
  if (!Array.isArray(shapes))
    throw new InputError(problem(file, "expected shapes", shown(shapes), "Save it with labelme."));
  return shapes.map((each: unknown, at) => {
    const { label, points, shape_type: type = "polygon" } = isObject(each) ? each : {};
    const where = `${file}: shapes[${at}]`;
    const isPoint = (value: unknown): value is [number, number] =>
      Array.isArray(value) && value.length === 2 && value.every((part) => Number.isFinite(part));
    if (typeof label !== "string" || !Array.isArray(points) || !points.every(isPoint)) {
      throw new InputError(problem(where, "expected a label and points", shown(each), "Correct it in labelme."));
    }
    const [a = [0, 0], b = [0, 0]] = points;
    if (type === "rectangle" && points.length === 2) return { label, ring: boxRing([a[0], a[1], b[0], b[1]]) };
    if (type === "circle" && points.length === 2) {
      const radius = Math.hypot(b[0] - a[0], b[1] - a[1]);
      return { label, ring: ellipseRing(a, [radius, radius]) };
    }
    if (type === "polygon" && points.length >= 3) return { label, ring: points.flat() };
    const remedy = "Draw it as a polygon, a rectangle or a circle.";
    throw new InputError(
      problem(where, "expected a shape that covers pixels", `a ${String(type)} of ${points.length} points`, remedy),
    );
  });
}

async function survey(platform: Platform, { root }: Folders, split: Split): Promise<Survey> {
  const names = new Set<string>();
  const found = new Map<Split, Awaited<ReturnType<typeof annotated>>>();
  for (const each of allSplits) {
    const folder = each === "unlabelled" ? null : await placeOf(platform, root, each);
    if (folder === null) continue;
    const part = await annotated(platform, folder);
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
  const entries = part.all.map(({ id, image, file, shapes, size }): Entry => {
    const drawn = shapes.map(({ label, ring }): Shape => ({ label: indexOf(label), areas: [{ rings: [ring] }] }));
    return { id, image, labels: { mask: { file, shapes: drawn, fill, ...(size && { size }) } } };
  });
  const bare = split === "train" ? [] : part.bare;
  const missing = bare.map(({ image, id }) =>
    makeProblem(image, `expected its annotation ${id}.json`, "none", "Label it, or remove the image."),
  );
  return { ...none, entries: sortById(entries), problems: [...part.problems, ...missing] };
}

export const labelme: Layout = {
  name: "labelme",
  about: "labelme: a JSON of polygons beside each photograph",
  drawing,
  signs: [],
  async recognizes(platform, root) {
    for (const split of allSplits) {
      const folder = split === "unlabelled" ? null : await placeOf(platform, root, split);
      if (folder !== null && (await isLabelme(platform, folder))) return true;
    }
    return false;
  },
  async splits(platform, { root }) {
    const found: Split[] = [];
    for (const split of ["train", "val", "test"] as const)
      if ((await placeOf(platform, root, split)) !== null) found.push(split);
    const train = await placeOf(platform, root, "train");
    const hasBare = train !== null && (await annotated(platform, train)).bare.length > 0;
    return hasBare ? [...found, "unlabelled"] : found;
  },
  survey,
};
