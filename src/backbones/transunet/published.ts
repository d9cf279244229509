/** Published weights of TransUNets and their encoders: other names and layouts to ours, and what network they are of. */
import type { Named, NdArray } from "../../array/ndarray.ts";
import { show, sizeOf } from "../../array/shape.ts";
import { InputError, UsageError } from "../../errors.ts";
import { resizePositionTable } from "../../nn/embedding.ts";
import { widenHalf } from "../../weights/half-precision.ts";
import { gatherStrided } from "../../weights/npy.ts";
import type { TransUNetSettings } from "./settings.ts";

/** What the shapes of weights say of the network. */
export type FoundSettings = Partial<TransUNetSettings>;

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
    const name = ourName(key, norms);
    if (name === null) continue;
    if (name === undefined) {
      throw new InputError(`${where}: expected the names of a hybrid ViT, got ${key}. It is another network's file.`);
    }
    weights[`transformer.${name}`] = inOurLayout(key, floats(array, key, where), where);
  }
  const table = weights[positions];
  if (table !== undefined) {
    const side = gridSide(table.shape, where);
    weights[positions] = resizePositionTable(table, [side, side]); // drops a class token's row
  }
  return weights;
}

const ignored = /^(cls|(pre_logits|head)\/(kernel|bias))$/;

/** Our name below `transformer.`; null for what is ignored, undefined for what is not known. */
function ourName(key: string, norms: ReadonlyMap<string, readonly number[]>): string | null | undefined {
  if (ignored.test(key)) return null;
  const kind = key.endsWith("bias") ? "bias" : "weight";
  const residual = "embeddings.hybrid_model";
  if (key === "conv_root/kernel") return `${residual}.root.conv.weight`;
  if (/^gn_root\/(scale|bias)$/.test(key)) return `${residual}.root.gn.${kind}`;
  const unit = /^block(\d+)\/unit(\d+)\/(conv\d|conv_proj|gn\d|gn_proj)\/(kernel|scale|bias)$/.exec(key);
  if (unit !== null) {
    const part = unit[3] === "conv_proj" ? "downsample" : unit[3];
    return `${residual}.body.block${unit[1]}.unit${unit[2]}.${part}.${kind}`;
  }
  if (/^embedding\/(kernel|bias)$/.test(key)) return `embeddings.patch_embeddings.${kind}`;
  if (key === "Transformer/posembed_input/pos_embedding") return "embeddings.position_embeddings";
  if (/^Transformer\/encoder_norm\/(scale|bias)$/.test(key)) return `encoder.encoder_norm.${kind}`;
  const block = /^Transformer\/encoderblock_(\d+)\/(.+)$/.exec(key);
  const part = block === null ? undefined : partOfBlock(block[1], block[2], norms);
  return part === undefined ? undefined : `encoder.layer.${block?.[1]}.${part}.${kind}`;
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

/** `LayerNorm_2/scale` → `ffn_norm`: the second of the norms that the block has. */
function partOfBlock(block: string, rest: string, norms: ReadonlyMap<string, readonly number[]>): string | undefined {
  const norm = /^LayerNorm_(\d+)\/(scale|bias)$/.exec(rest);
  if (norm !== null) return ["attention_norm", "ffn_norm"][norms.get(block)?.indexOf(Number(norm[1])) ?? -1];
  const attention = /^MultiHeadDotProductAttention_\d+\/(query|key|value|out)\/(kernel|bias)$/.exec(rest);
  if (attention !== null) return `attn.${attention[1]}`;
  const dense = /^MlpBlock_\d+\/Dense_([01])\/(kernel|bias)$/.exec(rest);
  return dense === null ? undefined : `ffn.fc${Number(dense[1]) + 1}`;
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

function transposed({ dtype, shape, data }: NdArray, order: readonly number[]): NdArray {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const turned = order.map((axis) => shape[axis]);
  const picked = { offset: 0, shape: turned, strides: order.map((axis) => strides[axis]) };
  return { dtype, shape: turned, data: gatherStrided(dtype, data, picked) };
}

/**
 * A state dictionary of TransUNet's PyTorch code, whose names are ours; batch counters are left out. Throws InputError
 * where a name is of another network.
 */
export function stateDictionaryWeights(tensors: Named<NdArray>, where: string): Record<string, NdArray> {
  const weights: Record<string, NdArray> = {};
  for (const [name, array] of Object.entries(tensors)) {
    if (name.endsWith(".num_batches_tracked")) continue;
    if (!/^(transformer|decoder|segmentation_head)\./.test(name)) {
      throw new InputError(
        `${where}: expected the names of a TransUNet (transformer, decoder, segmentation_head), got ${name}. It is another network's file.`,
      );
    }
    weights[name] = floats(array, name, where);
  }
  return weights;
}

/** Weights as float32, all finite. */
function floats(array: NdArray, name: string, where: string): NdArray {
  const data = widened(array);
  if (data === null) {
    throw new InputError(`${where}: expected ${name} to be float32, got ${array.dtype}. Convert the file first.`);
  }
  if (!data.every(Number.isFinite)) {
    throw new InputError(`${where}: expected finite numbers, got others in ${name}. The file is damaged.`);
  }
  return { dtype: "float32", shape: array.shape, data };
}

function widened({ dtype, data }: NdArray): Float32Array | null {
  if (dtype === "float32") return data as Float32Array;
  if (dtype === "float64") return Float32Array.from(data as Float64Array);
  return dtype === "float16" ? widenHalf(data as Uint16Array) : null;
}

const residual = "transformer.embeddings.hybrid_model";
const positions = "transformer.embeddings.position_embeddings";

/**
 * What weights under our names say of their network. Heads and groups of norms are in no shape: they are as published
 * (64 values a head, 32 groups) where they fit. Throws InputError where a part is missing.
 */
export function settingsFrom(weights: Named<NdArray>, where: string): FoundSettings {
  const shape = (name: string) => {
    const found = weights[name]?.shape;
    if (found === undefined) {
      throw new InputError(
        `${where}: expected a weight ${name}, got none. The file is not whole, or another network's.`,
      );
    }
    return found;
  };
  const count = (pattern: RegExp) =>
    Object.keys(weights).reduce((most, name) => Math.max(most, Number(pattern.exec(name)?.[1] ?? 0)), 0);
  const tokenWidth = shape("transformer.embeddings.patch_embeddings.weight")[0];
  const hybrid = `${residual}.root.conv.weight` in weights;
  const layers = count(/^transformer\.encoder\.layer\.(\d+)\.ffn_norm\.bias$/) + (layerIn(weights) ? 1 : 0);
  const side = 16 * gridSide(shape(positions), where);
  const stageUnits = hybrid
    ? [1, 2, 3].map((stage) => count(new RegExp(`\\.body\\.block${stage}\\.unit(\\d+)\\.conv1\\.weight$`)))
    : [];
  return {
    ...{ cropHeight: side, cropWidth: side, tokenWidth, layers, stageUnits },
    ...(hybrid && { stemWidth: shape(`${residual}.root.conv.weight`)[0] }),
    ...(tokenWidth % 64 === 0 && { heads: tokenWidth / 64 }),
    ...(layers > 0 && { mlpWidth: shape("transformer.encoder.layer.0.ffn.fc1.weight")[0] }),
    ...("decoder.conv_more.0.weight" in weights ? decoderSettings(shape, weights) : { skips: hybrid ? 3 : 0 }),
  };
}

/** Of the settings that are in no shape, those that cannot be as published: the widths are others. */
export function untoldBy(
  weights: Named<NdArray>,
  { tokenWidth = 0, stemWidth = 0, heads }: FoundSettings,
): ("heads" | "normGroups")[] {
  const groups = `${residual}.root.conv.weight` in weights && stemWidth % 32 !== 0;
  return [
    ...(heads === undefined && tokenWidth % 64 !== 0 ? (["heads"] as const) : []),
    ...(groups ? (["normGroups"] as const) : []),
  ];
}

function layerIn(weights: Named<NdArray>): boolean {
  return "transformer.encoder.layer.0.ffn_norm.bias" in weights;
}

/** Tokens along a side of the square grid that a position table is for, with or without a class token. */
function gridSide(shape: readonly number[], where: string): number {
  for (const tokens of [shape[1], shape[1] - 1]) {
    const side = Math.sqrt(tokens);
    if (shape.length === 3 && shape[0] === 1 && side >= 1 && Number.isInteger(side)) return side;
  }
  throw new InputError(
    `${where}: expected position embeddings of a square grid, got ${show(shape)}. The file is another network's.`,
  );
}

function decoderSettings(shape: (name: string) => readonly number[], weights: Named<NdArray>): FoundSettings {
  const headChannels = shape("decoder.conv_more.0.weight")[0];
  const blocks = [0, 1, 2, 3].filter((i) => `decoder.blocks.${i}.conv1.0.weight` in weights);
  const channels = blocks.map((i) => shape(`decoder.blocks.${i}.conv1.0.weight`)[0]);
  const joined = blocks.filter((i) => {
    const before = i === 0 ? headChannels : channels[i - 1];
    return shape(`decoder.blocks.${i}.conv1.0.weight`)[1] > before;
  });
  const decoderChannels = [
    ...channels,
    ...Array.from({ length: 4 - channels.length }, () => channels[channels.length - 1]),
  ];
  const outputStride = (2 ** (4 - channels.length)) as TransUNetSettings["outputStride"];
  return { headChannels, decoderChannels, widthMultiplier: 1, skips: joined.length, outputStride };
}

/** Heads of a hybrid ViT's attention, which its own layout shows. */
export function headsOf(arrays: Named<NdArray>): number | undefined {
  const key = Object.keys(arrays).find((name) => name.endsWith("/query/kernel"));
  return key === undefined ? undefined : arrays[key].shape[1];
}
