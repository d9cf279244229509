/** How many engines a recipe's steps keep busy: batches of a step that accumulates are computed side by side. */
import type { ClassInfo } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import type { ResolvedRecipe } from "../methods/method.ts";
import { stagesOf } from "../methods/stages.ts";
import type { Engine } from "../runtime/engine.ts";
import { leastBytesOfStep } from "./memory.ts";

/** `leastBytesOfStep` is a lower bound, and other programs want memory, too. */
const spare = 4;

/**
 * How many batches of a step to compute side by side: as many as a step has, and threads to compute them, in so far as memory allows it
 * with room to spare.
 */
export function replicasFor(
  resolved: ResolvedRecipe,
  classes: readonly ClassInfo[],
  { threads, memoryBytes }: { readonly threads: number; readonly memoryBytes: number },
): number {
  const wanted = Math.min(threads, mostBatches(resolved));
  if (wanted === 1) return 1;
  return Math.max(1, Math.min(wanted, Math.floor(memoryBytes / (spare * leastBytesOfStep(resolved, classes)))));
}

/** Batches of a step, of the stage whose steps have the most. */
function mostBatches(resolved: ResolvedRecipe): number {
  const stages = stagesOf(resolved).map((stage) => (stage.kind === "training" ? stage.settings.accumulate : 1));
  return Math.max(1, ...stages);
}

/** Throws InputError where an engine has helpers that would have nothing to do. */
export function requireWork(resolved: ResolvedRecipe, { helpers = [] }: Pick<Engine, "helpers">): void {
  const { recipe } = resolved;
  const replicas = 1 + helpers.length;
  const accumulate = helpers.length === 0 ? 1 : mostBatches(resolved);
  if (accumulate >= replicas) return;
  const images = Math.max(1, Math.round((recipe.batchSize * recipe.accumulate) / replicas));
  throw new InputError(
    `recipe ${recipe.name}: expected steps of ${replicas} batches or more for ${replicas} replicas, got accumulate=${accumulate}. Add --set accumulate=${replicas} --set batchSize=${images}, or leave --replicas out.`,
  );
}
