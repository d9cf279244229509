/** Labels and segments that a method's own code makes: checked where they are given, as they go into many files. */
import { allFiniteHalves, featuresProblem } from "../data/features.ts";
import type { Features, LabelKind, Labels, SegmentMap } from "../data/sample.ts";
import { IGNORE } from "../image/image.ts";
import { failure } from "./requirements.ts";

/** What labels have to fit. */
export interface LabelBounds {
  /** Of the photograph, pixels. */
  readonly width: number;
  readonly height: number;
  /** How many there are. */
  readonly classes: number;
}

/**
 * The labels without segments that have no pixel. Throws InputError, which begins with `where`, for labels of a kind that is
 * not among `writes`, of another size, or of classes that are none.
 */
export function requireLabels(
  labels: Labels,
  writes: readonly LabelKind[],
  bounds: LabelBounds,
  where: string,
): Labels {
  const fail = failure(where);
  if (!isObject(labels)) fail("labels by kind", typeof labels);
  const given = Object.entries(labels).filter(([, value]) => value !== undefined);
  const other = given.find(([kind]) => !writes.some((each) => each === kind));
  if (other !== undefined) fail(`labels of the kinds that it writes (${writes.join(", ") || "none"})`, other[0]);
  const { mask, saliency, tags, captions, panoptic, features } = labels;
  for (const [kind, map] of Object.entries({ mask, saliency }))
    if (map !== undefined) requireSize(map, bounds, `${where}: ${kind}`);
  if (mask !== undefined) {
    const wrong = mask.data.find((value) => !isClass(value, bounds) && value !== IGNORE);
    if (wrong !== undefined) fail(`${classText(bounds)} or ${IGNORE} (ignored) in mask`, String(wrong));
  }
  if (tags !== undefined) {
    if (!Array.isArray(tags)) fail("tags as a list of classes", typeof tags);
    const wrong = tags.find((tag) => !isClass(tag, bounds));
    if (wrong !== undefined) fail(`tags that are ${classText(bounds)}`, String(wrong));
  }
  if (captions !== undefined && !(Array.isArray(captions) && captions.every((text) => typeof text === "string"))) {
    fail("captions as a list of texts", typeof captions);
  }
  if (features !== undefined) requireFeatures(features, where);
  return panoptic === undefined ? labels : { ...labels, panoptic: requireSegments(panoptic, bounds, where) };
}

function requireFeatures(features: Features, where: string): void {
  const fail = failure(`${where}: features`);
  const problem = isObject(features) ? featuresProblem(features) : (["maps by stride", typeof features] as const);
  if (problem !== null) fail(...problem);
  const wrong = features.maps.find(({ values }) => !allFiniteHalves(values));
  if (wrong !== undefined) fail("finite numbers", `others in the map of stride ${wrong.stride}`);
}

/**
 * The map without segments that have no pixel. Throws InputError, which begins with `where`, for a map of another size, ids
 * that are used twice or in pixels alone, and classes that are none.
 */
export function requireSegments(map: SegmentMap, bounds: LabelBounds, where: string): SegmentMap {
  const fail = failure(where);
  if (!isObject(map) || map instanceof Promise || !Array.isArray(map.segments)) {
    fail("a map of segments (width, height, data, segments)", map instanceof Promise ? "a promise" : typeof map);
  }
  requireSize(map, bounds, `${where}: segments`);
  const ids = new Set<number>();
  for (const { id, classIndex } of map.segments) {
    if (!Number.isInteger(id) || id < 1 || ids.has(id)) fail("ids of segments above 0, each once", String(id));
    if (!isClass(classIndex, bounds)) fail(`segments whose classIndex is ${classText(bounds)}`, String(classIndex));
    ids.add(id);
  }
  const seen = new Set<number>(map.data);
  const foreign = [...seen].find((id) => id !== 0 && !ids.has(id));
  if (foreign !== undefined) fail("ids of its segments in the map", String(foreign));
  const segments = map.segments.filter(({ id }) => seen.has(id));
  return segments.length === map.segments.length ? map : { ...map, segments };
}

interface Sized {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
}

function requireSize({ width, height, data }: Sized, bounds: LabelBounds, where: string): void {
  if (width === bounds.width && height === bounds.height && data?.length === width * height) return;
  const got = `one of ${width}x${height} with ${data?.length ?? "no"} pixels`;
  failure(where)(`a map of the photograph's ${bounds.width}x${bounds.height}`, got);
}

function isClass(value: unknown, { classes }: LabelBounds): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < classes;
}

function classText({ classes }: LabelBounds): string {
  return classes === 0 ? "no class, as there are none" : `a class from 0 to ${classes - 1}`;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
