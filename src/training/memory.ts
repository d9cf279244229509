/** Whether a training step fits the machine, said before anything is written or minutes go into filling its memory. */
import { bytesOf } from "../array/dtype.ts";
import { sizeOf } from "../array/shape.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import { reach } from "../graph/graph.ts";
import { Model } from "../graph/scope.ts";
import { input, type TensorType } from "../graph/tensor.ts";
import type { ResolvedRecipe } from "./recipe.ts";

/**
 * Bytes that a training step needs at the very least, the largest stage's: each parameter with its gradient and one
 * moment, and half of what the forward graph computes. The backward pass needs about that much of it; the rest are
 * intermediate values and views.
 */
export function leastBytesOfStep({ method, recipe }: ResolvedRecipe, classes: readonly ClassInfo[]): number {
  const task = { classes, frequencies: classes.map(() => 1 / classes.length) };
  const bytes = ({ dtype, shape }: TensorType) => sizeOf(shape) * bytesOf(dtype);
  const stages = method.stages(recipe).map((stage) => {
    const { scope, parameters } = new Model({ training: true });
    const inputs = Object.entries(stage.inputs(recipe, task)).map(
      ([name, { shape, dtype }]) => [name, input(name, shape, dtype)] as const,
    );
    const terms = stage.loss(scope, Object.fromEntries(inputs), recipe, task);
    let least = 0;
    for (const [, tensor] of inputs) least += bytes(tensor);
    for (const { tensor } of parameters.values()) least += 3 * bytes(tensor);
    for (const { outputs } of reach(Object.values(terms)).nodes) for (const each of outputs) least += bytes(each) / 2;
    return least;
  });
  return Math.max(0, ...stages);
}

/** Throws InputError where a step needs more than the machine has. `memoryBytes` undefined: nobody knows. */
export function requireMemory(
  resolved: ResolvedRecipe,
  classes: readonly ClassInfo[],
  memoryBytes: number | undefined,
): void {
  if (memoryBytes === undefined) return;
  const needed = leastBytesOfStep(resolved, classes);
  if (needed <= memoryBytes) return;
  const gigabytes = (bytes: number) => `${Number((bytes / 1e9).toPrecision(2)).toLocaleString("en")} GB`;
  throw new InputError(
    `recipe ${resolved.recipe.name}: expected a training step that fits the ${gigabytes(memoryBytes)} of memory of this machine, got one that needs ${gigabytes(needed)} or more. ` +
      "Make batchSize, the crop or the model smaller.",
  );
}
