import type { Dataset } from "../data/dataset.ts";
import { imagesOnly, joinedDatasets, labelSubset } from "../data/label-subset.ts";
import { sourceOf } from "../data/labels.ts";
import type { LabelKind } from "../data/sample.ts";
import { kindsAt, labelledDataset, selected } from "../data/views.ts";
import type { Platform } from "../platform/platform.ts";
import { type OpenOptions, openDataset, splitsOf, unreadIn } from "./index.ts";

export interface TrainingData {
  /** Samples with the labels that are learned from; images alone where the data set has nothing else. */
  readonly dataset: Dataset;
  /** The split train with all labels that it has, for what is scored by some that are not learned from. */
  readonly truth: Dataset | null;
  /** Further images without such labels; null where there are none, or nothing learns from them. */
  readonly unlabelled: Dataset | null;
  /** Where `dataset` is a part of the labelled samples: of how many, drawn by which seed. */
  readonly labels: { readonly of: number; readonly seed: number } | null;
  /** Null where the data set has no labelled split for scoring. */
  readonly validation: Dataset | null;
  /** The split train has images that the recipe does not learn from: how many lack each kind of labels. */
  readonly left: readonly Lacking[];
  /** There are images that nobody labelled, in a split of their own, and the recipe does not learn from them. */
  readonly leavesUnlabelled: boolean;
  /** Kinds that are read where they are there, and how many of the samples lack them. */
  readonly lacking: readonly Lacking[];
  /** What inspection would note of these files, a line each. */
  readonly notes: readonly string[];
}

export interface Lacking {
  readonly kind: LabelKind;
  readonly count: number;
  readonly of: number;
}

export interface TrainingDataOptions extends OpenOptions {
  /** How many of the samples keep their labels; the others are then unlabelled. Default: all. */
  readonly keep?: { readonly count: number } | { readonly fraction: number } | null;
  readonly labelSeed?: number;
  /** Changes what the split train has before anything is made of it, such as masks of another run in place of its own. */
  readonly changed?: (train: Dataset) => Promise<Dataset>;
  /** What the recipe learns from: kinds of labels, those that samples may lack, and images without any. */
  readonly learnsFrom: {
    readonly labels: readonly LabelKind[];
    readonly more?: readonly LabelKind[];
    readonly images: boolean;
  };
}

/** What to train on and, where there are labels for it, what to score on. */
export async function openTrainingData(
  platform: Platform,
  spec: string,
  { keep = null, labelSeed: seed = 0, learnsFrom, changed, ...options }: TrainingDataOptions,
): Promise<TrainingData> {
  const splits = await splitsOf(platform, spec, options);
  const open = (split: (typeof splits)[number]) => openDataset(platform, spec, split, options);
  const bare = splits.includes("unlabelled") && learnsFrom.images ? await open("unlabelled") : null;
  const scored = splits.includes("val") ? await open("val") : null;
  const validation = scored !== null && scored.kinds.length > 0 ? scored : null;
  if (!splits.includes("train") && learnsFrom.labels.length === 0 && bare !== null) {
    return {
      dataset: bare,
      truth: null,
      unlabelled: null,
      labels: null,
      validation,
      ...{ left: [], leavesUnlabelled: false, lacking: [] },
      notes: bare.notes ?? [],
    };
  }
  const train = await open("train");
  const all = (await changed?.(train)) ?? train;
  const notes = [all, scored, bare].flatMap((each) => each?.notes ?? []);
  const { labelled, rest } = byLabels(all, learnsFrom.labels);
  const subset = keep === null ? null : labelSubset(labelled, { ...keep, seed });
  const others = [rest, subset?.rest, bare].filter(
    (each) => each !== null && each !== undefined && each.ids.length > 0,
  );
  const unlabelled = others.reduce<Dataset | null>(
    (sum, each) => (sum === null ? (each as Dataset) : joinedDatasets(all.name, sum, each as Dataset)),
    null,
  );
  return {
    dataset: subset?.labelled ?? labelled,
    truth: train,
    unlabelled: learnsFrom.images ? unlabelled : null,
    labels: subset === null ? null : { of: labelled.ids.length, seed },
    validation,
    left: learnsFrom.images || rest === null ? [] : lackingIn(all, learnsFrom.labels),
    leavesUnlabelled: !learnsFrom.images && splits.includes("unlabelled"),
    lacking: lackingIn(selected(all, placesOf(all, labelled)), learnsFrom.more ?? []),
    notes: [...new Set([...(await unreadIn(platform, spec, options)), ...notes])],
  };
}

/** Samples with labels of all kinds, and the others as images; all as they are where none has them. */
function byLabels(all: Dataset, kinds: readonly LabelKind[]): { labelled: Dataset; rest: Dataset | null } {
  if (kinds.length === 0) return { labelled: all, rest: null };
  const labelled = labelledDataset(all, kinds);
  if (labelled.ids.length === 0) return { labelled: all, rest: null };
  if (labelled.ids.length === all.ids.length) return { labelled, rest: null };
  const known = new Set(placesOf(all, labelled));
  const left = all.ids.map((_, index) => index).filter((index) => !known.has(index));
  return { labelled, rest: { ...imagesOnly(selected(all, left)), leftOut: [] } };
}

/** Where the samples of a part lie in the whole. */
function placesOf(all: Dataset, { ids }: Dataset): number[] {
  const known = new Set(ids);
  return all.ids.flatMap((id, index) => (known.has(id) ? [index] : []));
}

/** Of the kinds, those that some samples lack. */
function lackingIn(dataset: Dataset, kinds: readonly LabelKind[]): Lacking[] {
  const of = dataset.ids.length;
  const lacks = (kind: LabelKind) =>
    dataset.ids.filter((_, index) => sourceOf(kind, kindsAt(dataset, index)) === undefined).length;
  return kinds.map((kind) => ({ kind, count: lacks(kind), of })).filter(({ count }) => count > 0);
}
