import type { Normalization } from "../../nn/image-input.ts";
import type { WeightFile } from "../../weights/read-weights.ts";
import type { Imported, ImportOptions } from "../method.ts";
import { importedGroupViT, type ReadGroupViT } from "./files.ts";
import type { PortPreparation } from "./port-preparation.ts";
import { type GroupViTRecipe, recipes } from "./recipe.ts";
import { classifyShortSideOf } from "./whole-preparation.ts";
import { normalizations, type PreparationName } from "./window-scores.ts";

const licence = "NVIDIA Source Code License for GroupViT: non-commercial use only";

/** The released weights, by the names of their files and of their repositories in Hugging Face's cache. */
const released = /group_vit_gcc_(?:yfcc|redcap)|nvidia(?:--|[\\/])groupvit-/;

/**
 * Published files of a GroupViT. It predicts as the authors' code does, with windows twice as large as its images; bytes are
 * normalized, and whole photographs scaled, as the files say, but those of the released weights as these were trained.
 */
export function importGroupViT(files: readonly WeightFile[], options: ImportOptions): Imported<GroupViTRecipe> | null {
  const source = files.find(({ where }) => released.test(where));
  let other: Normalization | undefined;
  let told: readonly string[] = [];
  const imported = importedGroupViT(files, options, ({ settings, preparation }) => {
    const said = source === undefined ? normalizationIn(preparation) : "official";
    if (said === undefined) other = preparation?.normalization;
    const recipe = recipeFor(settings, said ?? "hf");
    if (preparation === null || (source !== undefined && isUsual(preparation, settings.imageSize))) return recipe;
    const { classifyShortSide, notes } = classifyShortSideOf(preparation, recipe, files[0].where);
    told = notes;
    return { ...recipe, classifyShortSide };
  });
  if (imported === null) return null;
  const notes = [
    ...(imported.notes ?? []),
    ...told,
    ...(other === undefined ? [] : [`${files[0].where}: colours are normalized as CLIP's, not by ${show(other)}.`]),
    ...(source === undefined
      ? []
      : [
          `${source.where}: NVIDIA's weights, for non-commercial use only (https://github.com/NVlabs/GroupViT/blob/main/LICENSE).`,
        ]),
  ];
  return { ...imported, notes, ...(source !== undefined && { licence }) };
}

function recipeFor(settings: ReadGroupViT["settings"], normalization: PreparationName): GroupViTRecipe {
  const published = recipes["groupvit-2stage"];
  const side = settings.imageSize;
  return {
    ...{ ...published, ...settings, normalization },
    ...{ cropHeight: side, cropWidth: side, windowSide: 2 * side, shortSide: 2 * side },
    longSide: Math.round((published.longSide * side) / published.imageSize),
  };
}

/** The port's own sizes, which every released directory has: of these weights they say nothing. */
function isUsual({ shortSide, crop }: PortPreparation, imageSize: number): boolean {
  return shortSide === imageSize && crop === imageSize;
}

/** Whose normalization a directory of the port has; the authors' files say none and mean theirs. Undefined for any other. */
function normalizationIn(preparation: ReadGroupViT["preparation"]): PreparationName | undefined {
  if (preparation === null) return "official";
  const { mean, deviation } = preparation.normalization;
  const numbers = [...mean, ...deviation];
  return (["official", "hf"] as const).find((name) => {
    const known = [...normalizations[name].mean, ...normalizations[name].deviation];
    return known.every((value, i) => Math.abs(value - numbers[i]) < 0.1);
  });
}

function show({ mean, deviation }: Normalization): string {
  const text = (values: readonly number[]) => values.map((value) => Number((value / 255).toFixed(4))).join(", ");
  return `${text(mean)} and ${text(deviation)}`;
}
