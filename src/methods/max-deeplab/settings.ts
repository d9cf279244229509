/** What a MaX-DeepLab consists of: the published networks, and their relatives by widths, depths and switches. */

export interface MaxDeepLabSettings {
  /** `resnet`: stem of three convolutions and bottlenecks (S); `wide-resnet`: one convolution and basic blocks, from stage 1 (L). */
  readonly backbone: "resnet" | "wide-resnet";
  /** Blocks of stages 2, 3, 4 and 5. */
  readonly stageBlocks: readonly number[];
  /** Of all widths behind the stem, and of the stem and stage 1. */
  readonly widthMultiplier: number;
  readonly stemMultiplier: number;
  /** Blocks whose input has this stride in an ordinary ResNet, or a larger one, are axial; 64: none is. */
  readonly axialFromStride: number;
  /** Blocks behind which features have this stride in an ordinary ResNet, or a larger one, have a transformer; 64: none has. */
  readonly transformerFromStride: number;
  /** The same of what is not pretrained: the extra blocks at stride 16 and the decoder. */
  readonly extraTransformerFromStride: number;
  /** Returns of the decoder to stride 16: pretrained as a part of the backbone, and new. */
  readonly backboneHourglasses: number;
  readonly extraHourglasses: number;
  /** Blocks at each stride of those. */
  readonly backboneDecoderBlocks: number;
  readonly extraDecoderBlocks: number;

  // Axial blocks: keys, values and the first convolution, in widths of a block.
  readonly keyExpansion: number;
  readonly valueExpansion: number;
  readonly axialExpansion: number;
  /** Longest distance of two positions, plus 1, that has a learned vector of its own; beyond, the last one counts. */
  readonly maxSpan: number;
  /** Heads of all attention. */
  readonly heads: number;
  /** Axial attention is computed again in the backward pass rather than kept: less memory, more time, the same gradients. */
  readonly recomputeAttention: boolean;

  // The memory path.
  /** Segments that an image can have at most. */
  readonly slots: number;
  readonly memoryChannels: number;
  readonly transformerMultiplier: number;
  /** Inner width of the feed-forward networks; 0: there are none. */
  readonly ffnChannels: number;
  /** Slots attend to pixels (M2P), slots to slots (M2M), pixels to slots (P2M). */
  readonly memoryToPixel: boolean;
  readonly memoryToMemory: boolean;
  readonly pixelToMemory: boolean;

  // Heads.
  /** Width of the vectors that masks and classes are made of. */
  readonly featureChannels: number;
  /** D: numbers of a pixel that masks are made with. */
  readonly maskChannels: number;
  readonly headChannels: number;
  /** What mask logits vary by at first: a weight, which grows by the learning rate a step at most. */
  readonly maskScale: number;
  /** Of the auxiliary semantic decoder, where the network has one (S). */
  readonly asppChannels: number;
  readonly asppRates: readonly number[];
  readonly semanticChannels: number;
  /** What the decoder takes from strides 8 and 4. */
  readonly lowLevelChannels: readonly number[];
  readonly asppDropout: number;

  /** Of the last stage; 0: none. */
  readonly dropPath: number;
  /** `linear`: from 0 at stride 2 to `dropPath` at 32; `constant`: everywhere alike, as in the paper. */
  readonly dropPathSchedule: "linear" | "constant";
  readonly dropPathFromStride: number;
}

/** The smaller network: 61.9 M parameters. */
export const maxDeepLabS: MaxDeepLabSettings = {
  backbone: "resnet",
  stageBlocks: [3, 4, 6, 3],
  widthMultiplier: 1,
  stemMultiplier: 1,
  axialFromStride: 16,
  transformerFromStride: 32,
  extraTransformerFromStride: 32,
  backboneHourglasses: 0,
  extraHourglasses: 0,
  backboneDecoderBlocks: 1,
  extraDecoderBlocks: 1,

  keyExpansion: 1,
  valueExpansion: 2,
  axialExpansion: 2,
  maxSpan: 255,
  heads: 8,
  recomputeAttention: false,

  slots: 128,
  memoryChannels: 256,
  transformerMultiplier: 1,
  ffnChannels: 2048,
  memoryToPixel: true,
  memoryToMemory: true,
  pixelToMemory: true,

  featureChannels: 256,
  maskChannels: 128,
  headChannels: 256,
  maskScale: 0.1,
  asppChannels: 256,
  asppRates: [6, 12, 18],
  semanticChannels: 256,
  lowLevelChannels: [64, 32],
  asppDropout: 0.1,

  dropPath: 0.2,
  dropPathSchedule: "linear",
  dropPathFromStride: 16,
};

/** The larger one: 451 M. */
export const maxDeepLabL: MaxDeepLabSettings = {
  ...maxDeepLabS,
  backbone: "wide-resnet",
  stageBlocks: [3, 6, 3, 3],
  transformerFromStride: 16,
  extraTransformerFromStride: 16,
  backboneHourglasses: 1,
  extraHourglasses: 1,
  extraDecoderBlocks: 3,
  keyExpansion: 2,
  valueExpansion: 4,
  axialExpansion: 4,
  memoryChannels: 512,
  transformerMultiplier: 2,
  featureChannels: 512,
  recomputeAttention: true,
  dropPathFromStride: 4,
};

/** Share of the samples whose branch is dropped, of a block behind which features have `stride` in an ordinary ResNet. */
export function dropRate(
  stride: number,
  { dropPath, dropPathSchedule, dropPathFromStride }: MaxDeepLabSettings,
): number {
  if (stride < dropPathFromStride) return 0;
  return dropPathSchedule === "constant" ? dropPath : (dropPath * (Math.log2(stride) - 1)) / 4;
}
