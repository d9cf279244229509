/** How photographs become what the network sees of them as a whole: scaled, and a square cut out of the middle. */
import type { PortPreparation } from "./port-preparation.ts";
import type { GroupViTRecipe } from "./recipe.ts";
import { normalizations } from "./window-scores.ts";

/** The authors make the shorter side so much longer than the square that is cut out of the middle. */
const margin = 256 / 224;

type Seen = Pick<GroupViTRecipe, "imageSize" | "normalization">;

/** Pixels of the shorter side where nobody says: as the authors have it, or as long as the square, as in the port. */
export function usualWholeSide({ imageSize, normalization }: Seen): number {
  return normalization === "official" ? Math.round(margin * imageSize) : imageSize;
}

/** What a recipe makes of whole photographs, in the words of the port. */
export function wholePreparation(recipe: Seen & Pick<GroupViTRecipe, "classifyShortSide">): PortPreparation {
  const { imageSize, normalization, classifyShortSide } = recipe;
  return {
    shortSide: classifyShortSide === 0 ? usualWholeSide(recipe) : classifyShortSide,
    ...{ crop: imageSize, normalization: normalizations[normalization] },
  };
}

/**
 * What a recipe says for photographs to be prepared as a file of the port has it, and lines that begin with `where` for what it cannot say. The
 * network sees squares of its own size alone, in the port as well; of others the same part of a photograph is taken.
 */
export function classifyShortSideOf(
  { shortSide, crop }: Pick<PortPreparation, "shortSide" | "crop">,
  seen: Seen,
  where: string,
): { readonly classifyShortSide: number; readonly notes: readonly string[] } {
  const { imageSize } = seen;
  const notes: string[] = [];
  let side = shortSide;
  if (crop !== imageSize) {
    side = Math.round((shortSide * imageSize) / crop);
    notes.push(
      `${where}: the network sees squares of ${imageSize} pixels, not of ${crop}: for the same part of a whole photograph its shorter side is scaled to ${side}, not to ${shortSide}.`,
    );
  }
  if (side < imageSize) {
    side = imageSize;
    notes.push(`${where}: whole photographs fill the square of ${imageSize} pixels, with nothing black around them.`);
  }
  return { classifyShortSide: side === usualWholeSide(seen) ? 0 : side, notes };
}
