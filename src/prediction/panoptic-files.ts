/** Segments as files that other tools read: COCO's PNG of ids and its JSON, or ids in 16 bits. */

import type { ClassInfo, SegmentMap } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { lastPart } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";

/** How ids are stored: red + 256 · green + 65536 · blue as COCO has it, or grey of 16 bits. */
export type SegmentIds = "rgb" | "16-bit";

export const segmentIdForms: readonly SegmentIds[] = ["rgb", "16-bit"];

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
}

/** The segments of a map with areas and boxes as the map has them; the category of a class is its index plus 1. */
export function segmentRecords({ width, data, segments }: SegmentMap, classes: readonly ClassInfo[]): SegmentRecord[] {
  const boxes = new Map(segments.map(({ id }) => [id, { area: 0, left: width, right: -1, top: -1, bottom: -1 }]));
  let [lastId, box] = [0, boxes.get(0)];
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== lastId) [lastId, box] = [data[i], boxes.get(data[i])];
    if (box === undefined) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    box.area++;
    if (x < box.left) box.left = x;
    if (x > box.right) box.right = x;
    if (box.top < 0) box.top = y;
    box.bottom = y;
  }
  return segments.flatMap(({ id, classIndex, crowd, score }) => {
    const { area, left, right, top, bottom } = boxes.get(id)!;
    if (area === 0) return [];
    const { name, thing } = classes[classIndex];
    return [
      {
        ...{
          id,
          category_id: classIndex + 1,
          class: name,
          isthing: thing === true ? 1 : 0,
          iscrowd: crowd ? 1 : 0,
          area,
        },
        ...{ bbox: [left, top, right - left + 1, bottom - top + 1] as const, score: score ?? null },
      } satisfies SegmentRecord,
    ];
  });
}

/** The ids as PNG. Throws InputError where they do not fit. */
export async function encodeSegmentIds(
  platform: Pick<Platform, "encodeImage" | "encodeGrey16Png">,
  { width, height, data }: SegmentMap,
  form: SegmentIds,
): Promise<Uint8Array> {
  const most = data.reduce((a, b) => Math.max(a, b), 0);
  const limit = form === "rgb" ? 2 ** 24 : 2 ** 16;
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

/** A class as COCO's annotation has it. */
export interface PanopticCategory {
  readonly id: number;
  readonly name: string;
  readonly isthing: 0 | 1;
}

export function panopticCategories(classes: readonly ClassInfo[]): PanopticCategory[] {
  return classes.map(({ name, thing }, index) => ({ id: index + 1, name, isthing: thing === true ? 1 : 0 }));
}

/** COCO's panoptic annotation of a folder of predictions; images are numbered from 1. */
export function panopticJson(categories: readonly PanopticCategory[], entries: readonly PanopticEntry[]): string {
  const images = entries.map(({ photograph, width, height }, index) => ({
    ...{ id: index + 1, file_name: lastPart(photograph), width, height },
  }));
  const annotations = entries.map(({ file, segments }, index) => ({
    ...{ image_id: index + 1, file_name: file, segments_info: segments },
  }));
  return `${JSON.stringify({ info: { description }, images, annotations, categories }, null, 1)}\n`;
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
