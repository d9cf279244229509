/** Vision transformers of patch 14 that learned without labels: DINOv2 (Oquab et al. 2023), with registers (Darcet et al. 2024) or without. */
import type { PositionResizing } from "../nn/embedding.ts";
import { imagenetNormalization } from "../nn/image-input.ts";
import { type Place, renaming } from "../weights/rename.ts";
import type { Encoder, PublishedNames } from "./encoder.ts";
import { type VitOptions, vitFeatures } from "./vit.ts";
import { joinedAttention, joinedLayer, timmPlaces, transformersPlaces, vitSizes } from "./vit-encoders.ts";

/** Names of the authors' code, which `torch.hub` loads; timm has the same for models without registers. */
const torchHub: PublishedNames = {
  ...namesOf("torch.hub", [
    ...timmPlaces,
    ...joinedLayer,
    ["registers", "register_tokens"],
    ["layer#.scale1", "blocks.@.ls1.gamma"],
    ["layer#.scale2", "blocks.@.ls2.gamma"],
  ]),
  joined: joinedAttention,
};

const transformers = namesOf("transformers", [
  ...transformersPlaces,
  ["registers", "embeddings.register_tokens"],
  ["layer#.norm1", "encoder.layer.@.norm1"],
  ["layer#.scale1", "encoder.layer.@.layer_scale1.lambda1"],
  ["layer#.norm2", "encoder.layer.@.norm2"],
  ["layer#.mlp.hidden", "encoder.layer.@.mlp.fc1"],
  ["layer#.mlp.out", "encoder.layer.@.mlp.fc2"],
  ["layer#.scale2", "encoder.layer.@.layer_scale2.lambda1"],
]);

/** The mask token is for training them further, as they were: patches that the network does not see. */
function namesOf(library: string, places: readonly Place[]): PublishedNames {
  return {
    library,
    names: renaming(places),
    beside: /^((embeddings\.)?mask_token$|(head|classifier)\.)/,
  };
}

/**
 * How the authors resize positions, which their models without and with registers differ in. Hugging Face's code resizes
 * those of the first kind without the offset.
 */
const plainResizing: PositionResizing = { mode: "bicubic", offset: 0.1 };
const registersResizing: PositionResizing = { mode: "bicubic", antialias: true };

/** Positions are kept on the grid of 518 × 518 pixels. */
function encoderOf(size: VitOptions, registers: number): Encoder {
  const options: VitOptions = {
    ...size,
    patch: 14,
    grid: [37, 37],
    layerScale: 1,
    registers,
    positionResizing: registers === 0 ? plainResizing : registersResizing,
  };
  return {
    normalization: imagenetNormalization,
    multiple: 14,
    dilates: false,
    features: (scope, x) => vitFeatures(scope, x, options),
    published: [torchHub, transformers],
  };
}

export const dinov2Encoders = {
  "dinov2-small-14": encoderOf(vitSizes.small, 0),
  "dinov2-base-14": encoderOf(vitSizes.base, 0),
  "dinov2-small-14-registers": encoderOf(vitSizes.small, 4),
  "dinov2-base-14-registers": encoderOf(vitSizes.base, 4),
};
