import type { Named, NdArray } from "../array/ndarray.ts";
import type { Method, Task } from "../methods/method.ts";
import type { PredictionModel, ResizeFilter, WindowingName } from "../methods/model.ts";
import type { Recipe } from "../methods/recipe.ts";

/** A model that has learned: all that predicting, evaluating and exporting need. A run folder holds one. */
export interface TrainedModel {
  readonly method: Method;
  readonly recipe: Recipe;
  readonly task: Task;
  /** Values in mask files → class index or "ignore", as the training data set gave it. */
  readonly valueMap: Readonly<Record<string, number | "ignore">>;
  /** Parameters and running averages by name; those of the moving average of weights where the run kept one. */
  readonly weights: Named<NdArray>;
  /** Height and width that the network sees at once, pixels, as its model allows them. */
  readonly window: readonly [height: number, width: number];
  /** Images with a longer shorter side are reduced to this many pixels before windows are cut; 0: never. */
  readonly shortSide: number;
  /** Name of the run or file, for messages and records. */
  readonly source: string;
  /** Licence of the weights (SPDX identifier or sentence). */
  readonly licence: string;
}

/** What a segmenter tells about its model; an exported file keeps it in its metadata. */
export interface ModelCard {
  readonly kind: PredictionModel["kind"];
  readonly method: string;
  readonly recipe: string;
  readonly classes: Task["classes"];
  readonly valueMap: TrainedModel["valueMap"];
  readonly window: TrainedModel["window"];
  readonly shortSide: number;
  /** Whether images with a shorter side of fewer pixels are enlarged to `shortSide`. */
  readonly enlarge: boolean;
  /** Most pixels of the longer side of a scaled image; 0: any. */
  readonly longSide: number;
  /** Whether all pixels count where images are reduced. */
  readonly antialias: boolean;
  readonly filter: ResizeFilter;
  readonly windowing: WindowingName;
  /** What windows are averaged as, see `SemanticModel`. */
  readonly averages: "probabilities" | "logits";
  readonly licence: string;
  /** What the method does to scores or outputs on the host and this file does not; empty for a run. */
  readonly leftOut: readonly string[];
  /** Version of TESSERA that wrote the model. */
  readonly version: string;
}
