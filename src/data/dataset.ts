import type { ClassInfo, Sample } from "./sample.ts";

/** `unlabelled`: images that have no labels, or whose labels are not read. */
export type Split = "train" | "val" | "test" | "unlabelled";
export type LabelKind = "masks" | "panoptic" | "tags" | "captions" | "saliency";

/** One split of a data set. Samples are read one at a time and never kept. */
export interface Dataset {
  /** Layout and place, for messages and run records: `folder ./camvid`. */
  readonly name: string;
  readonly split: Split;
  readonly classes: readonly ClassInfo[];
  readonly kinds: readonly LabelKind[];
  /** Sample ids in reading order (sorted). */
  readonly ids: readonly string[];
  /**
   * The explicit map from values in mask files to class indices or "ignore", as text: kept in the run and the export.
   * RGB-coded masks have keys such as "#804080". A value that is not in the map is an error.
   */
  readonly valueMap: Readonly<Record<string, number | "ignore">>;
  /** Files that keep a sample from being complete and were left out when the data set was opened, one line each. */
  readonly leftOut?: readonly string[];
  /** Throws InputError naming the file(s) when a sample cannot be read. */
  read(index: number): Promise<Sample>;
  /** The same sample with id, source and image only; its label files are not opened. Absent where there is no such way. */
  readImage?(index: number): Promise<Sample>;
  /** The file that a sample's image comes from, for messages. */
  source(index: number): string;
}

/** The order in which splits are shown. */
export const allSplits: readonly Split[] = ["train", "val", "test", "unlabelled"];
