/** What a reader of one layout on disk gives; `datasets/index.ts` lists the readers. */

import type { Split, WordThresholds } from "../data/dataset.ts";
import type { ClassInfo, Segment } from "../data/sample.ts";
import type { Platform } from "../platform/platform.ts";
import type { DrawnMask, PackedMask } from "./shapes/draw-shapes.ts";
import type { Remedy } from "./unknown-values.ts";
import type { ValueMap } from "./value-map.ts";

/** A photograph and what labels it; labels are absent where the split has none (test, unlabelled). */
export interface Entry {
  readonly id: string;
  readonly image: string;
  readonly labels: EntryLabels;
}

/** Labels that are known from a list, and files of those that are decoded when they are read. */
export interface EntryLabels {
  readonly mask?: string | DrawnMask | PackedMask;
  readonly panoptic?: PanopticFile;
  readonly tags?: readonly number[];
  /** Sentences, or a text file with one a line. */
  readonly captions?: readonly string[] | string;
  readonly saliency?: string;
}

/** A map of segments, and what tells their classes. */
export type PanopticFile = AnnotatedIds | NumberedInstances;

/** Ids that an annotation explains. */
export interface AnnotatedIds {
  readonly file: string;
  readonly segments: readonly Segment[];
}

/** Numbers of instances: with the class of each pixel in the same file (two channels), or of what a mask shows. */
export interface NumberedInstances {
  readonly file: string;
  readonly mask?: string;
}

/** Where a data set lies: its labels, and its photographs, which may have a folder of their own. */
export interface Folders {
  readonly root: string;
  /** The folder that holds `images`; `root` unless another was named. */
  readonly images: string;
}

/** Something wrong with a data set's files: `message` is a whole line that begins with the file. */
export interface Problem {
  readonly file: string;
  readonly message: string;
  /** All files that it is said of, where there are several. */
  readonly files?: readonly string[];
}

/** What one split consists of, found by listing folders alone. */
export interface Survey {
  readonly classes: readonly ClassInfo[];
  readonly valueMap: ValueMap;
  /** See `Dataset`. */
  readonly classesFile?: string | undefined;
  /** See `Dataset`. */
  readonly wordThresholds?: WordThresholds | undefined;
  /** See `Dataset`. */
  readonly withBackground?: string | undefined;
  /** Complete entries, sorted by id. */
  readonly entries: readonly Entry[];
  /** Files that keep an entry from being complete. */
  readonly problems: readonly Problem[];
  /** What is worth knowing and keeps nothing from being used: files that are not read, images without mask. */
  readonly notes: readonly Problem[];
  /** What to do about a mask value without a class: how this layout's map is changed. */
  readonly remedy: Remedy;
}

export interface Layout {
  /** As given to `--layout`. */
  readonly name: string;
  /** One line: what it is. */
  readonly about: string;
  /** The folders, drawn: for messages and documentation. */
  readonly drawing: string;
  /** Paths of which all exist in a data set of this layout, relative to its folder. */
  readonly signs: readonly string[];
  /** Paths that may be there in place of signs. */
  readonly alternatives?: Readonly<Record<string, string>>;
  /** True where photographs may lie in another folder than their labels. */
  readonly apart?: boolean;
  /** True where the signs are those of another layout, which is taken unless this one is named. */
  readonly onlyByName?: boolean;
  /** Whether a folder is of this layout, where that is not told by `signs`. */
  recognizes?(platform: Platform, root: string): Promise<boolean>;
  /** Splits that the folder has, in the order of `allSplits`; unlabelled only where there are such images. */
  splits(platform: Platform, folders: Folders): Promise<Split[]>;
  /** Lists one split. Throws InputError when the split or the class list is missing or broken. */
  survey(platform: Platform, folders: Folders, split: Split): Promise<Survey>;
  /** Labels and images that no split reads, for inspection. Throws InputError where lists are broken. */
  strays?(platform: Platform, folders: Folders): Promise<Problem[]>;
}
