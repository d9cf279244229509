import { convNorm, type EncoderOptions, type FeatureMap } from "../../backbones/encoder.ts";
import { encode, findEncoder } from "../../backbones/encoders.ts";
import { UsageError } from "../../errors.ts";
import { normalInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import { batchNorm2d } from "../../nn/norm.ts";
import { axisSize, relu, resize } from "../../ops/index.ts";
import { deepLabHead, isDeepLabHead } from "../deeplab/heads.ts";
import { type BlockOptions, convNormRelu, decoderBlocks, head, type Modulation } from "./decoder.ts";
import type { UNetSettings } from "./settings.ts";

export interface UNetOutputs {
  /** Of the encoder, the largest first. */
  readonly features: readonly FeatureMap[];
  /** [B, outputs, H, W], no activation. */
  readonly logits: Tensor;
}

/**
 * An encoder by name and a decoder: a U-Net (Ronneberger et al. 2015, as segmentation_models.pytorch builds it) or a small head
 * on the last map. Parameters under `encoder`, `decoder` and `head`.
 *
 * image: [B, 3, H, W] float in [−1, 1], sides multiples of the encoder's → one value per class (or colour) and pixel.
 */
export function unet(
  scope: Scope,
  image: Tensor,
  outputs: number,
  settings: UNetSettings,
  { modulate }: { readonly modulate?: Modulation } = {},
): UNetOutputs {
  const features = encodedBy(scope, image, settings);
  const size = [axisSize(image, 2), axisSize(image, 3)] as const;
  return { features, logits: decodedFrom(scope, features, size, outputs, settings, { modulate }) };
}

/**
 * What comes behind the encoder. features: the encoder's maps, or those of them that the decoder looks at; size: height and
 * width of the picture that they are of → [B, outputs, H, W], no activation.
 */
export function decodedFrom(
  scope: Scope,
  features: readonly FeatureMap[],
  size: readonly [height: number, width: number],
  outputs: number,
  settings: UNetSettings,
  { modulate }: { readonly modulate?: Modulation | undefined } = {},
): Tensor {
  return enlarged(scoresFrom(scope, features, outputs, settings, { modulate }), size);
}

/** The same at the decoder's own size. */
export function scoresFrom(
  scope: Scope,
  features: readonly FeatureMap[],
  outputs: number,
  settings: UNetSettings,
  { modulate }: { readonly modulate?: Modulation | undefined } = {},
): Tensor {
  const options: BlockOptions = { upsampling: settings.upsampling, initialization: "he", modulate };
  return settings.decoder === "unet"
    ? head(scope.at("head"), joined(scope.at("decoder"), features, settings, options), outputs)
    : onLastMap(scope, features, outputs, settings, options);
}

/** Scores at the size of a picture, bilinearly. */
export function enlarged(scores: Tensor, size: readonly [height: number, width: number]): Tensor {
  const whole = axisSize(scores, 2) === size[0] && axisSize(scores, 3) === size[1];
  return whole ? scores : resize(scores, size, { mode: "bilinear", alignCorners: false });
}

/** Those of the encoder's maps that the decoder looks at. */
export function decoderMaps(
  features: readonly FeatureMap[],
  { decoder, outputStride }: Pick<UNetSettings, "decoder" | "outputStride">,
): readonly FeatureMap[] {
  return decoder === "unet" ? features.filter(({ stride }) => stride >= outputStride) : features.slice(-1);
}

/**
 * The encoder alone. image: [B, 3, H, W] in [−1, 1] → its maps, the largest first; strides are in pixels of the image,
 * whatever its magnification. everyStage, dropPath: see `EncoderOptions`.
 */
export function encodedBy(
  scope: Scope,
  image: Tensor,
  settings: Pick<UNetSettings, "encoder" | "encoderNorms" | "encoderStride" | "magnification">,
  { everyStage = false, dropPath = 0 }: Pick<EncoderOptions, "everyStage" | "dropPath"> = {},
): readonly FeatureMap[] {
  const { encoderNorms: norms, encoderStride: outputStride, magnification } = settings;
  const encoder = findEncoder(settings.encoder);
  const options = { norms, everyStage, dropPath, ...(encoder.dilates && { outputStride }) };
  const size = [axisSize(image, 2) * magnification, axisSize(image, 3) * magnification] as const;
  const seen = magnification === 1 ? image : resize(image, size, { mode: "bilinear", alignCorners: false });
  return encode(encoder, scope.at("encoder"), seen, options).map(({ stride, map }) => ({
    ...{ stride: stride / magnification, map },
  }));
}

/** The U-Net's last map, at 1 / outputStride. */
function joined(
  scope: Scope,
  features: readonly FeatureMap[],
  { decoderChannels, outputStride, encoder, mapNorms }: UNetSettings,
  options: BlockOptions,
): Tensor {
  const { stride, map } = features[features.length - 1];
  const count = Math.log2(stride / outputStride);
  if (!Number.isInteger(count) || count < 0) {
    throw new UsageError(
      `decoder: expected linear or convolutional for ${encoder}, whose map has stride ${stride}, got unet. Add --set decoder=convolutional.`,
    );
  }
  if (decoderChannels.length < count) {
    throw new UsageError(
      `decoderChannels: expected ${count} numbers, for blocks from stride ${stride} to ${outputStride}, got ${decoderChannels.length}. Add some, or raise outputStride.`,
    );
  }
  const seen = ({ stride, map }: FeatureMap) =>
    mapNorms === "batch" ? batchNorm2d(scope.at(`map${stride}.norm`), map) : map;
  const skips = Array.from({ length: count }, (_, i) => {
    const found = features.find((feature) => feature.stride === stride / 2 ** (i + 1));
    return found && seen(found);
  });
  const deepest = seen({ stride, map });
  return decoderBlocks(scope, deepest, skips, decoderChannels.slice(0, count), options).at(-1) ?? deepest;
}

/** Scores at the stride of the last map. */
function onLastMap(
  scope: Scope,
  features: readonly FeatureMap[],
  outputs: number,
  { decoder: kind, decoderChannels }: UNetSettings,
  options: BlockOptions,
): Tensor {
  const { map } = features[features.length - 1];
  const place = scope.at("decoder");
  const initializer = normalInitializer(0.01);
  if (isDeepLabHead(kind))
    return deepLabHead(scope.at("head"), map, outputs, { head: kind, hidden: decoderChannels[0] });
  if (kind === "linear") {
    const normed = batchNorm2d(place.at("norm"), map);
    return conv2d(scope.at("head"), normed, outputs, { kernel: 1, initializer });
  }
  const [reduced, ...mixed] = decoderChannels;
  const x = relu(convNorm(place.at("entry"), map, reduced, { kernel: 1 }));
  const y = mixed.reduce((input, channels, i) => convNormRelu(place, `unit${i + 1}`, input, channels, options), x);
  return conv2d(scope.at("head"), y, outputs, { kernel: 1, initializer });
}
