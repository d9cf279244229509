/** Names and layouts of the authors' checkpoints, against ours; any number of stages and blocks. */
import { allocate } from "../../array/dtype.ts";
import type { Named, NdArray } from "../../array/ndarray.ts";
import { show, sizeOf } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import { renaming } from "../../weights/rename.ts";

/**
 * Place by place. Where the authors keep query, key and value as one tensor, its thirds stand here as `q_proj`, `k_proj`
 * and `v_proj`, as they do where they are apart.
 */
const { ours, theirs } = renaming([
  ["logitScale", "logit_scale"],
  ["multiLabelScale", "multi_label_logit_scale"],
  ["image.positions", "img_encoder.pos_embed"],
  ["image.patches", "img_encoder.patch_embed.proj"],
  ["image.patchNorm", "img_encoder.patch_embed.norm"],
  ["image.norm", "img_encoder.norm"],
  ["image.stage#.groupTokens", "img_encoder.layers.@.group_token"],
  // The longer names are of stages whose width grows.
  ["image.stage#.tokenProjector.narrow.norm", "img_encoder.layers.@.group_projector.0.0"],
  ["image.stage#.tokenProjector.narrow.mixer.hidden", "img_encoder.layers.@.group_projector.0.1.fc1"],
  ["image.stage#.tokenProjector.narrow.mixer.out", "img_encoder.layers.@.group_projector.0.1.fc2"],
  ["image.stage#.tokenProjector.mixer.hidden", "img_encoder.layers.@.group_projector.1.fc1"],
  ["image.stage#.tokenProjector.mixer.out", "img_encoder.layers.@.group_projector.1.fc2"],
  ["image.stage#.tokenProjector.widening.norm", "img_encoder.layers.@.group_projector.1"],
  ["image.stage#.tokenProjector.widening.linear", "img_encoder.layers.@.group_projector.2"],
  ["image.stage#.tokenProjector.norm", "img_encoder.layers.@.group_projector.0"],
  ["image.stage#.layer#.norm1", "img_encoder.layers.@.blocks.@.norm1"],
  ["image.stage#.layer#.attention.query", "img_encoder.layers.@.blocks.@.attn.q_proj"],
  ["image.stage#.layer#.attention.key", "img_encoder.layers.@.blocks.@.attn.k_proj"],
  ["image.stage#.layer#.attention.value", "img_encoder.layers.@.blocks.@.attn.v_proj"],
  ["image.stage#.layer#.attention.out", "img_encoder.layers.@.blocks.@.attn.proj"],
  ["image.stage#.layer#.norm2", "img_encoder.layers.@.blocks.@.norm2"],
  ["image.stage#.layer#.mlp.hidden", "img_encoder.layers.@.blocks.@.mlp.fc1"],
  ["image.stage#.layer#.mlp.out", "img_encoder.layers.@.blocks.@.mlp.fc2"],
  ["image.stage#.grouping.tokenNorm", "img_encoder.layers.@.downsample.norm_tokens"],
  ["image.stage#.grouping.inputNorm", "img_encoder.layers.@.downsample.norm_x"],
  ["image.stage#.grouping.tokenMixer.hidden", "img_encoder.layers.@.downsample.mlp_inter.fc1"],
  ["image.stage#.grouping.tokenMixer.out", "img_encoder.layers.@.downsample.mlp_inter.fc2"],
  ["image.stage#.grouping.projectedNorm", "img_encoder.layers.@.downsample.norm_post_tokens"],
  ["image.stage#.grouping.cross.attention.query", "img_encoder.layers.@.downsample.pre_assign_attn.attn.q_proj"],
  ["image.stage#.grouping.cross.attention.key", "img_encoder.layers.@.downsample.pre_assign_attn.attn.k_proj"],
  ["image.stage#.grouping.cross.attention.value", "img_encoder.layers.@.downsample.pre_assign_attn.attn.v_proj"],
  ["image.stage#.grouping.cross.attention.out", "img_encoder.layers.@.downsample.pre_assign_attn.attn.proj"],
  ["image.stage#.grouping.cross.mlpNorm", "img_encoder.layers.@.downsample.pre_assign_attn.norm2"],
  ["image.stage#.grouping.cross.mlp.hidden", "img_encoder.layers.@.downsample.pre_assign_attn.mlp.fc1"],
  ["image.stage#.grouping.cross.mlp.out", "img_encoder.layers.@.downsample.pre_assign_attn.mlp.fc2"],
  ["image.stage#.grouping.cross.norm", "img_encoder.layers.@.downsample.pre_assign_attn.norm_post"],
  ["image.stage#.grouping.assignment.query", "img_encoder.layers.@.downsample.assign.q_proj"],
  ["image.stage#.grouping.assignment.key", "img_encoder.layers.@.downsample.assign.k_proj"],
  ["image.stage#.grouping.assignment.value", "img_encoder.layers.@.downsample.assign.v_proj"],
  ["image.stage#.grouping.assignment.out", "img_encoder.layers.@.downsample.assign.proj"],
  ["image.stage#.grouping.segmentNorm", "img_encoder.layers.@.downsample.norm_new_x"],
  ["image.stage#.grouping.segmentMlp.hidden", "img_encoder.layers.@.downsample.mlp_channels.fc1"],
  ["image.stage#.grouping.segmentMlp.out", "img_encoder.layers.@.downsample.mlp_channels.fc2"],
  ["image.stage#.grouping.widening.norm", "img_encoder.layers.@.downsample.reduction.0"],
  ["image.stage#.grouping.widening.linear", "img_encoder.layers.@.downsample.reduction.1"],
  ["text.tokens", "text_encoder.token_embedding"],
  ["text.positions", "text_encoder.positional_embedding"],
  ["text.layer#.norm1", "text_encoder.transformer.resblocks.@.ln_1"],
  ["text.layer#.attention.query", "text_encoder.transformer.resblocks.@.attn.q_proj"],
  ["text.layer#.attention.key", "text_encoder.transformer.resblocks.@.attn.k_proj"],
  ["text.layer#.attention.value", "text_encoder.transformer.resblocks.@.attn.v_proj"],
  ["text.layer#.attention.out", "text_encoder.transformer.resblocks.@.attn.out_proj"],
  ["text.layer#.norm2", "text_encoder.transformer.resblocks.@.ln_2"],
  ["text.layer#.mlp.hidden", "text_encoder.transformer.resblocks.@.mlp.c_fc"],
  ["text.layer#.mlp.out", "text_encoder.transformer.resblocks.@.mlp.c_proj"],
  ["text.norm", "text_encoder.ln_final"],
  ["imageProjection.hidden", "img_projector.linear_hidden.0"],
  ["imageProjection.norm", "img_projector.linear_hidden.1"],
  ["imageProjection.out", "img_projector.linear_out"],
  ["textProjection.hidden", "text_projector.linear_hidden.0"],
  ["textProjection.norm", "text_projector.linear_hidden.1"],
  ["textProjection.out", "text_projector.linear_out"],
]);

const thirds = ["q_proj", "k_proj", "v_proj"] as const;

/** Places where the authors keep query, key and value as one: what stands before and behind `q_proj`, and the name of the whole. */
const fusions: readonly {
  readonly part: RegExp;
  readonly whole: RegExp;
  readonly wholeName: (before: string, kind: string) => string;
}[] = [
  {
    part: /^(img_encoder\.layers\.\d+\.blocks\.\d+\.attn\.)([qkv]_proj)\.(weight|bias)$/,
    whole: /^(img_encoder\.layers\.\d+\.blocks\.\d+\.attn\.)qkv\.(weight|bias)$/,
    wholeName: (before, kind) => `${before}qkv.${kind}`,
  },
  {
    part: /^(text_encoder\.transformer\.resblocks\.\d+\.attn\.)([qkv]_proj)\.(weight|bias)$/,
    whole: /^(text_encoder\.transformer\.resblocks\.\d+\.attn\.)in_proj_(weight|bias)$/,
    wholeName: (before, kind) => `${before}in_proj_${kind}`,
  },
];

/** Where a weight of ours is in an official checkpoint. */
export interface OfficialPlace {
  readonly name: string;
  /** Which third of its first axis ours is; null: ours is all of it. */
  readonly third: 0 | 1 | 2 | null;
}

/** The place of our weight `name`; undefined for what official checkpoints do not have. */
export function officialPlace(name: string): OfficialPlace | undefined {
  const own = theirs(name);
  if (own === undefined) return undefined;
  for (const { part, wholeName } of fusions) {
    const found = part.exec(own);
    if (found === null) continue;
    const [, before, third, kind] = found;
    return { name: wholeName(before, kind), third: thirds.indexOf(third as (typeof thirds)[number]) as 0 | 1 | 2 };
  }
  return { name: own, third: null };
}

/** What we call the official tensor `name`: one name, three (query, key, value) for a fused one, none for an unknown one. */
export function ourNames(name: string): readonly string[] {
  for (const { whole } of fusions) {
    const found = whole.exec(name);
    if (found === null) continue;
    const [, before, kind] = found;
    return thirds.map((third) => ours(`${before}${third}.${kind}`)!);
  }
  // Thirds that stand alone would be of another program.
  const own = fusions.some(({ part }) => part.test(name)) ? undefined : ours(name);
  return own === undefined ? [] : [own];
}

/** Counters of batches, which the authors' norms keep beside their averages; we have none. */
export function isBatchCounter(name: string): boolean {
  return /^(img|text)_projector\.linear_hidden\.1\.num_batches_tracked$/.test(name);
}

/**
 * Tensors of an official checkpoint under our names: query, key and value apart, kernels of 1 as matrices; counters of
 * batches are left out. Throws InputError, which begins with `where`, for names and shapes of other networks.
 */
export function ourWeights(tensors: Named<NdArray>, where: string): Record<string, NdArray> {
  const weights: Record<string, NdArray> = {};
  for (const [name, array] of Object.entries(tensors)) {
    if (isBatchCounter(name)) continue;
    const names = ourNames(name);
    if (names.length === 0) {
      throw new InputError(
        `${where}: expected the names of a GroupViT (img_encoder, text_encoder, img_projector), got ${name}. It is another network's file.`,
      );
    }
    const parts = names.length === 1 ? [asMatrix(name, array)] : inThirds(name, array, where);
    for (const [i, each] of names.entries()) weights[each] = parts[i];
  }
  return weights;
}

/** The way back. Throws where a third of a fused tensor is missing. */
export function officialTensors(weights: Named<NdArray>): Record<string, NdArray> {
  const tensors: Record<string, NdArray> = {};
  const fused = new Map<string, (NdArray | undefined)[]>();
  for (const [name, array] of Object.entries(weights)) {
    const place = officialPlace(name);
    if (place === undefined) continue;
    if (place.third === null) tensors[place.name] = asKernel(place.name, array);
    else {
      const parts = fused.get(place.name) ?? [undefined, undefined, undefined];
      parts[place.third] = array;
      fused.set(place.name, parts);
    }
  }
  for (const [name, parts] of fused) tensors[name] = joined(name, parts);
  return tensors;
}

/** Linear layers of the projections, which the authors write as convolutions over one place. */
const isKernel = /^(img|text)_projector\.linear_(hidden\.0|out)\.weight$/;

function asMatrix(name: string, array: NdArray): NdArray {
  return isKernel.test(name) && array.shape.length === 3 ? { ...array, shape: array.shape.slice(0, 2) } : array;
}

function asKernel(name: string, array: NdArray): NdArray {
  return isKernel.test(name) ? { ...array, shape: [...array.shape, 1] } : array;
}

function inThirds(name: string, { dtype, shape, data }: NdArray, where: string): NdArray[] {
  const [rows, ...rest] = shape;
  if (rows === undefined || rows % 3 !== 0) {
    throw new InputError(
      `${where}: expected ${name} to hold query, key and value one after another, got ${show(shape)}. The file is damaged.`,
    );
  }
  const size = sizeOf(shape) / 3;
  return [0, 1, 2].map((third) => ({
    ...{ dtype, shape: [rows / 3, ...rest] },
    data: data.slice(third * size, (third + 1) * size),
  }));
}

function joined(name: string, parts: readonly (NdArray | undefined)[]): NdArray {
  const [query, key, value] = parts;
  if (query === undefined || key === undefined || value === undefined) {
    throw new InputError(`${name}: expected query, key and value, got some of them. Give all weights of the layer.`);
  }
  const size = sizeOf(query.shape);
  const data = allocate(query.dtype, 3 * size) as Float32Array;
  for (const [i, part] of [query, key, value].entries()) data.set(part.data as Float32Array, i * size);
  return { dtype: query.dtype, shape: [3 * query.shape[0], ...query.shape.slice(1)], data };
}
