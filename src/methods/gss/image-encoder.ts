/** From a photograph to the tokens of its maskige: a backbone, its levels in the authors' order, and the head. */
import type { Encoder, EncoderOptions, FeatureMap } from "../../backbones/encoder.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { renormalized } from "../../nn/image-input.ts";
import {
  type HeadOutputs,
  type HeadSettings,
  type MapSize,
  pixelClasses,
  pixelHead,
  sized,
  tokenHead,
} from "./head.ts";

export interface ImageEncoderSettings {
  readonly backbone: Pick<Encoder, "normalization" | "features">;
  /** Of the backbone: its norms, and a stride of its last maps other than its own. */
  readonly options?: Pick<EncoderOptions, "norms" | "outputStride">;
  readonly head: HeadSettings;
  /** Pixels of the photograph per token, down and across. */
  readonly gridStride: number;
}

export interface EncodedImage extends HeadOutputs {
  /** What the head was made of, in its order. */
  readonly levels: readonly Tensor[];
  /** Rows and columns of tokens. */
  readonly grid: MapSize;
}

/**
 * Parameters: `encoder`, and `head`. image: [B, 3, H, W] in [−1, 1], any sides that the backbone takes → classifier of a grid of
 * ⌈H / gridStride⌉ × ⌈W / gridStride⌉ tokens.
 */
export function encodeImage(
  scope: Scope,
  image: Tensor,
  { backbone, options, head, gridStride }: ImageEncoderSettings,
): EncodedImage {
  const [, , height, width] = image.shape;
  const grid: MapSize = [Math.ceil(height / gridStride), Math.ceil(width / gridStride)];
  const seen = renormalized(image, backbone.normalization);
  const levels = levelsOf(backbone.features(scope.at("encoder"), seen, { ...options, everyStage: true }));
  return { levels, grid, ...tokenHead(scope.at("head"), levels, head, grid) };
}

/**
 * A backbone's maps in the order that the head has convolutions for: the second first, as in the authors' files. Maps finer than
 * stride 4 are left out where there are coarser ones.
 */
export function levelsOf(maps: readonly FeatureMap[]): readonly Tensor[] {
  const coarse = maps.filter(({ stride }) => stride >= 4);
  const [first, second, ...rest] = (coarse.length > 0 ? coarse : maps).map(({ map }) => map);
  return second === undefined ? [first] : [second, first, ...rest];
}

/** Where the classes of pixels come from: convolutions of their own, the token head's fused levels, or nowhere. */
export type AuxiliaryName = "branch" | "fused" | "none";

/**
 * Classes of pixels at the maskige's size, for training. Parameters: `auxiliary`.
 *
 * stride: the tokenizer's → [B, classes, stride · h, stride · w]; null where the auxiliary is `none`.
 */
export function pixelLogits(
  scope: Scope,
  { levels, fused, grid }: EncodedImage,
  auxiliary: AuxiliaryName,
  { classes, levelWidth, stride }: { readonly classes: number; readonly levelWidth: number; readonly stride: number },
): Tensor | null {
  if (auxiliary === "none") return null;
  const place = scope.at("auxiliary");
  const logits =
    auxiliary === "fused"
      ? pixelClasses(place, fused, classes)
      : pixelHead(place, levels, { levelWidth, classes }, grid);
  return sized(logits, [stride * grid[0], stride * grid[1]]);
}
