/** GSS's manifest as settings of our networks. */
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import type { SwinOptions } from "../../src/backbones/swin.ts";
import type { DvaeSettings } from "../../src/methods/gss/dvae.ts";
import type { HeadSettings } from "../../src/methods/gss/head.ts";
import type { WindowInverseSettings } from "../../src/methods/gss/inverse-window.ts";

import { goldens } from "./gss.ts";

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

export interface HeadConfig {
  readonly in_index: readonly number[];
  readonly channels: number;
  readonly dropout_ratio: number;
  readonly num_classes: number;
  readonly loss_decode: { readonly loss_weight: number } | readonly { readonly loss_weight: number }[];
  readonly palette: readonly (readonly number[])[];
  readonly indice_channel_index: number;
  readonly pixel_channel_index: number;
  readonly indice_seg_channel: number;
  readonly indice_cls_channel: number;
  readonly swin_num_head: number;
  readonly swin_depth: number;
  readonly swin_window_size: number;
  readonly post_seg_channel?: number;
  readonly post_swin_num_head?: number;
  readonly post_swin_depth?: number;
  readonly post_swin_window_size?: number;
  readonly type: string;
}

export function headSettings(config: HeadConfig, { codes }: Pick<DvaeSettings, "codes">): HeadSettings {
  return {
    levelWidth: config.channels,
    width: config.indice_seg_channel,
    classifierWidth: config.indice_cls_channel,
    codes,
    aggregates: true,
    depth: config.swin_depth,
    heads: config.swin_num_head,
    window: config.swin_window_size,
    dropout: config.dropout_ratio,
  };
}

export function inverseSettings(config: HeadConfig): WindowInverseSettings {
  return {
    width: config.post_seg_channel!,
    heads: config.post_swin_num_head!,
    window: config.post_swin_window_size!,
    depth: config.post_swin_depth!,
  };
}

/** Factors of the token and the pixel loss. */
export function lossWeights({ loss_decode }: HeadConfig): { tokenWeight: number; pixelWeight: number } {
  const [tokenWeight, pixelWeight] = [loss_decode].flat().map(({ loss_weight }) => loss_weight);
  return { tokenWeight, pixelWeight };
}

/** A whole model's weights as its file has them: those of the case, of the backbone's and of the dVAE's. */
export function stateOf(name: string): Record<string, NdArray> {
  const renamed = (prefix: string, tensors: Named<NdArray>) =>
    Object.fromEntries(Object.entries(tensors).map(([key, array]) => [prefix + key, array]));
  return {
    ...goldens.case(name).under("state_dict."),
    ...renamed("backbone.", goldens.case("swin_backbone").under("w.")),
    ...renamed("decode_head.d_vae.", goldens.case("dvae").under("w.")),
  };
}
