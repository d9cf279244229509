/** GSS's manifest as settings of our networks. */
import type { SwinOptions } from "../../src/backbones/swin.ts";

export interface SwinConfig {
  readonly embed_dims: number;
  readonly patch_size: number;
  readonly window_size: number;
  readonly mlp_ratio: number;
  readonly depths: readonly number[];
  readonly num_heads: readonly number[];
}

export function swinOptions(config: SwinConfig): SwinOptions {
  return {
    width: config.embed_dims,
    depths: config.depths,
    heads: config.num_heads,
    window: config.window_size,
    patch: config.patch_size,
    mlpRatio: config.mlp_ratio,
  };
}
