/** Test support: what a stage trains on, as `training/` gives it. */
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import type { Random } from "../../src/array/random.ts";
import { stackSamples } from "../../src/data/batches.ts";
import type { Sample } from "../../src/data/sample.ts";
import type { TrainingStage } from "../../src/methods/stage.ts";

/** A batch of these samples, one after the other, each with random numbers of its own. */
export async function stageBatch(
  stage: Pick<TrainingStage, "prepare">,
  samples: readonly (readonly [Sample, Random])[],
): Promise<Named<NdArray>> {
  const prepared: Named<NdArray>[] = [];
  for (const [sample, random] of samples) prepared.push(await stage.prepare(sample, random));
  return stackSamples(prepared);
}
