import type { Color, Image, LabelMap } from "../image/image.ts";

export interface ClassInfo {
  readonly name: string;
  readonly color: Color;
  /** Countable objects (true) or amorphous stuff (false); undefined where the data set does not say. */
  readonly thing?: boolean;
  /** What is none of the other classes. */
  readonly background?: true;
  /** As people say it, the usual word first: `sofa`, `couch`. Absent: its name. */
  readonly words?: readonly string[];
}

/** One instance or stuff region of a panoptic label. */
export interface Segment {
  /** Value in the segment map; 0 is void. */
  readonly id: number;
  /** Index into the data set's classes. */
  readonly classIndex: number;
  /** A region of many objects that were not told apart. */
  readonly crowd: boolean;
  /** How sure a model is of it, 0 … 1; absent in truth. */
  readonly score?: number;
  /** Pixels as its annotation says; absent where there is none. */
  readonly area?: number;
}

/** data[y · width + x]: id of the pixel's segment, 0 where it has none. */
export interface SegmentMap {
  readonly width: number;
  readonly height: number;
  readonly data: Uint32Array;
  readonly segments: readonly Segment[];
}

/** What is known of a photograph; any of it may be absent. Maps have the photograph's size. */
export interface Labels {
  /** A class per pixel. */
  readonly mask?: LabelMap;
  /** A segment per pixel, each of a class. */
  readonly panoptic?: SegmentMap;
  /** Class indices known to be in the image, ascending. */
  readonly tags?: readonly number[];
  /** Sentences about the image. */
  readonly captions?: readonly string[];
  /** How much each pixel draws the eye, 0 … 255. */
  readonly saliency?: LabelMap;
}

export type LabelKind = keyof Labels;

/** One photograph with whatever labels it has. */
export interface Sample {
  /** Unique in its data set and split: the file name without folder and extension. */
  readonly id: string;
  /** The image file, for messages; a description such as "scenes #12" where there is none. */
  readonly source: string;
  readonly image: Image;
  readonly labels: Labels;
}
