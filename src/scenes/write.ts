import type { Split } from "../data/dataset.ts";
import { allSplits } from "../data/dataset.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError, problem, suggestion, UsageError } from "../errors.ts";
import type { Color, LabelMap } from "../image/image.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { type ClassName, sceneClasses } from "./classes.ts";
import { ade20kClasses, cityscapesClasses, type ForeignClasses, vocClasses } from "./foreign-classes.ts";
import { allClasses } from "./merged-classes.ts";
import { sceneId, sceneOf } from "./open.ts";
import type { Scene } from "./render.ts";
import { parseScenesSpec } from "./spec.ts";

export type ScenesLayout = "folder" | "voc" | "cityscapes" | "ade20k";

export const scenesLayouts: readonly ScenesLayout[] = ["folder", "voc", "cityscapes", "ade20k"];

export interface WriteScenesOptions {
  /** `folder` (default) keeps the classes and every kind of label; the others have the classes of their data sets. */
  readonly layout?: ScenesLayout;
  /** Photographs as JPEG (default), or exact as PNG; Cityscapes always has PNG. */
  readonly images?: "jpeg" | "png";
  /** Called after each scene. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Asked between scenes; throws what `throwIfAborted` throws. */
  readonly signal?: AbortSignal;
}

/**
 * Draws the scenes of a spec into a new or empty folder, in a layout that `openDataset` reads. Returns the number of scenes.
 *
 * `folder` has every kind of label that `datasets/folder.ts` draws: masks, panoptic segments, tags, captions, saliency.
 * `voc` has SegmentationObject too. Each class goes to the class of the same meaning in a public layout, or to background or
 * unlabelled when there is none; they take no `classes`. ADE20K has no test split. Unlabelled scenes are photographs alone, where the layout's reader
 * finds them. Throws InputError when the folder is not empty.
 */
export async function writeScenes(
  platform: Platform,
  spec: string,
  folder: string,
  { layout = "folder", images = "jpeg", onProgress, signal }: WriteScenesOptions = {},
): Promise<number> {
  const parsed = parseScenesSpec(spec);
  if (!scenesLayouts.includes(layout)) {
    throw new UsageError(
      problem(
        "layout",
        `expected one of ${scenesLayouts.join(", ")}`,
        `"${layout}"`,
        suggestion(layout, scenesLayouts),
      ),
    );
  }
  const { classes, text } = parsed.classes;
  if (layout !== "folder" && text !== allClasses.text) {
    const expected = `expected no classes in the layout ${layout}, which has its own`;
    throw new UsageError(problem("scenes", expected, `classes=${text}`, "Leave them out, or write --layout folder."));
  }
  await requireEmpty(platform, folder);
  const splits = allSplits.filter((split) => !(split === "test" && layout === "ade20k"));
  const total = splits.reduce((sum, split) => sum + parsed.counts[split], 0);
  const writer: Writer = { platform, folder, images, classes };
  const all: [Split, Notes][] = [];
  let done = 0;
  if (layout === "folder") await writeClassList(writer);
  for (const split of splits) {
    const labelled = split !== "unlabelled";
    const notes: Notes = { captions: {}, tags: {}, annotations: [], images: [] };
    for (let index = 0; index < parsed.counts[split]; index++) {
      signal?.throwIfAborted();
      const scene = sceneOf(parsed, split, index);
      const id = sceneId(split, index);
      await writeImage(
        layout === "cityscapes" ? { ...writer, images: "png" } : writer,
        stems[layout](split, id),
        scene,
      );
      if (labelled) await labelWriters[layout](writer, split, id, scene, notes);
      onProgress?.(++done, total);
    }
    if (labelled) await finishSplit(writer, layout, split, notes);
    all.push([split, notes]);
  }
  if (layout === "folder") await writeLists(writer, all);
  return total;
}

interface Writer {
  readonly platform: Platform;
  readonly folder: string;
  readonly images: "jpeg" | "png";
  readonly classes: readonly ClassInfo[];
}

/** What is written once per split, by scene id. */
interface Notes {
  readonly captions: Record<string, readonly string[]>;
  readonly tags: Record<string, readonly string[]>;
  readonly annotations: object[];
  readonly images: object[];
}

/** Where a photograph lies, without extension. */
const stems: Record<ScenesLayout, (split: Split, id: string) => string> = {
  folder: (split, id) => joinPath("images", split, id),
  voc: (_split, id) => joinPath("JPEGImages", id),
  cityscapes: (split, id) => {
    const folder = split === "unlabelled" ? "train_extra" : split;
    return joinPath("leftImg8bit", folder, "scenes", `${id}_leftImg8bit`);
  },
  ade20k: (split, id) => joinPath("images", adeFolders[split], id),
};

type WriteLabels = (writer: Writer, split: Split, id: string, scene: Scene, notes: Notes) => Promise<void>;

const adeFolders: Readonly<Record<string, string>> = {
  train: "training",
  val: "validation",
  unlabelled: "unlabelled",
};

const labelWriters: Record<ScenesLayout, WriteLabels> = {
  folder: async (writer, split, id, scene, notes) => {
    const { labels, saliency, segmentMap, segments } = scene;
    const { classes } = writer;
    const names = classes.map(({ name }) => name);
    notes.captions[id] = scene.captions;
    notes.tags[id] = scene.tags.map((index) => names[index]);
    const { width, height } = segmentMap;
    notes.images.push({
      id: notes.images.length + 1,
      file_name: `${id}.${writer.images === "jpeg" ? "jpg" : "png"}`,
      width,
      height,
    });
    notes.annotations.push({
      image_id: notes.images.length,
      file_name: `${id}.png`,
      segments_info: segments.map((segment) => segmentInfo(segment, segmentMap)),
    });
    await writeMap(writer, joinPath("masks", split, `${id}.png`), labels, colorsOf(classes));
    await writeMap(writer, joinPath("saliency", split, `${id}.png`), saliency, greys);
    const data = new Uint8Array(width * height * 3);
    for (let i = 0; i < segmentMap.data.length; i++) {
      const value = segmentMap.data[i];
      data.set([value & 255, (value >>> 8) & 255, (value >>> 16) & 255], 3 * i);
    }
    await put(
      writer,
      joinPath("panoptic", split, `${id}.png`),
      await writer.platform.encodeImage({ width, height, data }, "png"),
    );
  },
  voc: async (writer, _split, id, scene) => {
    await writeMap(writer, joinPath("SegmentationClass", `${id}.png`), translated(scene, vocClasses), vocColors);
    const { width, height } = scene.labels;
    const map = new Uint8Array(width * height);
    const known = new Map<number, number>();
    for (let i = 0; i < map.length; i++) {
      if (vocClasses.names[sceneClasses[scene.labels.data[i]]?.name as ClassName] === undefined) continue;
      const segment = scene.segmentMap.data[i];
      if (!known.has(segment)) known.set(segment, known.size + 1);
      map[i] = known.get(segment)!;
    }
    await writeMap(writer, joinPath("SegmentationObject", `${id}.png`), { width, height, data: map }, vocColors);
  },
  cityscapes: async (writer, split, id, scene) => {
    await writeMap(
      writer,
      joinPath("gtFine", split, "scenes", `${id}_gtFine_labelIds.png`),
      translated(scene, cityscapesClasses),
      greys,
    );
  },
  ade20k: async (writer, split, id, scene) => {
    await writeMap(
      writer,
      joinPath("annotations", adeFolders[split], `${id}.png`),
      translated(scene, ade20kClasses),
      greys,
    );
  },
};

async function finishSplit(writer: Writer, layout: ScenesLayout, split: Split, notes: Notes): Promise<void> {
  if (layout === "folder") {
    const { images, annotations } = notes;
    const categories = writer.classes.map(({ name, thing }, index) => ({
      id: index + 1,
      name,
      isthing: thing ? 1 : 0,
    }));
    await put(writer, joinPath("panoptic", `${split}.json`), json({ images, annotations, categories }));
  }
  if (layout === "voc") {
    // VOC lists every name of a split; the files of all splits lie together.
    const names = (await writer.platform.list(joinPath(writer.folder, "SegmentationClass")))
      .map((name) => name.replace(/\.png$/, ""))
      .filter((name) => name.startsWith(`${split}_`));
    await put(writer, joinPath("ImageSets/Segmentation", `${split}.txt`), `${names.join("\n")}\n`);
  }
}

/** Tags and captions of all splits. */
async function writeLists({ images, ...writer }: Writer, all: readonly (readonly [Split, Notes])[]): Promise<void> {
  const ending = images === "jpeg" ? "jpg" : "png";
  const lines = all.flatMap(([split, { captions }]) =>
    Object.entries(captions).map(([id, texts]) =>
      JSON.stringify({ image: `${split}/${id}.${ending}`, captions: texts }),
    ),
  );
  await put({ images, ...writer }, "captions.jsonl", lines.map((line) => `${line}\n`).join(""));
  const tags = all.filter(([split]) => split !== "unlabelled").map(([split, notes]) => [split, notes.tags]);
  await put({ images, ...writer }, "tags.json", json(Object.fromEntries(tags)));
}

/** A segment as COCO's annotation has it. */
function segmentInfo({ id, classIndex }: Scene["segments"][number], { width, data }: Scene["segmentMap"]): object {
  let [area, left, right, top, bottom] = [0, Number.POSITIVE_INFINITY, -1, -1, -1];
  for (let i = data.indexOf(id); i >= 0 && i < data.length; i++) {
    if (data[i] !== id) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    area++;
    left = Math.min(left, x);
    right = Math.max(right, x);
    if (top < 0) top = y;
    bottom = y;
  }
  const bbox = [left, top, right - left + 1, bottom - top + 1];
  return { id, category_id: classIndex + 1, iscrowd: 0, area, bbox };
}

async function writeClassList(writer: Writer): Promise<void> {
  const classes = writer.classes.map((info, value) => ({ ...info, value }));
  const description = "Drawn outdoor and indoor scenes";
  await put(writer, "classes.json", json({ description, ignoreIndex: 255, classes }));
}

/** A colour for every value a mask can hold: the classes', and white for unlabelled pixels. */
function colorsOf(classes: readonly ClassInfo[]): readonly Color[] {
  return Array.from({ length: 256 }, (_, value): Color => classes[value]?.color ?? [255, 255, 255]);
}

const greys: readonly Color[] = Array.from({ length: 256 }, (_, value): Color => [value, value, value]);

/** The VOC colour map, to look at; readers go by the index. Bit k of an index is bit 7 − ⌊k/3⌋ of channel k mod 3. */
const vocColors: readonly Color[] = Array.from({ length: 256 }, (_, index): Color => {
  const color: [number, number, number] = [0, 0, 0];
  for (let k = 0; k < 8; k++) if ((index >> k) & 1) color[k % 3] |= 1 << (7 - Math.floor(k / 3));
  return color;
});

/** Class masks with the values of a public data set. */
function translated({ labels }: Scene, { rest, unlabelled, names }: ForeignClasses): LabelMap {
  const values = sceneClasses.map(({ name }) => names[name as ClassName]?.[0] ?? rest);
  return { width: labels.width, height: labels.height, data: labels.data.map((index) => values[index] ?? unlabelled) };
}

async function writeImage({ platform, folder, images }: Writer, stem: string, { image }: Scene): Promise<void> {
  const bytes = await platform.encodeImage(image, images, { quality: 92 });
  await platform.writeFile(joinPath(folder, `${stem}.${images === "jpeg" ? "jpg" : "png"}`), bytes);
}

async function writeMap(
  writer: Writer,
  path: string,
  { width, height, data }: LabelMap,
  palette: readonly Color[],
): Promise<void> {
  await put(
    writer,
    path,
    await writer.platform.encodeIndexedPng({ width, height, data: Uint8Array.from(data), palette }),
  );
}

async function put({ platform, folder }: Writer, path: string, content: Uint8Array | string): Promise<void> {
  await platform.writeFile(joinPath(folder, path), content);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}

async function requireEmpty(platform: Platform, folder: string): Promise<void> {
  const kind = await platform.exists(folder);
  if (kind === "nothing") return;
  const inside = kind === "folder" ? await platform.list(folder) : [];
  if (kind === "folder" && inside.length === 0) return;
  const got = kind === "file" ? "a file" : `a folder with ${inside.slice(0, 3).join(", ")}`;
  throw new InputError(problem(folder, "expected a new or empty folder", got, "Name another one, or empty it."));
}
