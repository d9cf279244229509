/** Weights of one TransUNet for another: other crops, other outputs, perhaps only a part of the network. */
import type { Named, NdArray } from "../../array/ndarray.ts";
import { InputError } from "../../errors.ts";
import { resizePositionTable } from "../../nn/embedding.ts";
import type { TransferOptions } from "../transfer.ts";
import { trainingGrid } from "./encoder.ts";
import type { TransUNetSettings } from "./settings.ts";

/**
 * The convention of the encoder that weights bring along, which the network then has to follow: trained features come
 * out of no other. Nothing where there is no encoder among them.
 */
export function conventionOf(
  weights: Named<NdArray>,
  from: Partial<TransUNetSettings>,
): Partial<Pick<TransUNetSettings, "encoderConvention">> {
  return positions in weights && from.encoderConvention !== undefined
    ? { encoderConvention: from.encoderConvention }
    : {};
}

/** Shapes do not show these, and with another value the same weights compute something else. */
const invisible = ["encoderConvention", "normGroups", "heads"] as const;

const positions = "encoder.positions";

/**
 * The weights of `parts`, position embeddings resized to the grid of the new crops (once, here: TransUNet `load_from`),
 * decoder blocks left out that a larger output stride does without. `notes`: a line for what was changed.
 *
 * Throws InputError where the encoder was trained with another convention, or other heads or groups, and for a decoder
 * that is told the level of noise: without being told it computes something else.
 */
export function transferTransUNet(
  weights: Named<NdArray>,
  from: TransUNetSettings,
  to: TransUNetSettings,
  { parts, outputs, source }: TransferOptions,
): { weights: Record<string, NdArray>; notes: string[] } {
  if (!Array.isArray(from.stageUnits)) {
    throw new InputError(
      `${source}: expected the weights of a TransUNet, got those of another network. Use a TransUNet.`,
    );
  }
  if (parts.includes("decoder") && Object.keys(weights).some((name) => name.startsWith("condition."))) {
    throw new InputError(
      `${source}: expected a plain decoder, got one that is told the level of noise. Fine-tune it with a recipe of ddep first, which folds that away.`,
    );
  }
  const notes: string[] = [];
  const kept: Record<string, NdArray> = {};
  const blocks = 4 - Math.log2(to.outputStride);
  for (const [name, array] of Object.entries(weights)) {
    const block = Number(/^decoder\.block(\d+)\./.exec(name)?.[1] ?? 0);
    if (block <= blocks && parts.some((part) => name.startsWith(`${part}.`))) kept[name] = array;
  }
  if (kept[positions] !== undefined) {
    for (const key of invisible) {
      if (from[key] === to[key]) continue;
      throw new InputError(
        `${source}: expected an encoder trained with ${key} ${to[key]}, as the recipe has it, got ${from[key]}. Add --set ${key}=${from[key]}.`,
      );
    }
    const [before, after] = [trainingGrid(from), trainingGrid(to)];
    if (before[0] !== after[0] || before[1] !== after[1]) {
      kept[positions] = resizePositionTable(kept[positions], after, before);
      notes.push(`position embeddings: ${before.join(" × ")} tokens resized to ${after.join(" × ")}`);
    }
  }
  const head = kept["head.weight"];
  // With another output stride it reads another block's map, of other channels or, worse, as many.
  const moved = from.outputStride !== to.outputStride;
  if (head !== undefined && (moved || head.shape[0] !== outputs)) {
    delete kept["head.weight"];
    delete kept["head.bias"];
    const [had, wanted] = moved
      ? [`made for output stride ${from.outputStride}`, to.outputStride]
      : [`${head.shape[0]} outputs`, outputs];
    notes.push(`head: ${had} in ${source}, ${wanted} wanted: it starts anew`);
  }
  return { weights: kept, notes };
}
