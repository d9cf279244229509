/** What a model divides photographs into before any of it has a name. */
import type { Named, NdArray } from "../array/ndarray.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Image } from "../image/image.ts";

/** For `tessera show RUN --groups DATASET`. */
export interface GroupMaps {
  /** The stages in which groups are made, each with how many there are. */
  readonly stages: readonly { readonly name: string; readonly count: number }[];
  /** Host: a photograph as the graph takes it, without a batch axis. */
  prepare(image: Image): Named<NdArray>;
  /**
   * Graph, not for training; inputs have a batch axis of 1. Of each stage `map:NAME`, how much of each cell a group has, [1, G, rows,
   * columns], summing to 1 over the groups; and where the task has words, `words:NAME`: the scores of these for each group, [1, G, N].
   */
  outputs(scope: Scope, inputs: Named<Tensor>): Named<Tensor>;
}
