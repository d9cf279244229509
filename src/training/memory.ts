/** Whether a training step fits the machine, said before anything is written or minutes go into filling its memory. */
import { bytesOf } from "../array/dtype.ts";
import { sizeOf } from "../array/shape.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { reach } from "../graph/graph.ts";
import type { TensorType } from "../graph/tensor.ts";
import type { ResolvedRecipe } from "../methods/method.ts";
import { evenTask, stagesOf, trainingModel } from "../methods/stages.ts";
import type { Engine } from "../runtime/engine.ts";

/**
 * Bytes that a training step needs at the very least, the largest stage's: each trained parameter with its gradient and
 * one moment, and half of what the forward graph computes from them. The backward pass needs about that much of it; the rest are
 * intermediate values and views.
 */
export function leastBytesOfStep(resolved: ResolvedRecipe, classes: readonly ClassInfo[]): number {
  const bytes = ({ dtype, shape }: TensorType) => sizeOf(shape) * bytesOf(dtype);
  const stages = stagesOf(resolved, evenTask(classes)).map((stage) => {
    if (stage.kind === "pass") return 0;
    const { model, losses } = trainingModel(stage);
    const parameters = [...model.parameters.values()];
    let least = 0;
    for (const type of Object.values(stage.inputs)) least += bytes(type);
    for (const { tensor, trained } of parameters) least += (trained ? 3 : 1) * bytes(tensor);
    // What comes before the first trained parameter is let go as soon as it is used.
    const kept = new Set(parameters.flatMap(({ tensor, trained }) => (trained ? [tensor] : [])));
    for (const node of reach(Object.values(losses.terms)).nodes) {
      if (!node.inputs.some((tensor) => tensor !== null && kept.has(tensor))) continue;
      for (const tensor of node.outputs) {
        kept.add(tensor);
        least += bytes(tensor) / 2;
      }
    }
    return least;
  });
  return Math.max(0, ...stages);
}

/** Throws InputError where a step needs more than the machine has, by what the engine knows of it. */
export function requireMemory(
  resolved: ResolvedRecipe,
  classes: readonly ClassInfo[],
  { memoryBytes, helpers = [] }: Pick<Engine, "memoryBytes" | "helpers">,
): void {
  if (memoryBytes === undefined) return;
  const needed = leastBytesOfStep(resolved, classes) * (1 + helpers.length);
  if (needed <= memoryBytes) return;
  const gigabytes = (bytes: number) => `${Number((bytes / 1e9).toPrecision(2)).toLocaleString("en")} GB`;
  throw new InputError(
    `recipe ${resolved.recipe.name}: expected a training step that fits the ${gigabytes(memoryBytes)} of memory of this machine, got one that needs ${gigabytes(needed)} or more. ` +
      `Make batchSize, the crop or the model smaller${helpers.length === 0 ? "" : ", or leave --replicas out"}.`,
  );
}
