/** Kinds of labels: what they are called, and which follow from others. */
import { InputError } from "../errors.ts";
import { IGNORE, type LabelMap } from "../image/image.ts";
import type { LabelKind, Labels, SegmentMap } from "./sample.ts";

/** All kinds in the order in which they are shown. */
export const labelKinds: readonly LabelKind[] = ["mask", "panoptic", "tags", "captions", "saliency", "features"];

/** What a stage may learn from and a pass write. */
export function isLabelKind(value: unknown): value is LabelKind {
  return labelKinds.some((kind) => kind === value);
}

/** Those that data sets have; the others only passes write. */
export type GivenKind = Exclude<LabelKind, "features">;
export const givenKinds: readonly GivenKind[] = labelKinds.filter((kind) => kind !== "features");

/** As people say them, of several images. */
const words: Readonly<Record<LabelKind, string>> = {
  mask: "masks",
  panoptic: "panoptic segments",
  tags: "tags",
  captions: "captions",
  saliency: "saliency",
  features: "features",
};

/** `masks and tags`; `images alone` where there are none. */
export function kindsText(kinds: readonly LabelKind[]): string {
  return kinds.length === 0 ? "images alone" : kinds.map((kind) => words[kind]).join(" and ");
}

/** Kinds of labels that each kind follows from, the most telling first. */
const sources: Readonly<Partial<Record<LabelKind, readonly LabelKind[]>>> = {
  mask: ["panoptic"],
  tags: ["mask", "panoptic"],
};

/** The kind among `there` that gives the kind `wanted`: itself, or one that it follows from. */
export function sourceOf(wanted: LabelKind, there: readonly LabelKind[]): LabelKind | undefined {
  return [wanted, ...(sources[wanted] ?? [])].find((kind) => there.includes(kind));
}

/** `labels` with those of `wanted` that are not there and follow from what is. */
export function completed(labels: Labels, wanted: readonly LabelKind[]): Labels {
  const { panoptic } = labels;
  const needsMask = wanted.includes("mask") || wanted.includes("tags");
  const mask = labels.mask ?? (needsMask && panoptic ? maskOf(panoptic) : undefined);
  const tags = labels.tags ?? (wanted.includes("tags") && mask ? tagsOf(mask) : undefined);
  return { ...labels, ...(mask && { mask }), ...(tags && { tags }) };
}

/** Indices of the classes that a label map shows, ascending: what a mask says about a whole image. */
export function tagsOf({ data }: LabelMap): number[] {
  const seen = new Uint8Array(256);
  for (let i = 0; i < data.length; i++) seen[data[i]] = 1;
  seen[IGNORE] = 0;
  return [...seen.keys()].filter((label) => seen[label] === 1);
}

/** The class of each pixel's segment; void pixels are unlabelled. Throws InputError for a class that a mask cannot hold. */
export function maskOf({ width, height, data, segments }: SegmentMap): LabelMap {
  const odd = segments.find(
    ({ classIndex }) => !Number.isInteger(classIndex) || classIndex < 0 || classIndex >= IGNORE,
  );
  if (odd !== undefined) {
    throw new InputError(
      `segments: expected classes from 0 to ${IGNORE - 1}, got ${odd.classIndex} of segment ${odd.id}. Correct the data set.`,
    );
  }
  const classOf = new Map(segments.map(({ id, classIndex }) => [id, classIndex]));
  const mask = new Uint8Array(data.length);
  let [lastId, lastClass] = [0, IGNORE];
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== lastId) [lastId, lastClass] = [data[i], classOf.get(data[i]) ?? IGNORE];
    mask[i] = lastClass;
  }
  return { width, height, data: mask };
}
