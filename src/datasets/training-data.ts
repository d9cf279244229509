import type { Dataset } from "../data/dataset.ts";
import { joinedDatasets, labelSubset } from "../data/label-subset.ts";
import type { Platform } from "../platform/platform.ts";
import { openDataset, splitsOf } from "./index.ts";

export interface TrainingData {
  /** Labelled samples; images alone where the data set has nothing else. */
  readonly dataset: Dataset;
  /** Further images without labels; null where there are none, or nothing learns from them. */
  readonly unlabelled: Dataset | null;
  /** Where `dataset` is a part of the labelled samples: of how many, drawn by which seed. */
  readonly labels: { readonly of: number; readonly seed: number } | null;
  /** Null where the data set has no labelled split for scoring. */
  readonly validation: Dataset | null;
  /** There are images without labels, and the recipe does not learn from them. */
  readonly leavesImages: boolean;
}

export interface TrainingDataOptions {
  readonly layout?: string | undefined;
  readonly onBadFile: "fail" | "skip";
  /** How many of the samples keep their labels; the others are then unlabelled. Default: all. */
  readonly keep?: { readonly count: number } | { readonly fraction: number } | null;
  readonly labelSeed?: number;
  /** What the recipe learns from. */
  readonly learnsFrom: { readonly labels: boolean; readonly images: boolean };
}

/** What to train on and, where there are labels for it, what to score on. */
export async function openTrainingData(
  platform: Platform,
  spec: string,
  { layout, onBadFile, keep = null, labelSeed: seed = 0, learnsFrom }: TrainingDataOptions,
): Promise<TrainingData> {
  const options = { ...(layout !== undefined && { layout }), onBadFile };
  const splits = await splitsOf(platform, spec, options);
  const leavesImages = !learnsFrom.images && splits.includes("unlabelled");
  const takesImages = learnsFrom.images && splits.includes("unlabelled");
  const unlabelled = takesImages ? await openDataset(platform, spec, "unlabelled", options) : null;
  const found = splits.includes("val") ? await openDataset(platform, spec, "val", options) : null;
  const validation = found?.kinds.includes("masks") ? found : null;
  if (!splits.includes("train") && !learnsFrom.labels && unlabelled !== null) {
    return { dataset: unlabelled, unlabelled: null, labels: null, validation, leavesImages };
  }
  const all = await openDataset(platform, spec, "train", options);
  if (keep === null) return { dataset: all, unlabelled, labels: null, validation, leavesImages };
  const { labelled, rest } = labelSubset(all, { ...keep, seed });
  const others = rest.ids.length === 0 || !learnsFrom.images ? null : rest;
  const both = others !== null && unlabelled !== null;
  return {
    dataset: labelled,
    unlabelled: both ? joinedDatasets(all.name, others, unlabelled) : (others ?? unlabelled),
    labels: { of: all.ids.length, seed },
    ...{ validation, leavesImages },
  };
}
