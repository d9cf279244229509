/** Weights of one whole network out of somebody's file: under our names, and what is wrong where they are not all of it. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { floats } from "./floats.ts";
import type { Renaming } from "./rename.ts";

/** Weights under the names of those who published them, and the file that they are from. */
export interface NamedWeights {
  readonly tensors: Named<NdArray>;
  readonly where: string;
}

/** Under our names, counters of batches left out. network: whose all must be. Throws InputError for others, and for what are no numbers. */
export function renamedWeights(
  { tensors, where }: NamedWeights,
  names: Renaming,
  network: string,
): Record<string, NdArray> {
  const weights: Record<string, NdArray> = {};
  for (const [theirs, array] of Object.entries(tensors)) {
    if (theirs.endsWith(".num_batches_tracked")) continue;
    const ours = names.ours(theirs);
    if (ours === undefined) {
      throw new InputError(
        `${where}: expected weights of ${network}, got ${theirs} besides. It is another network's file.`,
      );
    }
    weights[ours] = floats(array, theirs, where);
  }
  return weights;
}

/** Channels that a layer gives. beside: a weight by which the file was told. Throws InputError where the layer is missing. */
export function channelsOf({ tensors, where }: NamedWeights, name: string, beside: string): number {
  const found = tensors[name];
  if (found !== undefined) return found.shape[0];
  throw new InputError(`${where}: expected ${name} beside ${beside}, got none. The file is damaged.`);
}
