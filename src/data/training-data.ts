import type { Dataset } from "../data/dataset.ts";
import { openDataset, splitsOf } from "../data/index.ts";
import type { Platform } from "../platform/platform.ts";

export interface DatasetPair {
  readonly training: Dataset;
  /** Null where the data set has no labelled split for scoring. */
  readonly validation: Dataset | null;
}

/** The split to train on, and the one to score on where there is one with labels. */
export async function openDatasetPair(
  platform: Platform,
  spec: string,
  { layout, onBadFile }: { readonly layout?: string; readonly onBadFile: "fail" | "skip" },
): Promise<DatasetPair> {
  const options = { ...(layout !== undefined && { layout }), onBadFile };
  const training = await openDataset(platform, spec, "train", options);
  const splits = await splitsOf(platform, spec, options);
  const validation = splits.includes("val") ? await openDataset(platform, spec, "val", options) : null;
  return { training, validation: validation?.kinds.includes("masks") ? validation : null };
}
