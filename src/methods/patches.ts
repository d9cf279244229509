/** Photographs as patches with a vector each, for whoever puts patches together without having learned how. */
import type { Named, NdArray } from "../array/ndarray.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Image } from "../image/image.ts";

/** For `tessera eval --baseline`. */
export interface PatchFeatures {
  /** Host: a photograph as the graph takes it, without a batch axis. */
  prepare(image: Image): Named<NdArray>;
  /**
   * Graph, not for training; inputs have a batch axis of 1. `patches`, the vector of each, [1, rows, columns, D], and `whole`, that of
   * the whole photograph, [1, D].
   */
  outputs(scope: Scope, inputs: Named<Tensor>): Named<Tensor>;
  /** Graph, not for training: vectors in the place of patches, [1, G, D], and the photograph's, [1, D] → scores of the task's classes, [1, G, K]. */
  scores(scope: Scope, vectors: Tensor, whole: Tensor): Tensor;
}
