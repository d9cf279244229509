/**
 * Labels that a pass wrote into its run, for the stages after it: `labels/STAGE/ID.json`, pictures and features beside it. What is of
 * the whole stage lies beside its folder (`labels/STAGE.json`), since an id may be any name.
 */
import type { Dataset } from "../data/dataset.ts";
import { featuresProblem } from "../data/features.ts";
import { labelKinds, sourceOf } from "../data/labels.ts";
import type { ClassInfo, Features, LabelKind, Labels, Sample, Segment } from "../data/sample.ts";
import { kindsAt, withRead } from "../data/views.ts";
import { InputError } from "../errors.ts";
import type { Color, Image, LabelMap } from "../image/image.ts";
import { segmentIdsOf } from "../metrics/segment-ids.ts";
import { parseJson } from "../platform/json.ts";
import { listBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import { encodeSegmentIds } from "../prediction/panoptic-files.ts";
import { readSafetensors, writeSafetensors } from "../weights/safetensors.ts";

/** Where the labels of a stage lie. */
export function labelsFolder(run: string, stage: string): string {
  return `${run}/labels/${stage}`;
}

/** What `ID.json` holds; it is written last, so that a record means whole labels. */
interface LabelRecord {
  readonly kinds: readonly LabelKind[];
  readonly tags?: readonly number[];
  readonly captions?: readonly string[];
  readonly segments?: readonly Segment[];
}

/** Writes one sample's labels; returns their kinds. */
export async function writeSampleLabels(
  platform: Platform,
  folder: string,
  id: string,
  labels: Labels,
  classes: readonly ClassInfo[],
): Promise<readonly LabelKind[]> {
  const place = `${folder}/${id}`;
  const { mask, panoptic, saliency, tags, captions, features } = labels;
  const colors = Array.from({ length: 256 }, (_, index): Color => classes[index]?.color ?? [255, 255, 255]);
  const greys = Array.from({ length: 256 }, (_, value): Color => [value, value, value]);
  const png = (map: LabelMap, palette: readonly Color[]) => platform.encodeIndexedPng({ ...map, palette });
  if (mask) await platform.writeFile(`${place}.mask.png`, await png(mask, colors));
  if (saliency) await platform.writeFile(`${place}.saliency.png`, await png(saliency, greys));
  if (panoptic) await platform.writeFile(`${place}.panoptic.png`, await encodeSegmentIds(platform, panoptic, "rgb"));
  if (features) await platform.writeFile(`${place}.features.safetensors`, featuresFile(features));
  const kinds = labelKinds.filter((kind) => labels[kind] !== undefined);
  const record: LabelRecord = {
    kinds,
    ...(tags && { tags }),
    ...(captions && { captions }),
    ...(panoptic && { segments: panoptic.segments }),
  };
  await platform.writeFile(`${place}.json`, `${JSON.stringify(record)}\n`);
  return kinds;
}

/** Removes what a stage wrote: it is of no use any more. */
export async function removeStageLabels(platform: Platform, folder: string): Promise<void> {
  for (const path of [folder, `${folder}.json`, sumsFile(folder)]) await platform.remove(path);
}

/** Where a pass keeps its sums: beside the samples, since an id may be any name. */
export function sumsFile(folder: string): string {
  return `${folder}.safetensors`;
}

/** Kinds of labels that were written of a sample; null where none were, or were not finished. */
export async function writtenKinds(
  platform: Platform,
  folder: string,
  id: string,
): Promise<readonly LabelKind[] | null> {
  const path = `${folder}/${id}.json`;
  return (await platform.exists(path)) === "file" ? (await readRecord(platform, path, visitAgain)).kinds : null;
}

/** Which samples have which kinds, written when the pass has ended. */
export async function writeIndex(
  platform: Platform,
  folder: string,
  kinds: ReadonlyMap<string, readonly LabelKind[]>,
): Promise<void> {
  await platform.writeFile(`${folder}.json`, `${JSON.stringify(Object.fromEntries(kinds))}\n`);
}

/**
 * The data set with a stage's labels in place of its own of the kinds in `writes`, for whoever learns from `wanted`: what
 * `writes` would follow from is not taken instead where the stage gave a sample nothing. photographs: false leaves those
 * unread of which the stage wrote all that is asked for, see `TrainingStage`. Throws InputError where the labels are not there.
 */
export async function withStageLabels(
  platform: Platform,
  folder: string,
  writes: readonly LabelKind[],
  dataset: Dataset,
  wanted: readonly LabelKind[],
  { photographs = true }: { readonly photographs?: boolean | undefined } = {},
): Promise<Dataset> {
  const index = (await readJson(platform, `${folder}.json`, anew)) as Readonly<Record<string, readonly LabelKind[]>>;
  const ofStage = (at: number) => {
    const id = dataset.ids[at];
    return Object.hasOwn(index, id) ? writes.filter((kind) => index[id].includes(kind)) : [];
  };
  const follows = (kind: LabelKind, from: LabelKind) => kind !== from && sourceOf(kind, [from]) !== undefined;
  const isHidden = (kind: LabelKind, missing: LabelKind): boolean =>
    follows(missing, kind) &&
    (wanted.includes(missing) || (!wanted.includes(kind) && wanted.some((each) => follows(each, missing))));
  const kindsOf = (at: number) => {
    const own = ofStage(at);
    const missing = writes.filter((kind) => !own.includes(kind));
    const others = kindsAt(dataset, at).filter(
      (kind) => !writes.includes(kind) && !missing.some((each) => isHidden(kind, each)),
    );
    return labelKinds.filter((kind) => others.includes(kind) || own.includes(kind));
  };
  const read: Dataset["read"] = async (at, asked = labelKinds) => {
    const kinds = kindsOf(at).filter((kind) => asked.includes(kind));
    const others = kinds.filter((kind) => !writes.includes(kind));
    const isStored = !photographs && kinds.length > 0 && others.length === 0;
    const unread: Sample = { id: dataset.ids[at], source: dataset.source(at), image: pixel, labels: {} };
    const sample = isStored ? unread : await dataset.read(at, others);
    // A data set may give more than it was asked for.
    const kept = Object.fromEntries(others.map((kind) => [kind, sample.labels[kind]])) as Labels;
    const stored = kinds.filter((kind) => writes.includes(kind));
    const labels = stored.length === 0 ? {} : await readLabels(platform, `${folder}/${dataset.ids[at]}`, stored);
    return { ...sample, labels: { ...kept, ...labels } };
  };
  const kinds = labelKinds.filter((kind) => dataset.ids.some((_, at) => kindsOf(at).includes(kind)));
  return { ...withRead(dataset, read), kinds, kindsOf };
}

/** In place of a photograph that nobody looks at. */
const pixel: Image = { width: 1, height: 1, data: new Uint8Array(3).fill(128) };

async function readLabels(platform: Platform, place: string, kinds: readonly LabelKind[]): Promise<Labels> {
  const { tags, captions, segments = [] } = await readRecord(platform, `${place}.json`, anew);
  const map = async (kind: LabelKind): Promise<LabelMap> => {
    const { width, height, data } = await platform.decodeMask(`${place}.${kind}.png`);
    return { width, height, data: Uint8Array.from(data) };
  };
  const labels: { -readonly [Kind in LabelKind]?: Labels[Kind] } = {};
  if (kinds.includes("mask")) labels.mask = await map("mask");
  if (kinds.includes("saliency")) labels.saliency = await map("saliency");
  if (kinds.includes("tags") && tags) labels.tags = tags;
  if (kinds.includes("captions") && captions) labels.captions = captions;
  if (kinds.includes("panoptic")) {
    const file = `${place}.panoptic.png`;
    labels.panoptic = { ...segmentIdsOf(await platform.decodeMask(file), file), segments };
  }
  if (kinds.includes("features")) labels.features = await readFeatures(platform, `${place}.features.safetensors`);
  return labels;
}

/** A tensor for each map, called by its stride; sizes as text beside them. */
function featuresFile({ width, height, maps }: Features): Uint8Array {
  const tensors = Object.fromEntries(maps.map(({ stride, values }) => [String(stride), values]));
  return writeSafetensors(tensors, { width: String(width), height: String(height) });
}

async function readFeatures(platform: Platform, path: string): Promise<Features> {
  const { tensors, metadata } = readSafetensors(await platform.readFile(path), path);
  const strides = Object.keys(tensors)
    .map(Number)
    .sort((a, b) => a - b);
  const maps = strides.map((stride) => ({ stride, values: tensors[stride] }));
  const features = { width: Number(metadata.width), height: Number(metadata.height), maps };
  const problem = featuresProblem(features);
  if (problem === null) return features;
  throw new InputError(
    `${path}: expected features that a stage wrote, with ${problem[0]}, got ${problem[1]}. Train the run anew.`,
  );
}

/** While the pass goes on, it visits a sample without labels again; afterwards it is over. */
const visitAgain = "Delete it and train on.";
const anew = "Restore it, or train the run anew.";

async function readRecord(platform: Platform, path: string, remedy: string): Promise<LabelRecord> {
  const record = (await readJson(platform, path, remedy)) as Partial<LabelRecord>;
  if (Array.isArray(record.kinds)) return record as LabelRecord;
  throw new InputError(`${path}: expected labels that a stage wrote, got something else. ${remedy}`);
}

async function readJson(platform: Platform, path: string, remedy: string): Promise<object> {
  if ((await platform.exists(path)) !== "file") {
    throw new InputError(`${path}: expected labels that a stage wrote, got no such file. ${remedy}`);
  }
  try {
    const value = parseJson(await platform.readText(path, listBytes));
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new InputError(`${path}: expected labels that a stage wrote, got a damaged file. ${remedy}`);
}
