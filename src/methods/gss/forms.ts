/** A GSS model as the authors' code reads it: one `.pth` with the dVAE inside and the palette in the text of its settings. */
import { fromNumbers, type Named, type NdArray } from "../../array/ndarray.ts";
import { findEncoder } from "../../backbones/encoders.ts";
import { InputError } from "../../errors.ts";
import { relativePositions } from "../../nn/window-attention.ts";
import { writeTorchParts } from "../../weights/torch-write.ts";
import type { Method, WrittenModel } from "../method.ts";
import { type Palette, paletteFor, paletteFromNumbers } from "./palette.ts";
import type { GssRecipe } from "./recipe.ts";
import { officialNames } from "./weights.ts";

/**
 * Weights under the authors' names, with what their modules keep beside them: indices of relative positions, and counters of batches, 0
 * where none are known. What has no name there is listed.
 */
export function officialTensors(
  weights: Named<NdArray>,
  { encoder }: Pick<GssRecipe, "encoder">,
): { readonly tensors: Record<string, NdArray>; readonly without: readonly string[] } {
  const { theirs } = officialNames(findEncoder(encoder));
  const tensors: Record<string, NdArray> = {};
  const without: string[] = [];
  for (const [own, array] of Object.entries(weights)) {
    const name = theirs(own);
    if (name === undefined) {
      without.push(own);
      continue;
    }
    tensors[name] = array;
    const [, place, kind] = /^(.*)\.(relative_position_bias_table|running_var)$/.exec(name) ?? [];
    if (kind === "running_var") tensors[`${place}.num_batches_tracked`] ??= fromNumbers("int64", [], [0]);
    if (kind === "relative_position_bias_table") {
      const window = (Math.sqrt(array.shape[0]) + 1) / 2;
      const index = fromNumbers("int64", [window ** 2, window ** 2], relativePositions(window));
      tensors[`${place}.relative_position_index`] = index;
    }
  }
  return { tensors, without };
}

/** The text that says what a checkpoint's weights do not: which level is the grid, and the colours; null: not known. */
export function settingsText({ variant, tokenGrid }: GssRecipe, palette: Palette | null): string {
  const rows = palette?.map((color) => `[${color.join(", ")}]`).join(", ");
  const fields = [
    `type='GenerativeSegHead${variant.replace(/-./, (part) => part[1])}'`,
    `indice_channel_index=${tokenGrid === 8 ? 0 : 1}`,
    ...(rows === undefined ? [] : [`palette=[${rows}]`]),
  ];
  return `model = dict(\n    type='EncoderDecoder',\n    decode_head=dict(\n        ${fields.join(",\n        ")}))\n`;
}

/** A recipe's colours for as many classes as its weights tell; null where they tell none, or the data set's own are meant. */
function paletteOf(recipe: GssRecipe, weights: Named<NdArray>): Palette | null {
  if (recipe.palette === "given") return paletteFromNumbers(recipe.paletteColors);
  const count = (weights["auxiliary.classes.weight"] ?? weights["inverse.classes.weight"])?.shape[0];
  if (count === undefined || recipe.palette === "dataset") return null;
  return paletteFor(
    recipe,
    Array.from({ length: count }, (_, i) => ({ name: `${i}`, color: [0, 0, 0] as const })),
  );
}

export const forms: NonNullable<Method<GssRecipe>["forms"]> = {
  gss({ weights, recipe, source }): WrittenModel {
    const own = recipe as GssRecipe;
    if (own.variant !== "FF" && own.variant !== "FF-R" && own.variant !== "FT-W") {
      throw new InputError(
        `${source}: expected a variant that the authors' code has (FF, FT-W), got ${own.variant}. Export it under names of ours.`,
      );
    }
    const { tensors, without } = officialTensors(weights, own);
    if (without.some((name) => name.startsWith("encoder."))) {
      throw new InputError(
        `${source}: expected an encoder that the authors' code has (swin-*, resnet*-v1c, hrnet-*), got ${own.encoder}. Export it under names of ours.`,
      );
    }
    const palette = paletteOf(own, weights);
    const texts = { meta: { config: settingsText(own, palette) } };
    const bytes = writeTorchParts({ state_dict: tensors }, source, { texts });
    return {
      content: { ending: ".pth", bytes },
      notes: [
        ...without.map((name) => `${source}: ${name} is left out; GSS's code has nothing like it.`),
        ...(palette === null ? [`${source}: its colours are not in the file; they are those of its data set.`] : []),
      ],
    };
  },
};
