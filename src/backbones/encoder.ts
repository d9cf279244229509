/** What all encoders have in common: a picture becomes feature maps, smaller and smaller. */
import type { NdArray } from "../array/ndarray.ts";
import type { Initializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { conv2d } from "../nn/conv.ts";
import type { Normalization } from "../nn/image-input.ts";
import { batchNorm2d } from "../nn/norm.ts";
import type { Padding } from "../ops/window.ts";
import type { Joined } from "../weights/joined.ts";
import type { Renaming } from "../weights/rename.ts";

/**
 * What stands behind a convolution: a norm of the batch's statistics while training, one of running averages always, or
 * nothing, where the norms of trained weights were folded into their convolutions, which have a bias instead.
 */
export type Norms = "batch" | "frozen" | "folded";

export interface EncoderOptions {
  /** Default `batch`; encoders without batch norms have nothing to choose. */
  readonly norms?: Norms;
  /** Stride of the last maps: 32 (default), 16 or 8, the kernels of the last stages being widened instead. */
  readonly outputStride?: 32 | 16 | 8;
  /** The maps of all stages, those too that the next one keeps the size of. Default: the last of each stride. */
  readonly everyStage?: boolean;
  /** Stochastic depth of the last block, growing evenly from 0 in the first, while it trains; default 0. Only encoders that have it, see `Encoder`. */
  readonly dropPath?: number;
}

/** A feature map and how many pixels of the picture one of its columns spans. */
export interface FeatureMap {
  readonly stride: number;
  /** [B, C, H / stride, W / stride]. */
  readonly map: Tensor;
}

/** A backbone that methods begin with. */
export interface Encoder {
  /** Values of the pictures that its published weights were trained on. */
  readonly normalization: Normalization;
  /** Sides of pictures are multiples of this. */
  readonly multiple: number;
  /** True where other sides do as well: its maps are as large as those of the next multiple. Decoders that join maps take multiples all the same. */
  readonly roundsUp?: true;
  /** Whether its output stride can be chosen; `encode` refuses one where not. */
  readonly dilates: boolean;
  /** True where it has stochastic depth; `encode` refuses that where not. */
  readonly dropsPaths?: true;
  /** The only height and width that it can have; default: all multiples. */
  readonly size?: readonly [height: number, width: number];
  /** The only batch that it can have; default: any. */
  readonly batch?: number;
  /** The ONNX file that it was read from: a run that has it keeps it. */
  readonly file?: Uint8Array;
  /** x: [B, 3, H, W] float, normalized → its maps, the largest first. */
  features(scope: Scope, x: Tensor, options: EncoderOptions): readonly FeatureMap[];
  /** How others call its weights; files are told by them. */
  readonly published: readonly PublishedNames[];
}

/** Names of weights in somebody's files. Where whole models have a prefix to them, it is left out. */
export interface PublishedNames {
  /** Whose: `torchvision`, `timm`. */
  readonly library: string;
  readonly names: Renaming;
  /** What they keep as one; `names` know its parts. Default: nothing. */
  readonly joined?: Joined;
  /** Their names of what encoders do without, such as a classifier. */
  readonly beside: RegExp;
  /** Norms of these files; default `batch`. */
  readonly norms?: "folded";
  /** Our names of what their files may lack: it starts as without weights. Default: they have all. */
  readonly absent?: RegExp;
  /** Numbers that lie in another order there: from theirs and back, by our name. Default: in ours. */
  readonly layout?: {
    readonly ours: (name: string, array: NdArray) => NdArray;
    readonly theirs: (name: string, array: NdArray) => NdArray;
  };
}

/** The last map of each stride, or all: stages that keep their resolution follow one another. */
export function deepestMaps(
  maps: readonly FeatureMap[],
  { everyStage = false }: Pick<EncoderOptions, "everyStage"> = {},
): readonly FeatureMap[] {
  return everyStage ? maps : maps.filter(({ stride }, i) => stride !== maps[i + 1]?.stride);
}

export interface ConvNormOptions extends Pick<EncoderOptions, "norms"> {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: Padding;
  readonly dilation?: number;
  readonly groups?: number;
  readonly initializer?: Initializer;
  /** Of the norm's weight; default 1. */
  readonly normInitializer?: Initializer;
  readonly epsilon?: number;
  readonly momentum?: number;
}

/** Convolution (`conv`) and what stands behind it (`norm`). x: [B, C, H, W] → [B, channels, H′, W′]. */
export function convNorm(
  scope: Pick<Scope, "at">,
  x: Tensor,
  channels: number,
  { norms = "batch", normInitializer, epsilon = 1e-5, momentum = 0.1, ...conv }: ConvNormOptions,
): Tensor {
  const folded = norms === "folded";
  const y = conv2d(scope.at("conv"), x, channels, { ...conv, bias: folded });
  if (folded) return y;
  const frozen = norms === "frozen";
  return batchNorm2d(scope.at("norm"), y, { epsilon, momentum, frozen, initializer: normInitializer });
}
