/** Zero-shot classification of photographs (the authors' evaluation on ImageNet). */

import { cropImage } from "../../image/crop.ts";
import type { Image } from "../../image/image.ts";
import { pillowResize } from "../../image/pillow-resize.ts";
import { imageInput } from "../../nn/image-input.ts";
import type { PhotographClasses } from "../classification.ts";
import type { Task } from "../method.ts";
import { bytesOf, scaledPhotograph } from "./group-views.ts";
import { imageEncoder } from "./image-encoder.ts";
import { encodeImages } from "./network.ts";
import { inOrder, namedVectors } from "./prediction.ts";
import type { GroupViTRecipe } from "./recipe.ts";
import { nearness } from "./segmentation.ts";
import { wholePreparation } from "./whole-preparation.ts";
import { normalizations } from "./window-scores.ts";

/**
 * Cosines of whole photographs with the vectors of classes. Where the recipe has the one template of segmentation, the authors' 7 for
 * classification stand in its place. A background is no word: its score is lower than any.
 */
export function photographClasses(recipe: GroupViTRecipe, { classes }: Task): PhotographClasses {
  const templates = recipe.templates === "simple" ? "subset" : recipe.templates;
  const named = classes.filter(({ background }) => background !== true);
  const counts = named.map(({ words = [""] }) => words.length);
  return {
    prepare: (image) => ({ image: bytesOf(centre(scaled(image, recipe), recipe.imageSize)) }),
    features: (scope, { image }) =>
      imageEncoder(scope.at("image"), imageInput(image, normalizations[recipe.normalization]), recipe).pooled,
    words: (scope) => ({ vectors: namedVectors(scope, { ...recipe, templates }, named).vectors }),
    scores(scope, { image }, { vectors }) {
      const { embedding } = encodeImages(scope, imageInput(image, normalizations[recipe.normalization]), recipe);
      return inOrder(nearness(embedding, vectors, counts), classes, { axis: 1, background: null });
    },
  };
}

/** The middle of a photograph, a square of `side` pixels. */
function centre(image: Image, side: number): Image {
  const left = Math.floor((image.width - side) / 2);
  const top = Math.floor((image.height - side) / 2);
  return cropImage(image, { left, top, width: side, height: side });
}

/** A photograph of which the middle is seen: as the authors scale it, or as the port does, to the byte. */
function scaled(image: Image, recipe: GroupViTRecipe): Image {
  const { imageSize, normalization } = recipe;
  const { shortSide } = wholePreparation(recipe);
  if (normalization === "official") {
    const sizes = { shortSide, longSide: Number.MAX_SAFE_INTEGER, patchSize: imageSize, normalization };
    return scaledPhotograph(image, sizes);
  }
  const short = Math.min(image.width, image.height);
  const side = (pixels: number) => Math.trunc((shortSide * pixels) / short);
  return pillowResize(image, [side(image.width), side(image.height)], "bicubic");
}
