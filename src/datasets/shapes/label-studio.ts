/** Label Studio's JSON export: a list of tasks, each a photograph with polygons, boxes, ellipses and brushed masks. */

import { labelledSplits, type Split } from "../../data/dataset.ts";
import { InputError, isObject, problem, shown } from "../../errors.ts";
import { joinPath } from "../../platform/join-path.ts";
import { listBytes } from "../../platform/limits.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Folders, Layout, Problem, Survey } from "../layout.ts";
import { looksLikeImage, makeProblem } from "../pairs.ts";
import { splitNames } from "../split-names.ts";
import { beginningOf, type Fields, parsed, readUtf8 } from "../text-file.ts";
import { type Annotated, annotatedEntries } from "./annotated.ts";
import { decodeBrush } from "./brush.ts";
import { type Area, type PackedMask, patchOf, type Shape } from "./draw-shapes.ts";
import { boxRing, ellipseRing } from "./rings.ts";
import { type ShapeClasses, shapeClasses } from "./shape-classes.ts";

const drawing = `
FOLDER/
  project-1-at-….json    Label Studio's export "JSON", alone in its folder or called annotations.json, result.json; or train.json, val.json
  images/NAME.jpg        photographs by name, with or without the eight digits that uploading puts before it; or beside the JSON
`.trim();

const restore = 'Export it anew as "JSON".';

/** Whether the beginning of a file is that of a list of tasks. */
async function isTasks(platform: Platform, file: string): Promise<boolean> {
  const text = await beginningOf(platform, file);
  return (
    /^\ufeff?\s*\[\s*\{/.test(text) &&
    ((/"(?:annotations|completions|data)"\s*:/.test(text) && /"(?:data|result)"\s*:/.test(text)) ||
      // The export "JSON-MIN", which is refused by name.
      (/"(?:polygon|brush|rectangle|ellipse)labels"\s*:/.test(text) && /"original_width"\s*:/.test(text)))
  );
}

/** The exports of a folder by split: those that are called after one, else the first is train. */
async function filesOf(platform: Platform, root: string): Promise<ReadonlyMap<Split, string>> {
  const found = new Map<Split, string>();
  if ((await platform.exists(root)) !== "folder") return found;
  const names = (await platform.list(root)).filter((name) => /\.json$/i.test(name) && !name.startsWith("."));
  const tasks: string[] = [];
  for (const name of names) {
    const file = joinPath(root, name);
    if ((await platform.exists(file)) === "file" && (await isTasks(platform, file))) tasks.push(name);
  }
  for (const split of labelledSplits) {
    const name = tasks.find((each) => splitNames[split].includes(each.replace(/\.json$/i, "").toLowerCase()));
    if (name !== undefined) found.set(split, joinPath(root, name));
  }
  if (found.size === 0 && tasks.length > 0) {
    if (tasks.length > 1) {
      const remedy = "Keep one, or call them train.json and val.json.";
      throw new InputError(problem(root, "expected one export of Label Studio", tasks.join(", "), remedy));
    }
    found.set("train", joinPath(root, tasks[0]));
  }
  return found;
}

interface Task {
  readonly file: string;
  readonly where: string;
  readonly names: readonly string[];
  readonly results: readonly Fields[];
}

async function tasksIn(platform: Platform, file: string): Promise<{ tasks: Task[]; unlabelled: number }> {
  const list = parsed(await readUtf8(platform, file, listBytes), file, restore);
  if (!Array.isArray(list) || !list.every(isObject)) {
    throw new InputError(problem(file, "expected a list of tasks", shown(list), restore));
  }
  const tasks: Task[] = [];
  let unlabelled = 0;
  for (const [at, { id, data, annotations, completions }] of (list as Fields[]).entries()) {
    const where = `${file}: task ${String(id ?? at)}`;
    const source = sourceOf(data);
    if (source === undefined) {
      throw new InputError(problem(where, "expected data with the address of a photograph", shown(data), restore));
    }
    const all = ((annotations ?? completions ?? []) as unknown[]).filter(isObject);
    const done = all.filter((each) => each.was_cancelled !== true);
    if (done.length === 0) {
      unlabelled++;
      continue;
    }
    // Of several people's annotations the first: the ground truth where one is said to be it.
    const chosen = done.find((each) => each.ground_truth === true) ?? done[0];
    tasks.push({ file, where, names: namesOf(source), results: ((chosen.result ?? []) as unknown[]).filter(isObject) });
  }
  return { tasks, unlabelled };
}

/** The address of a task's photograph: what ends as one, or is called image, before other texts. */
function sourceOf(data: unknown): string | undefined {
  const texts = isObject(data)
    ? Object.entries(data).filter((each): each is [string, string] => typeof each[1] === "string")
    : [];
  const found =
    texts.find(([, text]) => looksLikeImage(namesOf(text)[0])) ?? texts.find(([key]) => /image/i.test(key)) ?? texts[0];
  return found?.[1];
}

/** An address as names below a folder: with the digits of an upload, and without. */
function namesOf(address: string): string[] {
  const path = address
    .replace(/^.*[?&]d=/, "")
    .replace(/^[a-z0-9+]+:\/\/[^/]*\//i, "")
    .replace(/[?#].*$/, "");
  let name = path;
  try {
    name = decodeURIComponent(path);
  } catch {
    // A percent sign of the name itself.
  }
  const own = name.replace(/(^|\/)[0-9a-f]{8}-([^/]+)$/, "$1$2");
  return own === name ? [name] : [name, own];
}

const kinds: Readonly<Record<string, string>> = {
  polygonlabels: "polygon",
  rectanglelabels: "box",
  ellipselabels: "ellipse",
  brushlabels: "brush",
};

/** Shapes that have their label in another result of the same region, and what this is then. */
const bareKinds: Readonly<Record<string, string>> = {
  polygon: "polygon",
  rectangle: "box",
  ellipse: "ellipse",
  brush: "brush",
};

type Found = { readonly label: string; readonly size: { readonly width: number; readonly height: number } } & (
  | { readonly area: Area }
  | { readonly brush: readonly number[] }
);

/** Shapes of one annotation in its order; choices, texts and relations are none. */
function shapesIn({ results, where }: Task): Found[] {
  return results.flatMap((each, at): Found[] => {
    const { type, value, original_width: width, original_height: height } = each;
    const place = `${where}, result ${at + 1}`;
    if (typeof type !== "string" || !isObject(value) || type === "choices") return [];
    if (type in bareKinds) {
      const isLabelled = results.some(({ id, type: other }) => id === each.id && /labels$/.test(String(other)));
      if (isLabelled) return [];
      const remedy = "Choose a label for the region, or remove it.";
      throw new InputError(problem(place, "expected a label", `a ${type} without`, remedy));
    }
    const shape = results.find(({ id, type: other }) => id === each.id && String(other) in bareKinds);
    const kind = kinds[type] ?? (type === "labels" ? bareKinds[String(shape?.type)] : undefined);
    if (kind === undefined) {
      if (!/labels$/.test(type) && !/^(?:keypoint|vector)/.test(type)) return [];
      const remedy = "Use PolygonLabels, BrushLabels, RectangleLabels or EllipseLabels, or remove it.";
      throw new InputError(problem(place, "expected a shape that covers pixels", type, remedy));
    }
    const labels: unknown = value[type];
    if (!Array.isArray(labels) || labels.length !== 1 || typeof labels[0] !== "string") {
      throw new InputError(problem(place, `expected one label in ${type}`, shown(labels), "Label the region once."));
    }
    if (typeof width !== "number" || typeof height !== "number") {
      throw new InputError(problem(place, "expected original_width and original_height", "none", restore));
    }
    if (each.image_rotation !== undefined && each.image_rotation !== 0) {
      // Coordinates are those of the picture as it was turned on the screen, which converters read as if it was not.
      const got = `one turned by ${shown(each.image_rotation)} degrees in Label Studio`;
      const remedy = "Turn it back there and draw the shapes anew, or turn the file and import that.";
      throw new InputError(problem(place, "expected shapes on the photograph as it is", got, remedy));
    }
    const found = { label: labels[0], size: { width, height } };
    const list = (name: string) => numbersOf(value[name], `${place}: ${name}`);
    if (kind === "brush") return [{ ...found, brush: list("rle") }];
    // Shares of a hundred.
    const x = (share: number) => (share / 100) * width;
    const y = (share: number) => (share / 100) * height;
    if (kind === "polygon") {
      const points = list("points");
      if (points.length < 6) {
        throw new InputError(problem(place, "expected three points or more", `${points.length / 2}`, restore));
      }
      return [{ ...found, area: { rings: [points.map((share, i) => (i % 2 === 0 ? x(share) : y(share)))] } }];
    }
    const number = (name: string) => numbersOf([value[name]], `${place}: ${name}`)[0];
    const degrees = value.rotation === undefined ? 0 : number("rotation");
    const corner = [x(number("x")), y(number("y"))] as const;
    if (kind === "ellipse") {
      const radii = [x(number("radiusX")), y(number("radiusY"))] as const;
      return [{ ...found, area: { rings: [ellipseRing(corner, radii, degrees)] } }];
    }
    const box = [...corner, corner[0] + x(number("width")), corner[1] + y(number("height"))] as const;
    return [{ ...found, area: { rings: [boxRing(box, degrees, corner)] } }];
  });
}

/** Lists in the list are joined. */
function numbersOf(value: unknown, where: string): number[] {
  const numbers: unknown[] | undefined = Array.isArray(value) ? value.flat() : undefined;
  if (numbers?.every((each): each is number => typeof each === "number" && Number.isFinite(each))) return numbers;
  throw new InputError(problem(where, "expected numbers", shown(value), restore));
}

/** The mask of an image; brushes are unpacked when it is read, since they take a byte a pixel then. */
function maskOf(
  { where, file }: Task,
  found: readonly Found[],
  indexOf: ShapeClasses["indexOf"],
  fill: number,
): PackedMask {
  const size = found[0]?.size;
  const labels = found.map(({ label }) => indexOf(label, where));
  return {
    file,
    async unpack() {
      const shapes = found.map((each, at): Shape => {
        if ("area" in each) return { label: labels[at], areas: [each.area] };
        const { width, height } = each.size;
        return { label: labels[at], areas: [patchOf(decodeBrush(each.brush, width, height, where), 0, 0, width)] };
      });
      return { file, where, shapes, fill, ...(size && { size }) };
    },
  };
}

async function survey(platform: Platform, { root }: Folders, split: Split): Promise<Survey> {
  const files = await filesOf(platform, root);
  const file = files.get(split);
  if (file === undefined) {
    const remedy = "Add one, or --val-fraction 0.2 for val.";
    throw new InputError(
      problem(joinPath(root, `${split}.json`), "expected an export of Label Studio", "none", remedy),
    );
  }
  const problems: Problem[] = [];
  const names = new Set<string>();
  const annotated: { readonly task: Task; readonly found: Found[] }[] = [];
  const notes: Problem[] = [];
  const faulty: string[] = [];
  for (const [each, path] of files) {
    const { tasks, unlabelled } = await tasksIn(platform, path);
    if (each === split && unlabelled > 0) {
      const got = unlabelled === 1 ? "1 without" : `${unlabelled} without`;
      notes.push(makeProblem(path, "expected an annotation of every task", got, "They are passed over."));
    }
    for (const task of tasks) {
      try {
        const found = shapesIn(task);
        for (const { label } of found) names.add(label);
        if (each === split) annotated.push({ task, found });
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        if (each !== split) continue;
        problems.push({ file: path, message: error.message });
        faulty.push(...task.names);
      }
    }
  }
  const listed = [...names].sort().map((name) => ({ name }));
  const { classes, indexOf, fill } = await shapeClasses(platform, root, listed);
  const images = annotated.map(
    ({ task, found }): Annotated => ({ names: task.names, file, labels: { mask: maskOf(task, found, indexOf, fill) } }),
  );
  const {
    entries,
    problems: missing,
    notes: unnamed,
  } = await annotatedEntries(
    platform,
    root,
    [joinPath(root, "images"), root],
    images,
    // Photographs of tasks without annotation are told by their number.
    { isAlone: files.size === 1 && notes.length === 0, faulty },
  );
  return {
    ...{ classes, valueMap: {}, remedy: restore, entries },
    ...{ problems: [...problems, ...missing], notes: [...notes, ...unnamed] },
  };
}

export const labelStudio: Layout = {
  name: "label-studio",
  about: "Label Studio's JSON export: polygons, boxes, ellipses and brushes",
  drawing,
  signs: [],
  async recognizes(platform, root) {
    return (await filesOf(platform, root)).size > 0;
  },
  async splits(platform, { root }) {
    const files = await filesOf(platform, root);
    return labelledSplits.filter((split) => files.has(split));
  },
  survey,
};
