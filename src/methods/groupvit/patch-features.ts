import { imageInput } from "../../nn/image-input.ts";
import { axisSize, reshape } from "../../ops/index.ts";
import type { Task } from "../method.ts";
import type { PatchFeatures } from "../patches.ts";
import { bytesOf, scaledPhotograph } from "./group-views.ts";
import { imageEncoder } from "./image-encoder.ts";
import { projectImages } from "./network.ts";
import { scoresOfVectors } from "./prediction.ts";
import type { GroupViTRecipe } from "./recipe.ts";
import { normalizations } from "./window-scores.ts";

/**
 * The patches of a network without groups, on whole photographs; null with groups, whose patches were never compared with words. The
 * mean of some of them is projected as the mean of all is in training.
 */
export function patchFeaturesOf(recipe: GroupViTRecipe, { classes }: Task): PatchFeatures | null {
  if (recipe.depths.length > 1) return null;
  return {
    prepare: (image) => ({ image: bytesOf(scaledPhotograph(image, recipe)) }),
    outputs(scope, { image }) {
      const seen = imageInput(image, normalizations[recipe.normalization]);
      const { tokens, pooled, grid } = imageEncoder(scope.at("image"), seen, recipe);
      return { patches: reshape(tokens, [1, ...grid, axisSize(tokens, 2)]), whole: pooled };
    },
    scores(scope, vectors, whole) {
      const encoded = projectImages(scope, { tokens: vectors, pooled: whole }, recipe);
      return scoresOfVectors(scope, encoded, recipe, classes);
    },
  };
}
