/** Encoders of a TransUNet as google-research/vision_transformer saves them: names, axes, and all that we leave out. */
import { float32, type Named, type NdArray, ndarray, toNumbers } from "../../src/array/ndarray.ts";
import { type Shape, sizeOf } from "../../src/array/shape.ts";
import { transposed } from "../../src/array/strided.ts";
import { npy, zip } from "./pickles.ts";

/** What differs between files of older and newer code. */
export interface Naming {
  /** Numbers of the parts of a transformer block. */
  readonly norms: readonly [number, number];
  readonly attention: number;
  readonly mlp: number;
  /** Group norms as arrays of four axes. */
  readonly fourAxes: boolean;
}

export const older: Naming = { norms: [0, 2], attention: 1, mlp: 3, fourAxes: true };
export const newer: Naming = { norms: [0, 1], attention: 0, mlp: 0, fourAxes: false };

/** Our name below `encoder.`, the published one, and how the numbers lie there. */
type Rule = readonly [ours: RegExp, theirs: string, change?: (array: NdArray) => NdArray];

/** Encoder weights under our names as a file of the JAX code, with its class token and head. */
export function published(weights: Named<NdArray>, heads: number, naming: Naming): Named<NdArray> {
  const rules = rulesOf(heads, naming);
  const arrays: [string, NdArray][] = Object.entries(weights).map(([name, array]) => {
    const ours = name.replace(/^encoder\./, "");
    const [pattern, theirs, change = (same: NdArray) => same] = rules.find(([each]) => each.test(ours))!;
    return [fromZero(ours.replace(pattern, theirs).replace(/\/weight$/, "/scale")), change(array)];
  });
  const ignored = { cls: [1, 1, 4], "pre_logits/kernel": [4, 4], "head/kernel": [4, 2], "head/bias": [2] };
  const others = Object.entries(ignored).map(([name, shape]) => [name, filled(shape, 7)] as const);
  return Object.fromEntries([...arrays, ...others]);
}

/** `encoderblock_1` → `encoderblock_0`: JAX code counts layers from 0, we count them from 1. */
function fromZero(name: string): string {
  return name.replace(/encoderblock_(\d+)/, (_, layer) => `encoderblock_${Number(layer) - 1}`);
}

function rulesOf(heads: number, { norms, attention, mlp, fourAxes }: Naming): readonly Rule[] {
  const block = "Transformer/encoderblock_$1"; // counted from 1 until `fromZero`
  const unit = /^stage(\d)\.(unit\d)\./.source;
  const groupNorm = (array: NdArray) => reshaped(array, fourAxes ? [1, 1, 1, ...array.shape] : array.shape);
  const kernel = (array: NdArray) => transposed(array, [2, 3, 1, 0]); // OIHW → HWIO
  const matrix = (array: NdArray) => transposed(array, [1, 0]);
  const split = (width: number) => [heads, width / heads];
  return [
    [/^stem\.conv\.weight$/, "conv_root/kernel", kernel],
    [/^stem\.norm\.(\w+)$/, "gn_root/$1", groupNorm],
    [new RegExp(`${unit}(conv\\d)\\.weight$`), "block$1/$2/$3/kernel", kernel],
    [new RegExp(`${unit}shortcut\\.conv\\.weight$`), "block$1/$2/conv_proj/kernel", kernel],
    [new RegExp(`${unit}shortcut\\.norm\\.(\\w+)$`), "block$1/$2/gn_proj/$3", groupNorm],
    [new RegExp(`${unit}norm(\\d)\\.(\\w+)$`), "block$1/$2/gn$3/$4", groupNorm],
    [/^patches\.weight$/, "embedding/kernel", kernel],
    [/^patches\.bias$/, "embedding/bias"],
    [/^positions$/, "Transformer/posembed_input/pos_embedding", withClassToken],
    [/^norm\.(\w+)$/, "Transformer/encoder_norm/$1"],
    [/^layer(\d+)\.norm1\.(\w+)$/, `${block}/LayerNorm_${norms[0]}/$2`],
    [/^layer(\d+)\.norm2\.(\w+)$/, `${block}/LayerNorm_${norms[1]}/$2`],
    [
      /^layer(\d+)\.attention\.out\.weight$/,
      `${block}/MultiHeadDotProductAttention_${attention}/out/kernel`,
      (array) => reshaped(matrix(array), [...split(array.shape[1]), array.shape[0]]),
    ],
    [/^layer(\d+)\.attention\.out\.bias$/, `${block}/MultiHeadDotProductAttention_${attention}/out/bias`],
    [
      /^layer(\d+)\.attention\.(\w+)\.weight$/,
      `${block}/MultiHeadDotProductAttention_${attention}/$2/kernel`,
      (array) => reshaped(matrix(array), [array.shape[1], ...split(array.shape[0])]),
    ],
    [
      /^layer(\d+)\.attention\.(\w+)\.bias$/,
      `${block}/MultiHeadDotProductAttention_${attention}/$2/bias`,
      (array) => reshaped(array, split(array.shape[0])),
    ],
    ...["hidden", "out"].flatMap((layer, i): Rule[] => [
      [new RegExp(`^layer(\\d+)\\.mlp\\.${layer}\\.weight$`), `${block}/MlpBlock_${mlp}/Dense_${i}/kernel`, matrix],
      [new RegExp(`^layer(\\d+)\\.mlp\\.${layer}\\.bias$`), `${block}/MlpBlock_${mlp}/Dense_${i}/bias`],
    ]),
  ];
}

function reshaped({ data }: NdArray, shape: Shape): NdArray {
  return ndarray("float32", shape, data);
}

function filled(shape: Shape, value: number): NdArray {
  return float32(shape, new Float32Array(sizeOf(shape)).fill(value));
}

/** One row in front, of numbers that no position has. */
function withClassToken(table: NdArray): NdArray {
  const [, tokens, width] = table.shape;
  return float32([1, tokens + 1, width], [...new Array<number>(width).fill(9), ...toNumbers(table)]);
}

/** The bytes of an .npz of float32 arrays. */
export function npz(arrays: Named<NdArray>): Uint8Array {
  return zip(
    Object.entries(arrays).map(([name, { shape, data }]) => ({
      name: `${name}.npy`,
      data: npy({ shape: `(${shape.map((side) => `${side},`).join("")})`, data: new Uint8Array(data.slice().buffer) }),
    })),
  );
}
