/** Class scores of windows of a photograph for words that were asked for: what a GroupViT predicts with. */
import { constantInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { clipNormalization, imageInput, imagenetNormalization, type Normalization } from "../../nn/image-input.ts";
import { exp } from "../../ops/index.ts";
import type { Preparation } from "../model.ts";
import { encodeImages, initialLogitScale, logitScale } from "./network.ts";
import { type Background, type ClassScoreOptions, classScores, portScores, type ScoresName } from "./segmentation.ts";
import type { GroupViTSettings } from "./settings.ts";

/** Whose way of scaling and normalizing photographs is taken: their weights are the same, their numbers are not. */
export type PreparationName = "official" | "hf";

/** What bytes become, by whose way. */
export const normalizations: Readonly<Record<PreparationName, Normalization>> = {
  official: imagenetNormalization,
  hf: clipNormalization,
};

/** How pixels between others are computed where photographs are scaled: the authors' from the nearest four, the port's as Pillow has them. */
export const scalings: Readonly<Record<PreparationName, Required<Pick<Preparation, "filter" | "antialias">>>> = {
  official: { filter: "bilinear", antialias: false },
  hf: { filter: "bicubic", antialias: true },
};

export interface WindowScoreOptions extends Pick<ClassScoreOptions, "kept" | "counts"> {
  /** Of bytes; see `normalizations`. */
  readonly normalization: Normalization;
  readonly scores: ScoresName;
  /** Of scores other than the port's, which knows none: a background, which is then the first class. Default none. */
  readonly background?: Background | null;
}

/**
 * image: [B, H, W, 3] uint8 RGB, at least a patch large. classes: vectors of length 1, [N, C], or of all their words. → [B, N, H, W], or with a
 * background in front [B, 1 + N, H, W].
 */
export function windowScores(
  scope: Scope,
  image: Tensor,
  classes: Tensor,
  settings: GroupViTSettings,
  { normalization, scores, background = null, kept, counts }: WindowScoreOptions,
): Tensor {
  const [, height, width] = image.shape;
  const encoded = encodeImages(scope, imageInput(image, normalization), settings);
  if (scores === "hf") return portScores(encoded, classes, unclampedScale(scope), [height, width], { counts });
  const options = { background, scores, counts, ...(kept !== undefined && { kept }) };
  return classScores(encoded, classes, logitScale(scope), [height, width], options);
}

/** e^logitScale as the port has it, without the authors' limit of 100: a scalar. */
export function unclampedScale(scope: Scope): Tensor {
  return exp(scope.parameter("logitScale", [], constantInitializer(initialLogitScale)));
}
