/** Photographs as wholes compared with words. */
import type { Named, NdArray } from "../array/ndarray.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Image } from "../image/image.ts";

/** For `tessera eval --classify`. */
export interface PhotographClasses {
  /** Host: a photograph as the graph takes it, without a batch axis; all have one size. */
  prepare(image: Image): Named<NdArray>;
  /** Graph, not for training; inputs have a batch axis of 1: what a photograph as a whole is, before words matter, [1, D]. */
  features(scope: Scope, inputs: Named<Tensor>): Tensor;
  /** Graph, not for training, once: what photographs are compared with. */
  words(scope: Scope): Named<Tensor>;
  /** Graph, not for training; inputs have a batch axis of 1. words: as above → scores of the task's classes, [1, K]. */
  scores(scope: Scope, inputs: Named<Tensor>, words: Named<Tensor>): Tensor;
}
