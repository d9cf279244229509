import type { ClassInfo, LabelKind, Sample } from "./sample.ts";

/** `unlabelled`: images that have no labels, or whose labels are not read. */
export type Split = "train" | "val" | "test" | "unlabelled";

/** Scores from 0 to 1 below which a pixel is background (Xu et al. 2022). */
export interface WordThresholds {
  /** Of the authors' code. */
  readonly official: number;
  /** Of the paper, whose scores are others. Absent: it names none. */
  readonly paper?: number;
}

/** One split of a data set. Samples are read one at a time and never kept. */
export interface Dataset {
  /** Layout and place, for run records: `folder ./camvid`. */
  readonly name: string;
  /** The path that messages about it begin with, `./camvid`; absent where it has none, as drawn scenes. */
  readonly place?: string | undefined;
  readonly split: Split;
  /** Empty where nothing names classes: images and captions need none. */
  readonly classes: readonly ClassInfo[];
  /** Kinds of labels that some sample has, in the order of `labelKinds`. */
  readonly kinds: readonly LabelKind[];
  /** Sample ids in reading order (sorted). */
  readonly ids: readonly string[];
  /**
   * The explicit map from values in mask files to class indices or "ignore", as text: kept in the run and the export.
   * RGB-coded masks have keys such as "#804080". A value that is not in the map is an error.
   */
  readonly valueMap: Readonly<Record<string, number | "ignore">>;
  /** The file in it that names the classes; absent where the layout does, or nothing. */
  readonly classesFile?: string | undefined;
  /** Thresholds of the background that others score models of any words with here, where it is a class. Absent: none is known. */
  readonly wordThresholds?: WordThresholds | undefined;
  /** The layout by which the same files have their background as a class; absent where they have it, or never do. */
  readonly withBackground?: string | undefined;
  /** Files that keep a sample from being complete and were left out when the data set was opened, one line each. */
  readonly leftOut?: readonly string[];
  /** What is worth knowing of its files and keeps none from being used, one line each. */
  readonly notes?: readonly string[];
  /**
   * How many samples that cannot be read are passed over even where a bad image is to stop the run: data from the web have
   * some. Absent: none.
   */
  readonly unreadableAllowed?: number;
  /** The kinds of labels that one sample has; absent where each has all of `kinds`. */
  kindsOf?(index: number): readonly LabelKind[];
  /**
   * The sample with its labels, or only those of `kinds` (files of others are then not opened).
   * Throws InputError naming the file(s) when it cannot be read.
   */
  read(index: number, kinds?: readonly LabelKind[]): Promise<Sample>;
  /** The file that a sample's image comes from, for messages. */
  source(index: number): string;
  /** All files of a sample, its image first; absent where samples are not files of their own. */
  files?(index: number): readonly string[];
}

/** What messages about a data set as a whole begin with. */
export function whereOf({ place, name }: Pick<Dataset, "place" | "name">): string {
  return place ?? name;
}

/** Those that may have labels. */
export const labelledSplits = ["train", "val", "test"] as const satisfies readonly Split[];

/** The order in which splits are shown. */
export const allSplits: readonly Split[] = [...labelledSplits, "unlabelled"];
