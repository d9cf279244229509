import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { axisSize, resize } from "../../ops/index.ts";
import { head, type Modulation } from "../unet/decoder.ts";
import { type Decoded, type DecoderSettings, decoder } from "./decoder.ts";
import { type Encoded, type EncoderSettings, encoder } from "./encoder.ts";
import { publishedName } from "./weights.ts";

export interface TransUNetOutputs {
  readonly encoded: Encoded;
  readonly decoded: Decoded;
  /** [B, outputs, H, W], no activation. */
  readonly logits: Tensor;
}

/**
 * TransUNet (Chen et al. 2021): parameters under `encoder`, `decoder` and `head`.
 *
 * image: [B, 3, H, W] float in [−1, 1], sides multiples of 16 → one value per class (or colour) and pixel.
 * Where `outputStride` is above 1 the head works at a fraction of the size and its values are resized bilinearly.
 */
export function transunet(
  scope: Scope,
  image: Tensor,
  outputs: number,
  settings: EncoderSettings & DecoderSettings,
  { modulate }: { readonly modulate?: Modulation } = {},
): TransUNetOutputs {
  const network = scope.drawnAs(publishedName); // scores were measured when parameters had these names
  const encoded = encoder(network.at("encoder"), image, settings);
  const decoded = decoder(network.at("decoder"), encoded.tokens, encoded.grid, encoded.features, settings, modulate);
  const scores = head(network.at("head"), decoded.output, outputs); // [B, outputs, H/stride, W/stride]
  const size = [axisSize(image, 2), axisSize(image, 3)] as const;
  const logits = settings.outputStride === 1 ? scores : resize(scores, size, { mode: "bilinear", alignCorners: false });
  return { encoded, decoded, logits };
}
