/**
 * TransUNet's decoder cup and head: tokens become a feature map again and are doubled in size four times, joined by the
 * encoder's feature maps (Chen et al. 2021, sec. 3.2).
 */
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Grid } from "../../nn/embedding.ts";
import { reshape, transpose } from "../../ops/index.ts";
import { type BlockOptions, convNormRelu, decoderBlocks, type Modulation } from "../unet/decoder.ts";
import type { TransUNetSettings } from "./settings.ts";

export type DecoderSettings = Pick<
  TransUNetSettings,
  "headChannels" | "decoderChannels" | "widthMultiplier" | "skips" | "outputStride" | "initialization"
>;

export interface Decoded {
  /** After the convolution on the tokens: [B, headChannels, rows, columns]. */
  readonly entry: Tensor;
  /** After each block: sizes 1/8, 1/4, 1/2, 1 of the image; the last is 1 / outputStride. */
  readonly blocks: readonly Tensor[];
  /** The last block's map. */
  readonly output: Tensor;
}

/**
 * tokens: [B, rows·columns, D], row-major. features: the encoder's maps, deepest first, at 1/8, 1/4, 1/2; the first
 * `skips` of them are used. modulate: see `Modulation`; default none. Returns maps of
 * `decoderChannels · widthMultiplier` channels.
 */
export function decoder(
  scope: Scope,
  tokens: Tensor,
  [rows, columns]: Grid,
  features: readonly Tensor[],
  { headChannels, decoderChannels, widthMultiplier, skips, outputStride, initialization }: DecoderSettings,
  modulate?: Modulation,
): Decoded {
  const options: BlockOptions = {
    upsampling: "aligned",
    initialization: initialization === "jax" ? "he" : "framework",
    modulate,
  };
  const [batch, , width] = tokens.shape;
  const map = reshape(transpose(tokens, [0, 2, 1]), [batch, width, rows, columns]); // [B, D, rows, columns]
  const entry = convNormRelu(scope, "entry", map, headChannels * widthMultiplier, options);
  const widths = decoderChannels.slice(0, 4 - Math.log2(outputStride)).map((channels) => channels * widthMultiplier);
  const blocks = decoderBlocks(scope, entry, features.slice(0, skips), widths, options);
  return { entry, blocks, output: blocks.at(-1) ?? entry };
}
