/** Checkpoints of the fixed palette and of the window transformer as one (GSS's tool for merging). */
import type { Named, NdArray } from "../../array/ndarray.ts";
import { InputError } from "../../errors.ts";
import type { WeightFile } from "../../weights/read-weights.ts";

/** Whether a checkpoint has the window transformer that reads maskiges. */
const hasInverse = (tensors: Named<unknown>) => "decode_head.cls_segmap.conv.weight" in tensors;

/** One file as it is; of two the merge. Throws InputError where two are not one of each kind, or there are more. */
export function merged(files: readonly WeightFile[]): Named<NdArray> {
  if (files.length === 1) return files[0].tensors;
  const trained = files.filter(({ tensors }) => hasInverse(tensors));
  const fixed = files.filter(({ tensors }) => !hasInverse(tensors));
  if (files.length !== 2 || trained.length !== 1 || fixed.length !== 1) {
    const names = files.map(({ where }) => where).join(", ");
    throw new InputError(
      `${names}: expected a checkpoint of GSS-FF and one of GSS-FT-W to be merged, got ${fixed.length} and ${trained.length}. Give one of each.`,
    );
  }
  return mergedWeights(fixed[0].tensors, trained[0].tensors);
}

/**
 * Weights of a prior that was trained to its end, and the inverse that was trained behind an earlier state of it: all of the first, and
 * what only the second has. Backbones other than Swin lend nothing but their head, without its pixel branch. Names: theirs.
 */
export function mergedWeights(prior: Named<NdArray>, inverse: Named<NdArray>): Named<NdArray> {
  const isSwin = Object.keys(prior).some((name) => name.startsWith("backbone.patch_embed."));
  const lent = Object.entries(inverse).filter(
    ([name]) => !(name in prior) && (isSwin || (name.startsWith("decode_head.") && !name.includes("pixel"))),
  );
  return { ...prior, ...Object.fromEntries(lent) };
}
