import type { Color, Image, LabelMap } from "../image/image.ts";

export interface ClassInfo {
  readonly name: string;
  readonly color: Color;
  /** Countable objects (true) or amorphous stuff (false); undefined where the data set does not say. */
  readonly thing?: boolean;
}

/** One instance or stuff region of a panoptic label. */
export interface Segment {
  /** Value in the segment map; 0 is void. */
  readonly id: number;
  /** Index into the data set's classes. */
  readonly classIndex: number;
  readonly crowd: boolean;
}

/** One photograph with whatever labels it has. */
export interface Sample {
  /** Unique in its data set and split: the file name without folder and extension. */
  readonly id: string;
  /** The image file, for messages; a description such as "scenes #12" where there is none. */
  readonly source: string;
  readonly image: Image;
  readonly labels?: LabelMap;
  readonly segmentMap?: { readonly width: number; readonly height: number; readonly data: Uint32Array };
  readonly segments?: readonly Segment[];
  readonly captions?: readonly string[];
  /** Class indices known to be in the image, ascending. */
  readonly tags?: readonly number[];
  /** Saliency, 0 … 255. */
  readonly saliency?: { readonly width: number; readonly height: number; readonly data: Uint8Array };
}
