import type { NdArray } from "../array/ndarray.ts";
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
  /** Its number in the data set's own annotation, as COCO's, which has gaps. Absent where there is none, or all are index + 1; see `categoryIds`. */
  readonly categoryId?: number;
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

/** What a network that does not change any more made of a photograph, see `data/features.ts`. */
export interface Features {
  /** Of the photograph as the network saw it, at the top left; what its maps show beyond that is padding. Pixels. */
  readonly width: number;
  readonly height: number;
  /** The largest first, each of another stride. */
  readonly maps: readonly FeatureArray[];
}

/** A map of features on the host. */
export interface FeatureArray {
  /** Pixels that a column of numbers spans, down and across. */
  readonly stride: number;
  /** [C, h, w] float16 with h · stride ≥ height and w · stride ≥ width. */
  readonly values: NdArray;
}

/** What is known of a photograph; any of it may be absent. Maps have the photograph's size, but for features. */
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
  /** What a pass had a network compute; no data set has them of its own. */
  readonly features?: Features;
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
