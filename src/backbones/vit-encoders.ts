/** Vision transformers of patch 16 that were trained to classify ImageNet's pictures: ViT and DeiT. */
import { imagenetNormalization, type Normalization, symmetricNormalization } from "../nn/image-input.ts";
import { type Place, renaming } from "../weights/rename.ts";
import type { Encoder, PublishedNames } from "./encoder.ts";
import { type VitOptions, vitFeatures } from "./vit.ts";

/** Widths and heads of 12 layers (Dosovitskiy et al. 2021, table 1; Touvron et al. 2021a, table 1; Steiner et al. 2022). */
export const vitSizes = {
  tiny: { width: 192, heads: 3 },
  small: { width: 384, heads: 6 },
  base: { width: 768, heads: 12 },
} as const;

/** Parts of a layer that timm's and DINOv2's code call alike. Query, key and value are one there. */
export const joinedLayer: readonly Place[] = [
  ["layer#.norm1", "blocks.@.norm1"],
  ["layer#.attention.query", "blocks.@.attn.qkv.query"],
  ["layer#.attention.key", "blocks.@.attn.qkv.key"],
  ["layer#.attention.value", "blocks.@.attn.qkv.value"],
  ["layer#.attention.out", "blocks.@.attn.proj"],
  ["layer#.norm2", "blocks.@.norm2"],
  ["layer#.mlp.hidden", "blocks.@.mlp.fc1"],
  ["layer#.mlp.out", "blocks.@.mlp.fc2"],
];

export const joinedAttention = { qkv: ["query", "key", "value"] } as const;

/** What stands around the layers. */
export const timmPlaces: readonly Place[] = [
  ["patches", "patch_embed.proj"],
  ["classToken", "cls_token"],
  ["positions", "pos_embed"],
  ["norm", "norm"],
];

export const transformersPlaces: readonly Place[] = [
  ["patches", "embeddings.patch_embeddings.projection"],
  ["classToken", "embeddings.cls_token"],
  ["positions", "embeddings.position_embeddings"],
  ["layer#.attention.query", "encoder.layer.@.attention.attention.query"],
  ["layer#.attention.key", "encoder.layer.@.attention.attention.key"],
  ["layer#.attention.value", "encoder.layer.@.attention.attention.value"],
  ["layer#.attention.out", "encoder.layer.@.attention.output.dense"],
  ["norm", "layernorm"],
];

/** timm's names are those of DeiT's own code, too. */
const timm: PublishedNames = {
  library: "timm",
  names: renaming([...timmPlaces, ...joinedLayer]),
  joined: joinedAttention,
  beside: /^(head|pre_logits)\./,
};

const transformers: PublishedNames = {
  library: "transformers",
  names: renaming([
    ...transformersPlaces,
    ["layer#.norm1", "encoder.layer.@.layernorm_before"],
    ["layer#.norm2", "encoder.layer.@.layernorm_after"],
    ["layer#.mlp.hidden", "encoder.layer.@.intermediate.dense"],
    ["layer#.mlp.out", "encoder.layer.@.output.dense"],
  ]),
  beside: /^((pooler|classifier|decoder)\.|embeddings\.mask_token$)/,
};

/** Positions are kept on the grid of 224 × 224 pixels. */
function encoderOf(options: VitOptions, normalization: Normalization): Encoder {
  return {
    normalization,
    multiple: 16,
    dilates: false,
    features: (scope, x) => vitFeatures(scope, x, { ...options, patch: 16, grid: [14, 14] }),
    published: [timm, transformers],
  };
}

export const vitEncoders = {
  "vit-tiny-16": encoderOf(vitSizes.tiny, symmetricNormalization),
  "vit-small-16": encoderOf(vitSizes.small, symmetricNormalization),
  "vit-base-16": encoderOf(vitSizes.base, symmetricNormalization),
  "deit-tiny-16": encoderOf(vitSizes.tiny, imagenetNormalization),
  "deit-small-16": encoderOf(vitSizes.small, imagenetNormalization),
  "deit-base-16": encoderOf(vitSizes.base, imagenetNormalization),
};
