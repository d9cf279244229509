/** The whole network of a recipe: a photograph to tokens, tokens to a maskige, a maskige to classes (Chen et al. 2023, fig. 2). */
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { encodedBy } from "../../networks/unet/network.ts";
import { imageInput } from "../../nn/image-input.ts";
import { argMax, axisSize } from "../../ops/index.ts";
import type { Task } from "../method.ts";
import { type HeadOutputs, type MapSize, pixelClasses, pixelHead, sized, tokenHead, tokenLogits } from "./head.ts";
import type { GssRecipe } from "./recipe.ts";
import { headSettings } from "./settings.ts";
import { decodedInBands } from "./tokenizer.ts";
import { tokenizerOf } from "./tokenizer-settings.ts";
import { trainsInverse, transformOf } from "./transform.ts";

export interface Encoded {
  readonly head: HeadOutputs;
  /** Of the backbone, in the order of the head. */
  readonly levels: readonly Tensor[];
  /** Rows and columns of tokens. */
  readonly grid: MapSize;
}

/** Parameters under `encoder` and `head`. image: [B, H, W, 3] uint8. */
export function encodedImage(scope: Scope, image: Tensor, recipe: GssRecipe): Encoded {
  return encodedPicture(scope, imageInput(image), recipe);
}

/** The same of a picture: [B, 3, H, W] in [−1, 1]. */
export function encodedPicture(scope: Scope, picture: Tensor, recipe: GssRecipe): Encoded {
  const levels = levelsOf(scope, picture, recipe);
  const [, , height, width] = picture.shape;
  const grid: MapSize = [Math.ceil(height / recipe.tokenGrid), Math.ceil(width / recipe.tokenGrid)];
  return { head: tokenHead(scope.at("head"), levels, headSettings(recipe), grid), levels, grid };
}

/**
 * Four levels of the backbone at a stride of 4 of what it sees or more, or as many as it has; a stage that keeps the size of the one before
 * is one. The authors' list begins with the second of them, then the first.
 */
function levelsOf(scope: Scope, picture: Tensor, recipe: GssRecipe): readonly Tensor[] {
  const maps = encodedBy(scope, picture, recipe, { everyStage: true, dropPath: recipe.encoderDropPath })
    .filter(({ stride }) => stride * recipe.magnification >= 4)
    .slice(-4)
    .map(({ map }) => map);
  return maps.length < 2 ? maps : [maps[1], maps[0], ...maps.slice(2)];
}

/** Classes of pixels at the maskige's size, for training alone: [B, K, s · h, s · w]; null where the recipe has none. */
export function auxiliaryLogits(
  scope: Scope,
  { head, levels, grid }: Encoded,
  { pixelHead: kind, levelWidth }: GssRecipe,
  classes: number,
  size: MapSize,
): Tensor | null {
  if (kind === "none") return null;
  const place = scope.at("auxiliary");
  const logits =
    kind === "single"
      ? pixelClasses(place, head.fused, classes)
      : pixelHead(place, levels, { levelWidth, classes }, grid);
  return sized(logits, size);
}

export interface Predicted {
  /** [B, h, w] int64. */
  readonly tokens: Tensor;
  /** [B, channels, s · h, s · w] in [0, 1]. */
  readonly maskige: Tensor;
}

/** Parameters under `encoder`, `head` and `tokenizer`. image: [B, H, W, 3] uint8. No gradient passes the tokens. */
export function predictedMaskige(scope: Scope, image: Tensor, recipe: GssRecipe, { classes }: Task): Predicted {
  const { head } = encodedImage(scope, image, recipe);
  const tokens = argMax(tokenLogits(head.classifier), { axis: 1 });
  const tokenizer = tokenizerOf(recipe, classes.length);
  return { tokens, maskige: decodedInBands(tokenizer, scope.at("tokenizer"), tokens) };
}

/**
 * What windows are averaged as: votes or probabilities of classes, of an inverse that is trained its logits, as in the authors'
 * code. image [B, H, W, 3] uint8 → [B, K, H, W].
 */
export function predictedScores(scope: Scope, image: Tensor, recipe: GssRecipe, task: Task): Tensor {
  const { maskige } = predictedMaskige(scope, image, recipe, task);
  const { scores, shares } = transformOf(recipe, task);
  const size: MapSize = [axisSize(image, 1), axisSize(image, 2)];
  return sized(trainsInverse(recipe) ? scores(scope, maskige) : shares(scope, maskige), size);
}
