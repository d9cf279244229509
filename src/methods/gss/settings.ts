/** What a recipe says of the network, beside its tokenizer and its colours. */
import type { ClassWeightSettings } from "../../losses/segmentation.ts";
import type { UNetSettings } from "../../networks/unet/settings.ts";
import type { HeadSettings } from "./head.ts";
import type { TokenizerSettings } from "./tokenizer-settings.ts";

export interface NetworkSettings
  extends Pick<UNetSettings, "encoder" | "encoderNorms" | "encoderRate" | "encoderStride" | "magnification">,
    ClassWeightSettings {
  /** Stochastic depth of the encoder's last block while it trains, growing evenly from 0 in the first; only of encoders that have it. */
  readonly encoderDropPath: number;
  /** Pixels of a photograph per token, down and across: the tokenizer's stride, or half of it, where maskiges are twice as large. */
  readonly tokenGrid: number;
  /** See `HeadSettings`. */
  readonly levelWidth: number;
  readonly fusionWidth: number;
  readonly classifierWidth: number;
  readonly aggregates: boolean;
  readonly aggregationDepth: number;
  readonly aggregationHeads: number;
  readonly aggregationWindow: number;
  readonly headDropout: number;
  /**
   * Classes of pixels, learned beside tokens, which stand in for labels where there are none: by layers of its own (`separate`), from the
   * token head's fused levels (`single`), or none.
   */
  readonly pixelHead: "none" | "separate" | "single";
  /** Factors of the two losses. */
  readonly tokenWeight: number;
  readonly pixelWeight: number;
}

export function headSettings(settings: NetworkSettings & Pick<TokenizerSettings, "codes">): HeadSettings {
  return {
    levelWidth: settings.levelWidth,
    width: settings.fusionWidth,
    classifierWidth: settings.classifierWidth,
    codes: settings.codes,
    aggregates: settings.aggregates,
    depth: settings.aggregationDepth,
    heads: settings.aggregationHeads,
    window: settings.aggregationWindow,
    dropout: settings.headDropout,
  };
}
