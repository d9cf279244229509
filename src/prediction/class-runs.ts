/** `coco.json` of a folder of predictions: the classes of every photograph's pixels as COCO's run lengths, those of earlier calls as well. */
import { InputError, isObject, problem } from "../errors.ts";
import type { LabelMap } from "../image/image.ts";
import { parseJson } from "../platform/json.ts";
import { listBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import { type CocoRuns, runsText } from "./instance-shapes.ts";
import type { ModelCard } from "./model.ts";

export const classRunsName = "coco.json";

const description = "Classes of pixels found by tessera predict";

/** One class of one photograph, as COCO's annotation has it; the category of a class is its index plus 1. */
export interface ClassRuns {
  readonly category_id: number;
  readonly segmentation: CocoRuns;
  /** Pixels. */
  readonly area: number;
  /** Left, top, width, height. */
  readonly bbox: readonly [number, number, number, number];
  readonly iscrowd: 0;
  /** The mean of the class's scores where it won, 0 … 1; null where the model gives none. */
  readonly score: number | null;
}

export interface PhotographRuns {
  readonly photograph: string;
  readonly width: number;
  readonly height: number;
  /** The mask, as seen from the folder: where it is gone, the photograph is left out. */
  readonly mask: string;
  readonly classes: readonly ClassRuns[];
}

/** Columns from the left, each from the top. labels: of `classes` classes; others, such as 255, have no runs. */
export function classRuns(
  { width, height, data }: LabelMap,
  classes: number,
  scores?: readonly (number | null)[],
): ClassRuns[] {
  const found = Array.from({ length: classes }, () => ({
    ...{ runs: [] as number[], end: 0, area: 0 },
    ...{ left: width, right: -1, top: height, bottom: -1 },
  }));
  const pixels = width * height;
  let start = 0;
  let label = data[0];
  for (let at = 1, x = 0, y = 1; at <= pixels; at++, y++) {
    if (y === height) [x, y] = [x + 1, 0];
    const next = at < pixels ? data[y * width + x] : -1;
    if (next === label) continue;
    const one = found[label];
    if (one !== undefined) {
      one.runs.push(start - one.end, at - start);
      one.end = at;
      one.area += at - start;
      const [from, to] = [Math.floor(start / height), Math.floor((at - 1) / height)];
      one.left = Math.min(one.left, from);
      one.right = to;
      one.top = from === to ? Math.min(one.top, start % height) : 0;
      one.bottom = from === to ? Math.max(one.bottom, (at - 1) % height) : height - 1;
    }
    [start, label] = [at, next];
  }
  return found.flatMap(({ runs, end, area, left, right, top, bottom }, index) => {
    if (area === 0) return [];
    const all = end < pixels ? [...runs, pixels - end] : runs;
    return {
      category_id: index + 1,
      segmentation: { size: [height, width] as const, counts: runsText(all) },
      ...{ area, bbox: [left, top, right - left + 1, bottom - top + 1] as const },
      ...{ iscrowd: 0 as const, score: scores?.[index] ?? null },
    };
  });
}

/** COCO's annotation, a line for each class of a photograph; images and annotations are numbered from 1. */
export function classRunsJson(categories: readonly Category[], entries: readonly PhotographRuns[]): string {
  const list = (values: readonly unknown[]) => `[\n${values.map((value) => JSON.stringify(value)).join(",\n")}\n]`;
  const images = entries.map(({ photograph, width, height, mask }, index) => ({
    ...{ id: index + 1, file_name: photograph, width, height, mask },
  }));
  let id = 0;
  const annotations = entries.flatMap(({ classes }, index) =>
    classes.map((each) => ({ id: ++id, image_id: index + 1, ...each })),
  );
  const info = JSON.stringify({ description });
  return `{"info":${info},\n"images":${list(images)},\n"annotations":${list(annotations)},\n"categories":${list(categories)}}\n`;
}

interface Category {
  readonly id: number;
  readonly name: string;
}

type Files = Pick<Platform, "exists" | "readText" | "writeFile" | "remove">;

/**
 * masks: as seen from `folder`, those that are about to be replaced. Throws InputError where the folder has a coco.json that predict did not write, or one of other classes.
 */
export async function openClassRuns(
  platform: Files,
  folder: string,
  masks: readonly string[],
  { classes }: Pick<ModelCard, "classes">,
  { wanted }: { readonly wanted: boolean },
): Promise<{ begin(): Promise<void>; end(written: readonly PhotographRuns[]): Promise<void> }> {
  const path = `${folder}/${classRunsName}`;
  const kind = await platform.exists(path);
  const earlier = kind === "file" ? await readEarlier(platform, path) : null;
  if (wanted && kind !== "nothing" && earlier === null) {
    const expected = "expected nothing, or an earlier result of predict to add to";
    throw new InputError(problem(path, expected, "another file", "Choose another --out, or move it away."));
  }
  const own = classes.map(({ name }, index): Category => ({ id: index + 1, name }));
  const replaced = new Set(masks);
  const others = (earlier?.entries ?? []).filter(({ mask }) => !replaced.has(mask));
  if (wanted && others.length > 0 && JSON.stringify(earlier!.categories) !== JSON.stringify(own)) {
    const expected = "expected the same classes, which the photographs can be added to";
    throw new InputError(problem(path, expected, "others", "Choose another --out."));
  }
  const categories = wanted || earlier === null ? own : earlier.categories;
  const write = async (entries: readonly PhotographRuns[]) => {
    if (entries.length > 0) await platform.writeFile(path, classRunsJson(categories, entries));
    else if (earlier !== null) await platform.remove(path);
  };
  return {
    /** Takes out what is about to be replaced: nothing is listed that is not so. */
    begin: async () => (others.length < (earlier?.entries.length ?? 0) ? write(others) : undefined),
    async end(written) {
      if (earlier === null && written.length === 0) return;
      const fresh = new Set(written.map(({ mask }) => mask));
      const same = JSON.stringify(earlier?.categories) === JSON.stringify(categories);
      const kept: PhotographRuns[] = [];
      for (const entry of (same && earlier?.entries) || []) {
        // A photograph that could not be read this time keeps its earlier mask, and its place here.
        const isThere = (await platform.exists(`${folder}/${entry.mask}`)) === "file";
        if (isThere && !fresh.has(entry.mask) && (wanted || !replaced.has(entry.mask))) kept.push(entry);
      }
      await write([...kept, ...written]);
    },
  };
}

/** What `classRunsJson` wrote; null for anything else. */
async function readEarlier(
  platform: Pick<Platform, "readText">,
  path: string,
): Promise<{ readonly categories: readonly Category[]; readonly entries: readonly PhotographRuns[] } | null> {
  let value: unknown;
  try {
    value = parseJson(await platform.readText(path, listBytes));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const { info, images, annotations, categories } = (isObject(value) ? value : {}) as Record<string, unknown>;
  if (!isObject(info) || info.description !== description) return null;
  if (![images, annotations, categories].every((list) => Array.isArray(list) && list.every(isObject))) return null;
  const classesOf = new Map<unknown, ClassRuns[]>();
  for (const { id, image_id, ...each } of annotations as { id: unknown; image_id: unknown }[]) {
    classesOf.set(image_id, [...(classesOf.get(image_id) ?? []), each as unknown as ClassRuns]);
  }
  const entries = (images as Record<string, unknown>[]).map(({ id, file_name, width, height, mask }) => ({
    ...{ photograph: file_name, width, height, mask, classes: classesOf.get(id) ?? [] },
  }));
  const isWhole = entries.every(({ photograph, mask }) => typeof photograph === "string" && typeof mask === "string");
  return isWhole ? { categories: categories as Category[], entries: entries as PhotographRuns[] } : null;
}
