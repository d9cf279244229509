/** What is asked of a segmenter for one photograph, and what it gives. */
import type { SegmentMap } from "../data/sample.ts";
import type { LabelMap } from "../image/image.ts";
import type { WindowingName } from "../methods/model.ts";
import type { CrfSettings } from "../refinement/crf-settings.ts";

/**
 * How an image becomes one class map. What is averaged over scales and mirror image are probabilities, over windows
 * these or what the model says.
 */
export interface SegmentOptions {
  /** Pixels of the shorter side when windows are cut; 0: the image's own size. Default: as the model was trained. */
  readonly shortSide?: number;
  /** Factors on that size; the probabilities of all are averaged. Default: 1 alone. */
  readonly scales?: readonly number[];
  /**
   * Average with the mirrored image as well. Its windows lie as on any image of its size: where the windows lie alike from
   * left and right, as two halves do, this is each window and its own mirror image.
   */
  readonly flip?: boolean;
  /**
   * How windows lie on images larger than one, and how they are averaged: see `windowings`. Default: the model's. `whole`: the
   * network sees the image as it is at once, where it takes any size; each size takes a program of its own, and time for that.
   */
  readonly windows?: WindowsChoice;
  /**
   * A dense CRF on the averaged probabilities, at the size at which windows were cut, in place of what the model's method makes of
   * them on the host; `none`: neither. Default: as the method does.
   */
  readonly crf?: CrfSettings | "none";
  /** Whether the mean score of each class is given as well; of a semantic model. Default: no. */
  readonly scores?: boolean;
  /**
   * What is given of every pixel besides its class, at the image's own size: `confidence`, of a semantic model the largest score, of a
   * panoptic one how sure the pixel is of its segment; or, of a semantic model, `probabilities`, the scores of all classes (and the
   * confidence). Default: neither.
   */
  readonly detail?: "confidence" | "probabilities";
}

/** What `windows` may be. */
export type WindowsChoice = WindowingName | "whole";

export interface Segmentation {
  /** The class of each pixel; `IGNORE` where a panoptic model found nothing. */
  readonly labels: LabelMap;
  /** Pixels of each class, in order of class index. */
  readonly areas: readonly number[];
  /**
   * Where they were asked for: the mean score of each class where it is the largest, in pixels of the size at which the image was
   * computed; null where it is nowhere.
   */
  readonly scores?: readonly (number | null)[];
  /** Where `detail` asked for it: [height, width], 0 … 1 for models whose scores are probabilities. */
  readonly confidence?: Float32Array;
  /** Where `detail` asked for it: [K, height, width]. */
  readonly probabilities?: Float32Array;
  /** Of a panoptic model: the segments, each with its score. */
  readonly panoptic?: SegmentMap;
  /** Of a panoptic model that says it: the class of every pixel, however unsure. */
  readonly readOut?: LabelMap;
}
