/** Names of weights in the authors' files, which are mmsegmentation's. */
import type { Encoder } from "../../backbones/encoder.ts";
import { type Place, type Renaming, renaming } from "../../weights/rename.ts";
import { dvaeNames } from "./dvae.ts";

const unit = (ours: string, theirs: string): readonly Place[] => [
  [`${ours}.conv`, `${theirs}.conv`],
  [`${ours}.norm`, `${theirs}.bn`],
];

const blocks = (ours: string, theirs: string): readonly Place[] => [
  [`${ours}.block#.norm1`, `${theirs}.blocks.@.norm1`],
  [`${ours}.block#.attention.qkv`, `${theirs}.blocks.@.attn.w_msa.qkv`],
  [`${ours}.block#.attention.out`, `${theirs}.blocks.@.attn.w_msa.proj`],
  [`${ours}.block#.attention.relativeBias`, `${theirs}.blocks.@.attn.w_msa.relative_position_bias_table`],
  [`${ours}.block#.norm2`, `${theirs}.blocks.@.norm2`],
  [`${ours}.block#.mlp.hidden`, `${theirs}.blocks.@.ffn.layers.0.0`],
  [`${ours}.block#.mlp.out`, `${theirs}.blocks.@.ffn.layers.1`],
];

/** Of all that is learned but the backbone, whose names are its encoder's, and the tokenizer, whose are the dVAE's. */
const heads = renaming([
  ...unit("head.level#", "convs.@"),
  ...unit("head.fusion", "fusion_conv"),
  ...blocks("head", "transformer_block"),
  ["head.norm", "swin_ln"],
  ...unit("head.classifier", "conv_before_seg"),
  ["head.tokens", "conv_seg"],
  ...unit("auxiliary.level#", "convs_pixel.@"),
  ...unit("auxiliary.fusion", "fusion_conv_pixel"),
  ["auxiliary.classes", "conv_seg_pixel"],
  ...unit("inverse.projection", "projection"),
  ...blocks("inverse", "post_transformer_block"),
  ["inverse.norm", "post_swin_ln"],
  ["inverse.classes", "cls_segmap.conv"],
]);

const none: Renaming = { ours: () => undefined, theirs: () => undefined };

/** Names of a whole model with that backbone: `backbone.` and `decode_head.`, with the dVAE inside. */
export function officialNames({ published }: Pick<Encoder, "published">): Renaming {
  const backbone = published.find(({ library }) => library === "mmsegmentation")?.names ?? none;
  const below: readonly (readonly [ours: string, theirs: string, names: Renaming])[] = [
    ["encoder.", "backbone.", backbone],
    ["tokenizer.encoder.", "decode_head.d_vae.encoder.", dvaeNames],
    ["tokenizer.decoder.", "decode_head.d_vae.decoder.", dvaeNames],
    ["", "decode_head.", heads],
  ];
  const through = (from: 0 | 1, name: string) => {
    const found = below.find((part) => name.startsWith(part[from]));
    if (found === undefined) return undefined;
    const inner = name.slice(found[from].length);
    const renamed = from === 0 ? found[2].theirs(inner) : found[2].ours(inner);
    return renamed === undefined ? undefined : found[1 - from] + renamed;
  };
  return { ours: (theirs) => through(1, theirs), theirs: (ours) => through(0, ours) };
}

/** What their files have beside weights: counters of batches, and what follows from a window's size. */
export const besideWeights = /(^|\.)(num_batches_tracked|relative_position_index)$/;

/** No weight decay where their name of a parameter has one of these in it: not `swin_ln`, and no batch norm called `bn`. */
export function decays(official: string): boolean {
  return !/absolute_pos_embed|relative_position_bias_table|norm/.test(official);
}
