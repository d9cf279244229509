/** Whether what passes write fits where a recipe lets it, said before anything is written. */
import type { Dataset } from "../data/dataset.ts";
import { sourceOf } from "../data/labels.ts";
import { labelledDataset, scaledSize } from "../data/views.ts";
import { InputError } from "../errors.ts";
import type { ResolvedRecipe, Task } from "../methods/method.ts";
import type { DiskRoom } from "../methods/stage.ts";
import { shortSideSeen, stagesOf } from "../methods/stages.ts";
import type { ImageSize } from "../platform/platform.ts";

/**
 * Throws InputError where a pass would write more than it may.
 *
 * sizes: of the photographs, or of some that are spread evenly over them: the others are taken to be as large on average.
 */
export function requireRoom(
  { method, recipe }: ResolvedRecipe,
  task: Task,
  { dataset, unlabelled }: { readonly dataset: Dataset; readonly unlabelled: Dataset | null },
  { sizes, shortSide }: { readonly sizes: readonly ImageSize[]; readonly shortSide: number },
): void {
  for (const stage of stagesOf({ method, recipe }, task)) {
    if (stage.kind !== "pass" || stage.room === undefined) continue;
    // Other kinds are written by passes before it: of which samples is not known yet.
    const own = stage.learnsFrom.filter((kind) => sourceOf(kind, dataset.kinds) !== undefined);
    const more = stage.learnsFrom.length === 0 ? (unlabelled?.ids.length ?? 0) : 0;
    const samples = labelledDataset(dataset, own).ids.length + more;
    const bytes = samples * meanBytes(stage.room, sizes, shortSideSeen(stage, shortSide));
    if (bytes <= stage.room.most) continue;
    throw new InputError(
      `recipe ${recipe.name}: expected stage ${stage.name} to write at most ${megabytes(stage.room.most)}, got about ${megabytes(bytes)} for ${samples} photographs. ${stage.room.remedy(bytes)}`,
    );
  }
}

function meanBytes(room: DiskRoom, sizes: readonly ImageSize[], shortSide: number): number {
  const all = sizes.map((size) => room.bytes(scaledSize(size, shortSide)));
  return all.reduce((sum, bytes) => sum + bytes, 0) / Math.max(1, all.length);
}

/** `1,234 MB`, rounded up; `0.12 MB`. */
function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return `${(value < 10 ? Number(value.toPrecision(3)) : Math.ceil(value)).toLocaleString("en", { maximumFractionDigits: 6 })} MB`;
}
