/** Published weights of TransUNets and their encoders: other names and layouts to ours. */
import type { Named, NdArray } from "../../array/ndarray.ts";
import { show, sizeOf } from "../../array/shape.ts";
import { transposed } from "../../array/strided.ts";
import { InputError, UsageError } from "../../errors.ts";
import { resizePositionTable } from "../../nn/embedding.ts";
import { floats } from "../../weights/floats.ts";
import { renaming } from "../../weights/rename.ts";
import { gridSide } from "./found-settings.ts";

/** TransUNet's state dictionary (PyTorch). */
const { ours, theirs } = renaming([
  ["encoder.stem.conv", "transformer.embeddings.hybrid_model.root.conv"],
  ["encoder.stem.norm", "transformer.embeddings.hybrid_model.root.gn"],
  ["encoder.stage#.unit#.conv#", "transformer.embeddings.hybrid_model.body.block#.unit#.conv#"],
  ["encoder.stage#.unit#.norm#", "transformer.embeddings.hybrid_model.body.block#.unit#.gn#"],
  ["encoder.stage#.unit#.shortcut.conv", "transformer.embeddings.hybrid_model.body.block#.unit#.downsample"],
  ["encoder.stage#.unit#.shortcut.norm", "transformer.embeddings.hybrid_model.body.block#.unit#.gn_proj"],
  ["encoder.patches", "transformer.embeddings.patch_embeddings"],
  ["encoder.positions", "transformer.embeddings.position_embeddings"],
  ["encoder.dropout", "transformer.embeddings.dropout"],
  ["encoder.layer#.norm1", "transformer.encoder.layer.@.attention_norm"],
  ["encoder.layer#.attention", "transformer.encoder.layer.@.attn"], // query, key, value, out
  ["encoder.layer#.norm2", "transformer.encoder.layer.@.ffn_norm"],
  ["encoder.layer#.mlp.hidden", "transformer.encoder.layer.@.ffn.fc1"],
  ["encoder.layer#.mlp.out", "transformer.encoder.layer.@.ffn.fc2"],
  ["encoder.norm", "transformer.encoder.encoder_norm"],
  ["decoder.entry.conv", "decoder.conv_more.0"],
  ["decoder.entry.norm", "decoder.conv_more.1"],
  ["decoder.block#.unit#.conv", "decoder.blocks.@.conv#.0"],
  ["decoder.block#.unit#.norm", "decoder.blocks.@.conv#.1"],
  ["head", "segmentation_head.0"],
]);

/** Checkpoints of google-research/vision_transformer (JAX); `LayerNorm_0` stands for a block's first, whatever its number. */
const jax = renaming([
  ["encoder.stem.conv", "conv_root"],
  ["encoder.stem.norm", "gn_root"],
  ["encoder.stage#.unit#.conv#", "block#/unit#/conv#"],
  ["encoder.stage#.unit#.norm#", "block#/unit#/gn#"],
  ["encoder.stage#.unit#.shortcut.conv", "block#/unit#/conv_proj"],
  ["encoder.stage#.unit#.shortcut.norm", "block#/unit#/gn_proj"],
  ["encoder.patches", "embedding"],
  ["encoder.positions", "Transformer/posembed_input/pos_embedding"],
  ["encoder.layer#.norm1", "Transformer/encoderblock_@/LayerNorm_0"],
  ["encoder.layer#.attention.query", "Transformer/encoderblock_@/MultiHeadDotProductAttention_*/query"],
  ["encoder.layer#.attention.key", "Transformer/encoderblock_@/MultiHeadDotProductAttention_*/key"],
  ["encoder.layer#.attention.value", "Transformer/encoderblock_@/MultiHeadDotProductAttention_*/value"],
  ["encoder.layer#.attention.out", "Transformer/encoderblock_@/MultiHeadDotProductAttention_*/out"],
  ["encoder.layer#.norm2", "Transformer/encoderblock_@/LayerNorm_1"],
  ["encoder.layer#.mlp.hidden", "Transformer/encoderblock_@/MlpBlock_*/Dense_0"],
  ["encoder.layer#.mlp.out", "Transformer/encoderblock_@/MlpBlock_*/Dense_1"],
  ["encoder.norm", "Transformer/encoder_norm"],
]);

const positions = "encoder.positions";

/** The name in TransUNet's state dictionary of what we call `name`; undefined for what it does not have. */
export const publishedName = theirs;

/** What we call the weight `name` of TransUNet's state dictionary; undefined for another network's. */
export const ourName = ours;

/** Axis orders: convolutions HWIO → OIHW, matrices [in, out] → [out, in]. */
const toTorch: Readonly<Record<number, readonly number[]>> = { 2: [1, 0], 4: [3, 2, 0, 1] };

/**
 * Arrays of a JAX checkpoint of the hybrid R50+ViT (google-research/vision_transformer, such as `R50+ViT-B_16.npz`)
 * under our names: convolutions and matrices turned, vectors flattened. Class token, pre-logits and head are left out.
 * Parts of a transformer block are told by their kind and order, whatever their numbers.
 *
 * patchOnly: the file of an ordinary ViT, without a residual network, is wanted. Throws InputError for other names and
 * types, UsageError for an ordinary ViT that was not asked for.
 */
export function hybridVitWeights(
  arrays: Named<NdArray>,
  where: string,
  { patchOnly = false }: { patchOnly?: boolean } = {},
): Record<string, NdArray> {
  const ordinary = arrays["conv_root/kernel"] === undefined && arrays["embedding/kernel"] !== undefined;
  if (ordinary && !patchOnly) {
    throw new UsageError(
      `${where}: expected a hybrid R50+ViT with conv_root, got an ordinary ViT whose tokens are patches of the image. Add --patch-only for an encoder without residual network, or use R50+ViT-B_16.npz.`,
    );
  }
  if (!ordinary && patchOnly) {
    throw new UsageError(`${where}: expected an ordinary ViT for --patch-only, got a hybrid. Leave --patch-only out.`);
  }
  const weights: Record<string, NdArray> = {};
  const norms = normsOf(arrays);
  for (const [key, array] of Object.entries(arrays)) {
    const name = ourJaxName(key, norms);
    if (name === null) continue;
    if (name === undefined) {
      throw new InputError(`${where}: expected the names of a hybrid ViT, got ${key}. It is another network's file.`);
    }
    weights[name] = inOurLayout(key, floats(array, key, where), where);
  }
  const table = weights[positions];
  if (table !== undefined) {
    const side = gridSide(table.shape, where);
    weights[positions] = resizePositionTable(table, [side, side]); // drops a class token's row
  }
  return weights;
}

const ignored = /^(cls|(pre_logits|head)\/(kernel|bias))$/;

/** Our name; null for what is ignored, undefined for what is not known. */
function ourJaxName(key: string, norms: ReadonlyMap<string, readonly number[]>): string | null | undefined {
  if (ignored.test(key)) return null;
  const ranked = key.replace(/^(Transformer\/encoderblock_(\d+)\/LayerNorm_)(\d+)/, (_, place, block, number) => {
    return `${place}${norms.get(block)?.indexOf(Number(number))}`; // the first and the second that the block has
  });
  const name = jax
    .ours(ranked)
    ?.replace(/\/(kernel|scale)$/, ".weight")
    .replace(/\/bias$/, ".bias");
  return name?.includes("/") ? undefined : name;
}

/** Numbers of the norms that each block has, ascending. */
function normsOf(arrays: Named<NdArray>): Map<string, number[]> {
  const norms = new Map<string, number[]>();
  for (const key of Object.keys(arrays)) {
    const [, block, number] = /^Transformer\/encoderblock_(\d+)\/LayerNorm_(\d+)\/scale$/.exec(key) ?? [];
    if (block === undefined) continue;
    const numbers = norms.get(block);
    if (numbers === undefined) norms.set(block, [Number(number)]);
    else numbers.push(Number(number));
  }
  for (const numbers of norms.values()) numbers.sort((a, b) => a - b);
  return norms;
}

function inOurLayout(key: string, array: NdArray, where: string): NdArray {
  const { shape, data, dtype } = array;
  if (key.endsWith("/pos_embedding")) return array;
  if (!key.endsWith("/kernel")) return { dtype, shape: [sizeOf(shape)], data };
  // Heads and their widths are one axis with us: [D, heads, d] → [D, D], [heads, d, D] → [D, D].
  const matrix = /\/out\/kernel$/.test(key)
    ? [sizeOf(shape.slice(0, -1)), shape[shape.length - 1]]
    : shape.length === 3
      ? [shape[0], sizeOf(shape.slice(1))]
      : shape;
  const order = toTorch[matrix.length];
  if (order === undefined) {
    throw new InputError(
      `${where}: expected ${key} to be a matrix or a convolution, got ${show(shape)}. The file is damaged.`,
    );
  }
  return transposed({ dtype, shape: matrix, data }, order);
}

/**
 * A state dictionary of TransUNet's PyTorch code under our names; batch counters are left out. Throws InputError where a
 * name is of another network.
 */
export function stateDictionaryWeights(tensors: Named<NdArray>, where: string): Record<string, NdArray> {
  const weights: Record<string, NdArray> = {};
  for (const [name, array] of Object.entries(tensors)) {
    if (name.endsWith(".num_batches_tracked")) continue;
    const own = ourName(name);
    if (own === undefined) {
      throw new InputError(
        `${where}: expected the names of a TransUNet (transformer, decoder, segmentation_head), got ${name}. It is another network's file.`,
      );
    }
    weights[own] = floats(array, name, where);
  }
  return weights;
}

/** Heads of a hybrid ViT's attention, which its own layout shows. */
export function headsOf(arrays: Named<NdArray>): number | undefined {
  const key = Object.keys(arrays).find((name) => name.endsWith("/query/kernel"));
  return key === undefined ? undefined : arrays[key].shape[1];
}
