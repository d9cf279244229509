/** GroupViT whole: images and texts as vectors of one space, and what training lowers. The same code trains and predicts. */
import { constantInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { linear } from "../../nn/linear.ts";
import { batchNorm2d } from "../../nn/norm.ts";
import { mean, relu, reshape, split } from "../../ops/index.ts";
import { type ImageEncoderOptions, type ImageTokens, imageEncoder } from "./image-encoder.ts";
import { clampedScale, contrastiveLoss, multiLabelLoss } from "./losses.ts";
import type { GroupViTSettings } from "./settings.ts";
import { type TextVectors, textEncoder } from "./text-encoder.ts";
import { unitVectors } from "./unit.ts";

export interface EncodedImages extends ImageTokens {
  /** [B, C], not normalized. */
  readonly embedding: Tensor;
  /**
   * Of each final segment, [B, G, C], not normalized; null in training, where the statistics of the projection are those
   * of whole images.
   */
  readonly groupEmbeddings: Tensor | null;
}

/** images: [B, 3, H, W] float, normalized; see `imageEncoder`. */
export function encodeImages(
  scope: Scope,
  images: Tensor,
  settings: GroupViTSettings,
  options: ImageEncoderOptions = {},
): EncodedImages {
  const encoded = imageEncoder(scope.at("image"), images, settings, options);
  return { ...encoded, ...projectImages(scope, encoded, settings) };
}

/** Vectors of whole images, [B, D], and of their final segments, [B, G, D], as they are compared with texts. */
export function projectImages(
  scope: Scope,
  { pooled, tokens }: Pick<ImageTokens, "pooled" | "tokens">,
  settings: GroupViTSettings,
): Pick<EncodedImages, "embedding" | "groupEmbeddings"> {
  const projector = scope.at("imageProjection").shared();
  const embedding = projection(projector, pooled, settings); // [B, C]
  if (projector.training) return { embedding, groupEmbeddings: null };
  const [batch, groups, width] = tokens.shape;
  const each = projection(projector, reshape(tokens, [batch * groups, width]), settings); // [B·G, C]
  return { embedding, groupEmbeddings: reshape(each, [batch, groups, settings.projectionWidth]) };
}

export interface EncodedTexts extends TextVectors {
  /** [N, C], not normalized. */
  readonly embedding: Tensor;
}

/** ids: [N, L] int64 or int32; see `textEncoder`. */
export function encodeTexts(scope: Scope, ids: Tensor, settings: GroupViTSettings): EncodedTexts {
  const encoded = textEncoder(scope.at("text"), ids, settings);
  return { ...encoded, embedding: projection(scope.at("textProjection"), encoded.pooled, settings) };
}

/**
 * Vectors of classes from their prompts: the mean over templates, of length 1. ids: [N, T, L], T templates → [N, C].
 */
export function classVectors(scope: Scope, ids: Tensor, settings: GroupViTSettings): Tensor {
  const [classes, templates, places] = ids.shape;
  const { embedding } = encodeTexts(scope, reshape(ids, [classes * templates, places]), settings);
  const each = reshape(embedding, [classes, templates, settings.projectionWidth]);
  // The mean first: long vectors count more.
  return unitVectors(mean(each, { axes: [1] }));
}

/** What the logarithm of the factor of cosines starts with. */
export const initialLogitScale = Math.log(1 / 0.07);

/** Factor of cosines, a scalar of at most 100. */
export function logitScale(scope: Scope, name: "logitScale" | "multiLabelScale" = "logitScale"): Tensor {
  return clampedScale(scope.parameter(name, [], constantInitializer(initialLogitScale)));
}

/** What the encoders make of a batch, before the projections: what batches are joined by, see `TrainingStage.embed`. */
export interface PooledPairs {
  /** [B, D] */
  readonly images: Tensor;
  /** Of the caption, then of the prompts: [B, 1 + K, W]. */
  readonly texts: Tensor;
}

/** images: [B, 3, H, W] float, normalized; ids: [B, 1 + K, L], the caption's first, then those of its prompted nouns. */
export function poolPairs(
  scope: Scope,
  images: Tensor,
  ids: Tensor,
  settings: GroupViTSettings,
  options: ImageEncoderOptions = {},
): PooledPairs {
  const [batch, texts, places] = ids.shape;
  const { prompts, textWidth } = settings;
  if (texts !== 1 + prompts) {
    throw scope.error(
      `expected ${1 + prompts} texts an image, a caption and ${prompts} prompts, got ${texts}. Add some.`,
    );
  }
  const { pooled } = imageEncoder(scope.at("image"), images, settings, options);
  const each = textEncoder(scope.at("text"), reshape(ids, [batch * texts, places]), settings).pooled; // [B·(1 + K), W]
  return { images: pooled, texts: reshape(each, [batch, texts, textWidth]) };
}

/** Vectors of a batch that the losses compare, not normalized. */
export interface PairVectors {
  /** [B, C] */
  readonly images: Tensor;
  /** [B, C] */
  readonly captions: Tensor;
  /** [B, K, C]; null where there are none. */
  readonly prompts: Tensor | null;
}

/** All texts go through their projection together, so that they share its statistics. */
export function projectPairs(scope: Scope, { images, texts }: PooledPairs, settings: GroupViTSettings): PairVectors {
  const embedding = projection(scope.at("imageProjection"), images, settings); // [B, C]
  const [batch, count, width] = texts.shape;
  const vectors = projection(scope.at("textProjection"), reshape(texts, [batch * count, width]), settings); // [B·(1 + K), C]
  if (count === 1) return { images: embedding, captions: vectors, prompts: null };
  const { projectionWidth } = settings;
  const each = reshape(vectors, [batch, count, projectionWidth]);
  const [captions, prompts] = split(each, [1, count - 1], { axis: 1 });
  return { images: embedding, captions: reshape(captions, [batch, projectionWidth]), prompts };
}

/** Both at once; see `poolPairs` and `projectPairs`. */
export function encodePairs(
  scope: Scope,
  images: Tensor,
  ids: Tensor,
  settings: GroupViTSettings,
  options: ImageEncoderOptions = {},
): PairVectors {
  return projectPairs(scope, poolPairs(scope, images, ids, settings, options), settings);
}

/** Scalars; training lowers their sum. */
export interface PairLosses {
  readonly contrastive: Tensor;
  readonly multiLabel?: Tensor;
}

/**
 * Both losses of a batch's vectors, at the learned temperatures. matches: [B, B·K] bool, the prompts that are right of an image besides
 * its own.
 */
export function pairLosses(
  scope: Scope,
  { images, captions, prompts }: PairVectors,
  { sharedTemperature, multiLabelForm: form }: GroupViTSettings,
  matches?: Tensor,
): PairLosses {
  const scale = logitScale(scope);
  const contrastive = contrastiveLoss(images, captions, scale);
  if (prompts === null) return { contrastive };
  const own = sharedTemperature ? scale : logitScale(scope, "multiLabelScale");
  return { contrastive, multiLabel: multiLabelLoss(images, prompts, own, { form, matches }) };
}

/** Linear `hidden`, batch norm `norm`, ReLU, linear `out`; or `out` alone. x: [N, D] → [N, projectionWidth]. */
function projection(
  scope: Scope,
  x: Tensor,
  { projectionHidden, projectionWidth }: Pick<GroupViTSettings, "projectionHidden" | "projectionWidth">,
): Tensor {
  if (projectionHidden === 0) return linear(scope.at("out"), x, projectionWidth);
  const hidden = relu(batchNorm2d(scope.at("norm"), linear(scope.at("hidden"), x, projectionHidden)));
  return linear(scope.at("out"), hidden, projectionWidth);
}
