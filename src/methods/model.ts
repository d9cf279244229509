/** What predicts: a graph from a photograph to scores or segments. How large photographs become views of it is said here. */
import type { Named, NdArray } from "../array/ndarray.ts";
import type { SegmentMap } from "../data/sample.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Color, Image, LabelMap } from "../image/image.ts";

/**
 * How a photograph becomes windows, by name (`prediction/windows.ts`): `smooth`, `even` and `halves` overlap, `tiles` lie
 * side by side, and with `none` the whole photograph is made to fit one window.
 */
export const windowingNames = ["smooth", "even", "halves", "tiles", "none"] as const;
export type WindowingName = (typeof windowingNames)[number];

/** How pixels that lie between others are computed, by name. */
export const resizeFilters = ["bilinear", "bicubic"] as const;
export type ResizeFilter = (typeof resizeFilters)[number];

/** How a photograph is scaled where a model, other than in training, wants all of them alike. */
export interface Preparation {
  /**
   * Pixels that its shorter side is made to have, enlarged where it has fewer. Default: what training had, where shorter ones
   * stayed as they were.
   */
  readonly shortSide?: number;
  /** Most pixels of its longer side, at the cost of the shorter; default: any. */
  readonly longSide?: number;
  /** False: reduced by interpolation of the nearest pixels, whatever lies between. Default: all pixels count. */
  readonly antialias?: boolean;
  /** Default `bilinear`. `bicubic` is Pillow's where all pixels count (a = −0.5), otherwise PyTorch's (a = −0.75). */
  readonly filter?: ResizeFilter;
}

/** A class per pixel. */
export interface SemanticModel {
  readonly kind: "semantic";
  /** Sides of a window are a multiple of this, plus `remainder`. */
  readonly stride: number;
  /** Default 0; 1 for sides such as 641 = 16 · 40 + 1. */
  readonly remainder?: number;
  /** The only height and width that it takes; default: by crop and data set. */
  readonly window?: readonly [height: number, width: number];
  /** True where it takes any other size of at least `stride` as well, so that it can see photographs as wholes. Default: it does not. */
  readonly anySize?: boolean;
  /** Default `smooth`. */
  readonly windowing?: WindowingName;
  /** How photographs are scaled before windows are cut. Default: as in training, see `Preparation`. */
  readonly preparation?: Preparation;
  /**
   * Graph, not for training: image [B, H, W, 3] uint8 RGB → scores [B, K, H, W]. Those of several windows, scales and of the
   * mirrored image are averaged, so they are best probabilities; the largest wins.
   */
  scores(scope: Scope, image: Tensor): Tensor;
  /**
   * `logits`: those are what windows are averaged as, and probabilities are their softmax, which scales and the mirrored image are
   * averaged as. Default: scores are averaged as they are.
   */
  readonly averages?: "logits";
  /**
   * Host: better scores from those of the whole image and the image of the same size, such as by a dense CRF. scores:
   * [K, h, w] float32 → the same. An exported file goes without, and says so. A CRF that the user asks for stands in its place.
   */
  refine?(scores: NdArray, image: Image): NdArray | Promise<NdArray>;
}

/** How a photograph lies in a panoptic model's view: scaled with its proportions kept, at the top left, padded. */
export interface Frame {
  /** Of the photograph. */
  readonly height: number;
  readonly width: number;
  /** Of the photograph in the view. */
  readonly scaledHeight: number;
  readonly scaledWidth: number;
}

/** A segment per pixel. */
export interface PanopticModel {
  readonly kind: "panoptic";
  /** Of its one view. */
  readonly size: readonly [height: number, width: number];
  /** What a view shows beside the photograph. */
  readonly padding: Color;
  /** True: photographs are scaled by interpolation of the nearest pixels, corner pixels on corner pixels. Default: all pixels count. */
  readonly corners?: boolean;
  /** Graph, not for training: view [1, H, W, 3] uint8 RGB → what `segments` needs. */
  outputs(scope: Scope, image: Tensor): Named<Tensor>;
  /** What an exported file says of these outputs in its metadata, by their names, for programs that read them without this code. */
  readonly about?: Named<string>;
  /** Host: segments at the photograph's own size, each with its score; `frame` undoes scaling and padding. */
  segments(outputs: Named<NdArray>, frame: Frame): SegmentMap;
  /** Host: the class of every pixel, however unsure, where the model says it: what mean IoU is counted on. */
  labels?(outputs: Named<NdArray>, frame: Frame): LabelMap;
  /** Host: how sure every pixel is of its segment, 0 … 1, [height, width] of the photograph; default: the model does not say. */
  confidence?(outputs: Named<NdArray>, frame: Frame): Float32Array;
}

export type PredictionModel = SemanticModel | PanopticModel;
