/** MaX-DeepLab whole: photograph to masks and classes of the slots. */
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { imageInput } from "../../nn/image-input.ts";
import { mean, relu } from "../../ops/index.ts";
import { tagLogits } from "../tags.ts";
import { backbone, memoryFeature, type Paths } from "./backbone.ts";
import { stackedDecoder } from "./decoder.ts";
import { classHead, type MaskOutputs, maskHead, semanticHead } from "./heads.ts";
import { semanticDecoder } from "./semantic-decoder.ts";
import type { MaxDeepLabSettings } from "./settings.ts";

/** No feature has a stride as large. */
const withoutTransformers = 64;

export interface Encoded {
  /** Stages 1 … 5, not rectified. */
  readonly stages: readonly Tensor[];
  /** Stride 4, rectified: what masks are made on. */
  readonly featurePanoptic: Tensor;
  /** Rectified; stride 4, or 16 where no hourglass is a part of the backbone. */
  readonly featureSemantic: Tensor;
  /** [B, F, N, 1]. */
  readonly classFeature: Tensor;
  readonly maskFeature: Tensor;
  readonly paths: Paths;
}

export interface Outputs extends MaskOutputs {
  /** [B, N, classes + 1], "no object" last. */
  readonly classLogits: Tensor;
  readonly encoded: Encoded;
}

/** image: uint8 [B, H, W, 3], sides best 16 k + 1. */
export function encode(scope: Scope, image: Tensor, settings: MaxDeepLabSettings): Encoded {
  const { featureChannels, backboneHourglasses } = settings;
  const base = backbone(scope, imageInput(image), settings);
  const { paths, high } = stackedDecoder(scope, base, settings);
  return {
    stages: base.stages,
    featurePanoptic: high.at(-1)!,
    featureSemantic: backboneHourglasses > 0 ? high[backboneHourglasses] : relu(base.stages[4]),
    classFeature: memoryFeature(scope.at("encoder").at("classFeatureExtra"), paths.memory, featureChannels),
    maskFeature: memoryFeature(scope.at("encoder").at("maskFeatureExtra"), paths.memory, featureChannels),
    paths,
  };
}

/**
 * Classes of whole photographs by the pixel path alone: transformers and all that is no part of the backbone are left out, its last map is
 * rectified and averaged, one layer. image: as above → logits [B, classes].
 */
export function classified(scope: Scope, image: Tensor, settings: MaxDeepLabSettings, classes: number): Tensor {
  const alone = { ...settings, transformerFromStride: withoutTransformers };
  const { paths } = stackedDecoder(scope, backbone(scope, imageInput(image), alone, false), alone, true);
  const pooled = mean(relu(paths.pixels), { axes: [2, 3] }); // [B, C]
  return tagLogits(scope.at("classifier"), pooled, classes);
}

/** `classes`: without "no object". */
export function maxDeepLab(scope: Scope, image: Tensor, settings: MaxDeepLabSettings, classes: number): Outputs {
  const encoded = encode(scope, image, settings);
  return {
    ...maskHead(scope, encoded.featurePanoptic, encoded.maskFeature, settings),
    classLogits: classHead(scope, encoded.classFeature, classes),
    encoded,
  };
}

/** The classes of pixels, which training alone asks for: [B, outputs, h, w], stride 4. */
export function semanticLogits(
  scope: Scope,
  encoded: Encoded,
  settings: MaxDeepLabSettings,
  { outputs, poolSize = null }: { readonly outputs: number; readonly poolSize?: readonly [number, number] | null },
): Tensor {
  const { featureSemantic, featurePanoptic, stages } = encoded;
  // A map as fine as masks needs no decoder.
  const isFine = featureSemantic.shape[2] === featurePanoptic.shape[2];
  const feature = isFine
    ? featureSemantic
    : semanticDecoder(scope.at("semanticDecoder"), featureSemantic, [relu(stages[2]), relu(stages[1])], {
        ...{ ...settings, poolSize },
      });
  return semanticHead(scope, feature, { headChannels: settings.headChannels, outputs });
}
