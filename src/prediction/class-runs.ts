/** `coco.json` of a folder of predictions: the classes of every photograph's pixels as COCO's run lengths. */
import { isObject } from "../errors.ts";
import type { LabelMap } from "../image/image.ts";
import { type FolderList, type Listed, type ListFiles, type ListForm, openFolderList } from "./folder-list.ts";
import { type CocoRuns, type LabelRuns, labelRuns, runsText } from "./label-runs.ts";
import type { ModelCard } from "./model.ts";

export const classRunsName = "coco.json";

const description = "Classes of pixels found by tessera predict";

/** One class of one photograph, as COCO's annotation has it; the category of a class is its index plus 1. */
export interface ClassRuns extends Pick<LabelRuns, "area" | "bbox"> {
  readonly category_id: number;
  readonly segmentation: CocoRuns;
  readonly iscrowd: 0;
  /** The mean of the class's scores where it won, 0 … 1; null where the model gives none. */
  readonly score: number | null;
}

export interface PhotographRuns {
  readonly photograph: string;
  readonly width: number;
  readonly height: number;
  /** The mask, as seen from the folder. */
  readonly mask: string;
  readonly classes: readonly ClassRuns[];
}

/** labels: of `classes` classes; others, such as 255, have no runs. */
export function classRuns(labels: LabelMap, classes: number, scores?: readonly (number | null)[]): ClassRuns[] {
  const found = labelRuns(labels);
  return Array.from({ length: classes }, (_, index) => index).flatMap((index): ClassRuns[] => {
    const one = found.get(index);
    if (one === undefined) return [];
    const { runs, area, bbox } = one;
    const segmentation = { size: [labels.height, labels.width] as const, counts: runsText(runs) };
    return [{ category_id: index + 1, segmentation, area, bbox, iscrowd: 0, score: scores?.[index] ?? null }];
  });
}

interface Category {
  readonly id: number;
  readonly name: string;
}

/** A line for each class of a photograph; images and annotations are numbered from 1. */
function textOf({ categories, entries }: Listed<PhotographRuns, Category>): string {
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

/** What `textOf` wrote; null for anything else. */
function read(value: unknown): Listed<PhotographRuns, Category> | null {
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

const form: ListForm<PhotographRuns, Category> = {
  ...{ name: classRunsName, what: "pixels", read, text: textOf },
  fileOf: ({ mask }) => mask,
};

/** masks: as seen from `folder`, those that may be replaced. Throws InputError as `openFolderList`, where runs are wanted. */
export function openClassRuns(
  platform: ListFiles,
  folder: string,
  masks: readonly string[],
  { classes }: Pick<ModelCard, "classes">,
  { wanted }: { readonly wanted: boolean },
): Promise<FolderList<PhotographRuns>> {
  const own = classes.map(({ name }, index): Category => ({ id: index + 1, name }));
  return openFolderList(platform, folder, form, { replaced: masks, own: wanted ? own : null });
}
