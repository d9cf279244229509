/** Segments as files that other tools read: COCO's PNG of ids and its JSON, or ids in 16 bits. */

import { categoryIds } from "../data/category-ids.ts";
import type { ClassInfo, SegmentMap } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { lastPart } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { imageIds } from "./image-ids.ts";
import { type InstanceForm, type InstanceShape, instanceShape } from "./instance-shapes.ts";
import { labelRuns } from "./label-runs.ts";

/**
 * How ids are stored: red + 256 · green + 65536 · blue as COCO has it; grey of 16 bits; or red the id of the class's category, green
 * the number of a thing among those of its class, from 1, and 0 for stuff.
 */
export type SegmentIds = "rgb" | "16-bit" | "two-channel";

export const segmentIdForms: readonly SegmentIds[] = ["rgb", "16-bit", "two-channel"];

/** One segment as COCO's panoptic annotation has it, with its score and the name of its class besides. */
export interface SegmentRecord {
  readonly id: number;
  readonly category_id: number;
  readonly class: string;
  readonly isthing: 0 | 1;
  readonly iscrowd: 0 | 1;
  /** Pixels. */
  readonly area: number;
  /** Left, top, width, height. */
  readonly bbox: readonly [number, number, number, number];
  /** 0 … 1; null where the model gives none. */
  readonly score: number | null;
  /** Of a thing, where it was asked for. */
  readonly segmentation?: InstanceShape;
}

/** The segments of a map with areas and boxes as the map has them; categories have the ids of `categoryIds`. */
export function segmentRecords(
  map: SegmentMap,
  classes: readonly ClassInfo[],
  instances: InstanceForm | null = null,
): SegmentRecord[] {
  const found = labelRuns(map);
  const categories = categoryIds(classes);
  return map.segments.flatMap(({ id, classIndex, crowd, score }) => {
    const one = found.get(id);
    if (one === undefined) return [];
    const { area, bbox } = one;
    const { name, thing } = classes[classIndex];
    return [
      {
        ...{
          id,
          category_id: categories[classIndex],
          class: name,
          isthing: thing === true ? 1 : 0,
          iscrowd: crowd ? 1 : 0,
          area,
        },
        ...{ bbox, score: score ?? null },
        ...(thing === true && !crowd && instances && { segmentation: instanceShape(map, id, one, instances) }),
      } satisfies SegmentRecord,
    ];
  });
}

/**
 * The same segments with other ids: id of the category + 256 · number of a thing among those of its class, from 1; 0 of stuff. Throws InputError where
 * a byte does not hold them.
 */
export function twoChannelIds(
  { width, height, data, segments }: SegmentMap,
  classes: readonly ClassInfo[],
): SegmentMap {
  const categories = categoryIds(classes);
  const counts = new Map<number, number>();
  const ids = new Map<number, number>();
  const renumbered = segments.map((segment) => {
    const { id, classIndex } = segment;
    const number = classes[classIndex].thing === true ? (counts.get(classIndex) ?? 0) + 1 : 0;
    counts.set(classIndex, number);
    const category = categories[classIndex];
    if (number > 255 || category < 1 || category > 255) {
      const got = number > 255 ? `${number} of one` : `category ${category}`;
      throw new InputError(
        `segment ids: expected categories 1 to 255 and at most 255 things of each in two channels, got ${got}. Store them as rgb.`,
      );
    }
    const own = category + 256 * number;
    ids.set(id, own);
    return { ...segment, id: own };
  });
  // Stuff of one class is one segment, also where a model gave several.
  const once = renumbered.filter(({ id }, at) => renumbered.findIndex((other) => other.id === id) === at);
  return { width, height, data: data.map((id) => ids.get(id) ?? 0), segments: once };
}

/** The ids as PNG. Throws InputError where they do not fit. */
export async function encodeSegmentIds(
  platform: Pick<Platform, "encodeImage" | "encodeGrey16Png">,
  { width, height, data }: SegmentMap,
  form: SegmentIds,
): Promise<Uint8Array> {
  const most = data.reduce((a, b) => Math.max(a, b), 0);
  const limit = form === "16-bit" ? 2 ** 16 : 2 ** 24;
  if (most >= limit) {
    throw new InputError(`segment ids: expected numbers below ${limit}, got ${most}. Number the segments from 1.`);
  }
  if (form === "16-bit") return platform.encodeGrey16Png({ width, height, data: Uint16Array.from(data) });
  const rgb = new Uint8Array(3 * data.length);
  for (let i = 0, to = 0; i < data.length; i++, to += 3) {
    rgb[to] = data[i] & 255;
    rgb[to + 1] = (data[i] >>> 8) & 255;
    rgb[to + 2] = data[i] >>> 16;
  }
  return platform.encodeImage({ width, height, data: rgb }, "png");
}

/** One photograph of `panopticJson`. */
export interface PanopticEntry {
  readonly photograph: string;
  readonly width: number;
  readonly height: number;
  /** Name of the PNG, without folder. */
  readonly file: string;
  readonly segments: readonly SegmentRecord[];
}

const description = "Segments found by tessera predict";
const instancesDescription = "Instances found by tessera predict";

/** A class as COCO's annotation has it. */
export interface PanopticCategory {
  readonly id: number;
  readonly name: string;
  readonly isthing: 0 | 1;
}

export function panopticCategories(classes: readonly ClassInfo[]): PanopticCategory[] {
  const ids = categoryIds(classes);
  return classes.map(({ name, thing }, index) => ({ id: ids[index], name, isthing: thing === true ? 1 : 0 }));
}

/** COCO's panoptic annotation of a folder of predictions; images are numbered by `imageIds`. */
export function panopticJson(categories: readonly PanopticCategory[], entries: readonly PanopticEntry[]): string {
  const { ids } = imageIds(entries);
  const images = entries.map(({ photograph, width, height }, index) => ({
    ...{ id: ids[index], file_name: lastPart(photograph), width, height },
  }));
  const annotations = entries.map(({ file, segments }, index) => ({
    ...{ image_id: ids[index], file_name: file, segments_info: segments },
  }));
  return `${JSON.stringify({ info: { description }, images, annotations, categories }, null, 1)}\n`;
}

/**
 * COCO's instance annotation of the same entries: things that have a shape, numbered from 1 over all images, which have the numbers of
 * `panopticJson`. Empty where there are none.
 */
export function instancesJson(categories: readonly PanopticCategory[], all: readonly PanopticEntry[]): string {
  const { ids } = imageIds(all);
  const isShaped = ({ segmentation }: SegmentRecord) => segmentation !== undefined;
  const entries = all
    .map((entry, index) => ({ ...entry, id: ids[index] }))
    .filter(({ segments }) => segments.some(isShaped));
  if (entries.length === 0) return "";
  const images = entries.map(({ id, photograph, width, height }) => ({
    ...{ id, file_name: lastPart(photograph), width, height },
  }));
  const things = entries.flatMap(({ id, segments }) =>
    segments.filter(isShaped).map(({ category_id, segmentation, area, bbox, iscrowd, score }) => ({
      ...{ image_id: id, category_id, segmentation, area, bbox, iscrowd, score },
    })),
  );
  const annotations = things.map((thing, index) => ({ id: index + 1, ...thing }));
  const ofThings = categories.filter(({ isthing }) => isthing === 1).map(({ id, name }) => ({ id, name }));
  const info = { description: instancesDescription };
  return `${JSON.stringify({ info, images, annotations, categories: ofThings }, null, 1)}\n`;
}

/** Whether `instancesJson` wrote it, as its text is parsed. */
export function isInstancesJson(value: unknown): boolean {
  return (value as Partial<Written> | null)?.info?.description === instancesDescription;
}

/** What `panopticJson` wrote, as its text is parsed; null for anything else. */
export function readPanopticJson(
  value: unknown,
): { readonly categories: readonly PanopticCategory[]; readonly entries: readonly PanopticEntry[] } | null {
  const { info, images, annotations, categories } = (value ?? {}) as Partial<Written>;
  const isOurs = info?.description === description && isList(categories) && isList(images) && isList(annotations);
  if (!isOurs || images.length !== annotations.length) return null;
  const entries = images.map(({ file_name: photograph, width, height }, index) => {
    const { file_name: file, segments_info: segments } = annotations[index];
    return { photograph, width, height, file, segments };
  });
  const isWhole = entries.every(
    ({ photograph, file, segments }) =>
      typeof photograph === "string" && typeof file === "string" && Array.isArray(segments),
  );
  return isWhole ? { categories, entries } : null;
}

function isList<T>(value: readonly T[] | undefined): value is readonly T[] {
  return Array.isArray(value) && value.every((each) => typeof each === "object" && each !== null);
}

interface Written {
  readonly info: { readonly description: string };
  readonly images: readonly { readonly file_name: string; readonly width: number; readonly height: number }[];
  readonly annotations: readonly { readonly file_name: string; readonly segments_info: readonly SegmentRecord[] }[];
  readonly categories: readonly PanopticCategory[];
}
