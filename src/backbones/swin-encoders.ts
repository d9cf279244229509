/** Swin Transformers of the published sizes, and the names of their files. */
import { type NdArray, ndarray } from "../array/ndarray.ts";
import { imagenetNormalization } from "../nn/image-input.ts";
import { type Place, renaming } from "../weights/rename.ts";
import type { Encoder, PublishedNames } from "./encoder.ts";
import { type SwinOptions, swin, swinSizes } from "./swin.ts";

const blocks = (theirs: string, attention: string, first: string, second: string): readonly Place[] => [
  ["stage#.block#.norm1", `${theirs}.@.blocks.@.norm1`],
  ["stage#.block#.attention.qkv", `${theirs}.@.blocks.@.${attention}.qkv`],
  ["stage#.block#.attention.out", `${theirs}.@.blocks.@.${attention}.proj`],
  ["stage#.block#.attention.relativeBias", `${theirs}.@.blocks.@.${attention}.relative_position_bias_table`],
  ["stage#.block#.norm2", `${theirs}.@.blocks.@.norm2`],
  ["stage#.block#.mlp.hidden", `${theirs}.@.blocks.@.${first}`],
  ["stage#.block#.mlp.out", `${theirs}.@.blocks.@.${second}`],
  ["stage#.merge.norm", `${theirs}.@.downsample.norm`],
  ["stage#.merge.reduction", `${theirs}.@.downsample.reduction`],
  ["norm#", "norm@"],
];

/** What both keep that follows from the window. */
const tables = "relative_position_index$|attn_mask$";

const mmsegmentation: PublishedNames = {
  library: "mmsegmentation",
  names: renaming([
    ["patches", "patch_embed.projection"],
    ["patchNorm", "patch_embed.norm"],
    ...blocks("stages", "attn.w_msa", "ffn.layers.0.0", "ffn.layers.1"),
  ]),
  beside: new RegExp(`${tables}|^(head|decode_head|auxiliary_head)\\.`),
};

/** How the authors' files and timm's lay out merged channels, and that they have no norms behind the first stages. */
const classifier = {
  beside: new RegExp(`${tables}|^(norm|head|fc)\\.`),
  absent: /^norm\d\./,
  layout: { ours: ourMerging, theirs: theirMerging },
};

/** The authors' classifiers have one norm, in front of their head; their detectors have ours, called as in mmsegmentation. */
const original: PublishedNames = {
  library: "swin",
  names: renaming([
    ["patches", "patch_embed.proj"],
    ["patchNorm", "patch_embed.norm"],
    ...blocks("layers", "attn", "mlp.fc1", "mlp.fc2"),
  ]),
  ...classifier,
};

/** timm merges at the beginning of a stage, not at the end of the one before. */
const timm: PublishedNames = {
  library: "timm",
  names: renaming([
    ["patches", "patch_embed.proj"],
    ["patchNorm", "patch_embed.norm"],
    ["stage#.merge.norm", "layers.#.downsample.norm"],
    ["stage#.merge.reduction", "layers.#.downsample.reduction"],
    ...blocks("layers", "attn", "mlp.fc1", "mlp.fc2"),
  ]),
  ...classifier,
};

/**
 * A weight of a merging whose channels lie place by place, (row, column) = (0, 0), (1, 0), (0, 1), (1, 1), as ours, where they
 * lie channel by channel; others as they are. name: ours.
 */
export function ourMerging(name: string, array: NdArray): NdArray {
  return isMerging(name) ? picked(array, theirPlaces(array.shape.at(-1)!)) : array;
}

/** The way back. */
export function theirMerging(name: string, array: NdArray): NdArray {
  if (!isMerging(name)) return array;
  const places = theirPlaces(array.shape.at(-1)!);
  const ours = new Array<number>(places.length);
  for (const [own, their] of places.entries()) ours[their] = own;
  return picked(array, ours);
}

const isMerging = (name: string) => /(^|\.)merge\.(norm|reduction)\.(weight|bias)$/.test(name);

/** Where our channel 4c + 2·row + column lies with them: (2·column + row)·C + c. */
function theirPlaces(size: number): number[] {
  return Array.from({ length: size }, (_, i) => (2 * (i & 1) + ((i >> 1) & 1)) * (size / 4) + (i >> 2));
}

/** The elements of the last axis in another order. */
function picked({ dtype, shape, data }: NdArray, order: readonly number[]): NdArray {
  const result = data.slice();
  for (let start = 0; start < data.length; start += order.length) {
    for (let i = 0; i < order.length; i++) result[start + i] = data[start + order[i]];
  }
  return ndarray(dtype, shape, result);
}

function encoderOf(options: SwinOptions): Encoder {
  return {
    normalization: imagenetNormalization,
    multiple: 32,
    dilates: false,
    dropsPaths: true,
    features: (scope, x, { dropPath = 0 }) => swin(scope, x, { ...options, dropPath }),
    published: [mmsegmentation, original, timm],
  };
}

/** Windows of 7 tokens for pictures of 224 pixels, 12 for 384. */
export const swinEncoders = {
  "swin-tiny": encoderOf(swinSizes.tiny),
  "swin-small": encoderOf(swinSizes.small),
  "swin-base": encoderOf(swinSizes.base),
  "swin-base-384": encoderOf({ ...swinSizes.base, window: 12 }),
  "swin-large": encoderOf(swinSizes.large),
  "swin-large-384": encoderOf({ ...swinSizes.large, window: 12 }),
};
