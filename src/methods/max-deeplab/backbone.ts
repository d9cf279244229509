/** The stages of the pixel path, and the memory path beside them (Wang et al. 2021, fig. 3). */
import { zeros } from "../../array/ndarray.ts";
import { truncatedNormalInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import { expand, transpose, unsqueeze } from "../../ops/index.ts";
import { axialBlock, basicBlock, bottleneckBlock } from "./blocks.ts";
import { type DualPathResult, dualPathTransformer } from "./dual-path.ts";
import { convNorm, convNormRelu } from "./layers.ts";
import { dropRate, type MaxDeepLabSettings } from "./settings.ts";

/** Both paths at one point of the network. */
export interface Paths {
  /** [B, C, h, w], not rectified. */
  readonly pixels: Tensor;
  /** [B, M, N, 1]. */
  readonly memory: Tensor;
  /** Of the transformers so far. */
  readonly attentions: readonly DualPathResult[];
}

/** Blocks one after the other; strides are those of an ordinary ResNet, which goes on to stride 32. */
export interface BlockGroup {
  readonly blocks: number;
  /** Base width: blocks give four times as many channels. */
  readonly filters: number;
  /** F of its transformers. */
  readonly transformerFilters: number;
  /** Of what comes in, and of what comes out of the first block and all others. */
  readonly inputStride: number;
  readonly outputStride: number;
  /** What the first block really strides by. */
  readonly stride: number;
  /** Of the 3×3 convolutions of all blocks but the first, and of a basic block's second one. */
  readonly atrousRate: number;
  readonly firstAtrousRate?: number;
  readonly transformerFromStride: number;
}

/** The two parts of the encoder: `backbone`, which ImageNet pretrains, and `encoder`, which is added to it. */
export function partOf(scope: Scope, isExtra: boolean): Scope {
  return scope.at(isExtra ? "encoder" : "backbone");
}

/** `isExtra`: its blocks are not pretrained; its transformers never are. */
export function blockGroup(
  scope: Scope,
  { stage, isExtra }: { readonly stage: string; readonly isExtra: boolean },
  paths: Paths,
  group: BlockGroup,
  settings: MaxDeepLabSettings,
): Paths {
  const { outputStride, filters } = group;
  const { heads } = settings;
  const rate = dropRate(outputStride, settings);
  let { pixels, memory, attentions } = paths;
  for (let i = 0; i < group.blocks; i++) {
    const name = `block${i + 1}`;
    const place = partOf(scope, isExtra).at(stage).at(name);
    const isFirst = i === 0;
    const stride = isFirst ? group.stride : 1;
    const atrousRate = isFirst ? (group.firstAtrousRate ?? group.atrousRate) : group.atrousRate;
    if ((isFirst ? group.inputStride : outputStride) >= settings.axialFromStride) {
      pixels = axialBlock(place, pixels, [settings.axialExpansion * filters, filters, 4 * filters], {
        ...{ heads, stride, dropRate: rate, maxSpan: settings.maxSpan, recompute: settings.recomputeAttention },
        keyDepth: settings.keyExpansion * filters,
        valueDepth: settings.valueExpansion * filters,
      });
    } else if (settings.backbone === "wide-resnet") {
      const options = { stride, atrousRate, secondAtrousRate: group.atrousRate, dropRate: rate };
      pixels = basicBlock(place, pixels, [4 * filters, 4 * filters], options);
    } else {
      pixels = bottleneckBlock(place, pixels, [filters, filters, 4 * filters], { stride, atrousRate, dropRate: rate });
    }
    if (outputStride < group.transformerFromStride) continue;
    const read = dualPathTransformer(partOf(scope, true).at(stage).at(`${name}Transformer`), pixels, memory, {
      ...{ ...settings, filters: group.transformerFilters, dropRate: rate },
    });
    [pixels, memory, attentions] = [read.pixels, read.memory, [...attentions, read]];
  }
  return { pixels, memory, attentions };
}

/** Settings of stage 1 … 5; stages 1 and 5 do not stride. */
function stageGroup(stage: number, settings: MaxDeepLabSettings): BlockGroup {
  const { stageBlocks, widthMultiplier, stemMultiplier, transformerMultiplier, transformerFromStride } = settings;
  const inputStride = stage === 1 ? 2 : 2 ** (stage - 1);
  return {
    blocks: stage === 1 ? 3 : stageBlocks[stage - 2],
    filters: Math.round(32 * (stage === 1 ? stemMultiplier : widthMultiplier * inputStride)),
    transformerFilters: transformerFilters(inputStride, transformerMultiplier),
    inputStride,
    outputStride: 2 ** stage,
    stride: stage === 1 || stage === 5 ? 1 : 2,
    atrousRate: stage === 5 ? 2 : 1,
    ...(stage === 5 && { firstAtrousRate: 1 }),
    transformerFromStride,
  };
}

/** F, of a transformer whose stage has this stride. */
export function transformerFilters(stride: number, multiplier: number): number {
  return Math.round((128 * multiplier * stride) / 16);
}

/** Blocks as in stage 5, that are not pretrained. */
export function extraStageGroup(settings: MaxDeepLabSettings): BlockGroup {
  const { firstAtrousRate: _, ...fifth } = stageGroup(5, settings);
  return {
    ...{ ...fifth, blocks: settings.extraDecoderBlocks, inputStride: 32 },
    transformerFromStride: settings.extraTransformerFromStride,
  };
}

export interface Stages {
  /** Stride 2. */
  readonly stem: Tensor;
  /** Stages 1 (the stem where there is no stage of that name) … 5, not rectified: strides 2, 4, 8, 16 and 16. */
  readonly stages: readonly Tensor[];
  readonly paths: Paths;
}

/** image: [B, 3, H, W] in [−1, 1]. Without slots where no transformer will read them. */
export function backbone(scope: Scope, image: Tensor, settings: MaxDeepLabSettings, hasSlots = true): Stages {
  const { stemMultiplier, slots, memoryChannels } = settings;
  const isWide = settings.backbone === "wide-resnet";
  const place = partOf(scope, false).at("stem");
  const stem = isWide ? wideStem(place, image, stemMultiplier) : inceptionStem(place, image, stemMultiplier);
  const shape = [1, slots, memoryChannels];
  const learned = hasSlots
    ? partOf(scope, true).parameter("memoryFeature", shape, truncatedNormalInitializer(1))
    : constant(zeros("float32", shape));
  const columns = unsqueeze(transpose(learned, [0, 2, 1]), 3); // [1, M, N, 1]
  const memory = expand(columns, [image.shape[0], memoryChannels, slots, 1]);

  let paths: Paths = { pixels: stem, memory, attentions: [] };
  const stages: Tensor[] = [];
  for (let stage = 1; stage <= 5; stage++) {
    if (stage > 1 || isWide) {
      const place = { stage: `stage${stage}`, isExtra: false };
      paths = blockGroup(scope, place, paths, stageGroup(stage, settings), settings);
    }
    stages.push(paths.pixels);
  }
  return { stem, stages, paths };
}

/** Three 3×3 convolutions, the first with stride 2, the last not rectified. */
export function inceptionStem(scope: Scope, image: Tensor, multiplier: number): Tensor {
  const [narrow, wide] = [64, 128].map((channels) => Math.round(channels * multiplier));
  const first = convNormRelu(scope.at("conv1"), image, narrow, { kernel: 3, stride: 2 });
  const second = convNormRelu(scope.at("conv2"), first, narrow, { kernel: 3 });
  return convNorm(scope.at("conv3"), second, wide, { kernel: 3 });
}

/** One 3×3 convolution with stride 2, not rectified. */
function wideStem(scope: Scope, image: Tensor, multiplier: number): Tensor {
  return convNorm(scope, image, Math.round(64 * multiplier), { kernel: 3, stride: 2 });
}

/** The rectified vectors that classes or masks are made of. memory: [B, M, N, 1] → [B, channels, N, 1]. */
export function memoryFeature(scope: Scope, memory: Tensor, channels: number): Tensor {
  return convNormRelu(scope, memory, channels);
}
