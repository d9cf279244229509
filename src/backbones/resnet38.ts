import { heNormalInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { conv2d } from "../nn/conv.ts";
import { channelDropout } from "../nn/dropout.ts";
import { imagenetNormalization } from "../nn/image-input.ts";
import { batchNorm2d } from "../nn/norm.ts";
import { add, relu } from "../ops/index.ts";
import { type Place, type Renaming, renaming } from "../weights/rename.ts";
import { deepestMaps, type Encoder, type EncoderOptions, type FeatureMap, type PublishedNames } from "./encoder.ts";

export interface ResNet38Options extends EncoderOptions {
  /** Channels of the stem; the stages have 2, 4, 8, 16, 32 and 64 times as many. */
  readonly width?: number;
  /** Channels of the stages, where they are others. */
  readonly channels?: readonly number[];
  /** Channels between the convolutions of the fourth stage. Default: half of its own. */
  readonly middle?: number;
  /** Units of each stage. */
  readonly units?: readonly number[];
  /** Channels that stages 5 and 6 set to zero in training: their share. */
  readonly dropout?: readonly [number, number];
}

/** What a pre-activation unit gives: its sum, and what its first norm and ReLU made of its input. */
export interface PreActivated {
  readonly out: Tensor;
  readonly activated: Tensor;
}

export interface UnitOptions extends Pick<EncoderOptions, "norms"> {
  readonly channels: number;
  readonly stride?: number;
  readonly dilation?: number;
}

const initializer = heNormalInitializer("fanOut");

function normed(scope: Scope, x: Tensor, norms: EncoderOptions["norms"]): Tensor {
  return relu(batchNorm2d(scope, x, { frozen: norms === "frozen" }));
}

function bare(scope: Scope, x: Tensor, channels: number, kernel: 1 | 3, { stride = 1, dilation = 1 } = {}): Tensor {
  const padding = kernel === 3 ? dilation : 0;
  return conv2d(scope, x, channels, { kernel, stride, padding, dilation, bias: false, initializer });
}

/**
 * Two 3 × 3 convolutions, each behind norm and ReLU; the projection, where the shape changes, sees the activated input. No ReLU
 * behind the sum. x: [B, C, H, W] → [B, channels, H / stride, W / stride]. Parameters: norm1, conv1, norm2, conv2, shortcut.
 */
export function wideUnit(
  scope: Scope,
  x: Tensor,
  {
    channels,
    norms,
    stride = 1,
    dilation = 1,
    firstDilation = dilation,
    middle = channels,
  }: UnitOptions & { readonly middle?: number; readonly firstDilation?: number },
): PreActivated {
  const activated = normed(scope.at("norm1"), x, norms);
  const first = bare(scope.at("conv1"), activated, middle, 3, { stride, dilation: firstDilation });
  const second = bare(scope.at("conv2"), normed(scope.at("norm2"), first, norms), channels, 3, { dilation });
  const keepsShape = stride === 1 && x.shape[1] === channels;
  const shortcut = keepsShape ? x : bare(scope.at("shortcut"), activated, channels, 1, { stride });
  return { out: add(shortcut, second), activated };
}

/**
 * Convolutions of 1 × 1 (a quarter of the channels), 3 × 3 (half) and 1 × 1, each behind norm and ReLU, the last two behind dropout of
 * whole channels as well; always projected. Parameters: norm1, conv1, norm2, conv2, norm3, conv3, shortcut.
 */
export function wideBottleneck(
  scope: Scope,
  x: Tensor,
  { channels, norms, stride = 1, dilation = 1, dropout = 0 }: UnitOptions & { readonly dropout?: number },
): PreActivated {
  const activated = normed(scope.at("norm1"), x, norms);
  const reduced = bare(scope.at("conv1"), activated, Math.floor(channels / 4), 1, { stride });
  const second = channelDropout(scope, normed(scope.at("norm2"), reduced, norms), dropout);
  const mixed = bare(scope.at("conv2"), second, Math.floor(channels / 2), 3, { dilation });
  const third = channelDropout(scope, normed(scope.at("norm3"), mixed, norms), dropout);
  const expanded = bare(scope.at("conv3"), third, channels, 1);
  return { out: add(bare(scope.at("shortcut"), activated, channels, 1, { stride }), expanded), activated };
}

/** Units of the six stages as published. */
export const resNet38Units: readonly number[] = [3, 3, 6, 3, 1, 1];

/**
 * Wide pre-activation residual network of 38 layers (Wu, Shen and van den Hengel 2019, model A1, as Ahn and Kwak's AffinityNet has it
 * for segmentation: stride 8). Parameters: stem.conv, stage1.unit1.norm1, …, stage6.unit1.conv3, norm.
 *
 * x: [B, 3, H, W] float, normalized → maps of every stage, at strides 2, 4, 8, 8, 8, 8. Those of stages 3 and 4 (8 and 16 times the width)
 * are behind the norm and ReLU of the stage that follows, as conv4 and conv5 of its users; the last, behind its own, is conv6.
 */
export function resNet38(
  scope: Scope,
  x: Tensor,
  {
    width = 64,
    channels: widths = [2, 4, 8, 16, 32, 64].map((times) => times * width),
    middle = Math.floor(widths[3] / 2),
    units = resNet38Units,
    dropout = [0.3, 0.5],
    norms = "batch",
  }: ResNet38Options = {},
): readonly FeatureMap[] {
  let y = bare(scope.at("stem").at("conv"), x, width, 3); // [B, width, H, W]
  const maps: FeatureMap[] = [];
  let stride = 1;
  for (const [index, count] of units.entries()) {
    const channels = widths[index];
    const isWide = index < 4;
    for (let i = 0; i < count; i++) {
      const place = scope.at(`stage${index + 1}`).at(`unit${i + 1}`);
      const halves = i === 0 && index < 3;
      const common = { channels, norms, stride: halves ? 2 : 1 };
      const { out, activated } = isWide
        ? wideUnit(place, y, { ...common, ...(index === 3 && { middle, ...dilated(i) }) })
        : wideBottleneck(place, y, { ...common, dilation: 4, dropout: dropout[index - 4] });
      // A map is known as the next stage sees it.
      if (i === 0 && index > 0) maps.push({ stride, map: activated });
      if (halves) stride *= 2;
      y = out;
    }
  }
  maps.push({ stride, map: normed(scope.at("norm"), y, norms) });
  return maps;
}

/** The fourth stage: kernels widened to 2 from its second convolution on. */
function dilated(unit: number) {
  return { dilation: 2, firstDilation: unit === 0 ? 1 : 2 };
}

const parts: readonly (readonly [ours: string, theirs: string])[] = [
  ["norm1", "bn_branch2a"],
  ["conv1", "conv_branch2a"],
  ["norm2", "bn_branch2b1"],
  ["conv2", "conv_branch2b1"],
  ["norm3", "bn_branch2b2"],
  ["conv3", "conv_branch2b2"],
  ["shortcut", "conv_branch1"],
];

/** Names of a unit's parts as the authors' code has them. */
export const wideUnitNames: Renaming = renaming(parts);

const stages = [1, 2, 3, 4, 5, 6];

/** Names of AffinityNet's, SEAM's and L2G's code. */
export const resNet38Names: Renaming = renaming([
  ["stem.conv", "conv1a"],
  ["norm", "bn7"],
  ...stages.flatMap((stage) =>
    parts.flatMap(([ours, theirs]): Place[] => [
      [`stage${stage}.unit1.${ours}`, `b${stage + 1}.${theirs}`],
      [`stage${stage}.unit#.${ours}`, `b${stage + 1}_@.${theirs}`],
    ]),
  ),
]);

const pytorch: PublishedNames = {
  library: "affinitynet",
  names: resNet38Names,
  beside: /^(fc8|f8_3|f8_4|f9|linear1000|fc)\./,
};

const moments: Readonly<Record<string, string>> = {
  weight: "weight",
  gamma: "weight",
  beta: "bias",
  moving_mean: "running_mean",
  moving_var: "running_var",
};

/**
 * The name in AffinityNet's code of an array of the MXNet file that the network was published in (`arg:res3b1_branch2a_weight` is
 * `b3_1.conv_branch2a.weight`), or undefined for the classifier, which it has no use for.
 */
export function mxnetName(name: string): string | undefined {
  const whole = /^(?:arg|aux):(conv1a|bn7)_(weight|gamma|beta|moving_mean|moving_var)$/.exec(name);
  if (whole !== null) return `${whole[1]}.${moments[whole[2]]}`;
  const found = /^(?:arg|aux):(res|bn)(\d+)(?:a|b(\d+))_(branch\w+?)_(weight|gamma|beta|moving_mean|moving_var)$/.exec(
    name,
  );
  if (found === null) return undefined;
  const [, kind, stage, unit, branch, what] = found;
  return `b${stage}${unit === undefined ? "" : `_${unit}`}.${kind === "res" ? "conv" : "bn"}_${branch}.${moments[what]}`;
}

/** The way back. */
function nameInMxnet(name: string): string | undefined {
  const found =
    /^(?:(conv1a|bn7)|b(\d+)(?:_(\d+))?\.(conv|bn)_(branch\w+))\.(weight|bias|running_mean|running_var)$/.exec(name);
  if (found === null) return undefined;
  const [, whole, stage, unit, kind, branch, what] = found;
  const isNorm = whole === "bn7" || kind === "bn";
  const moment = Object.keys(moments).find((theirs) => moments[theirs] === what && (theirs !== "weight") === isNorm);
  const place = whole ?? `${isNorm ? "bn" : "res"}${stage}${unit === undefined ? "a" : `b${unit}`}_${branch}`;
  return `${what.startsWith("running") ? "aux" : "arg"}:${place}_${moment}`;
}

const mxnet: PublishedNames = {
  library: "mxnet",
  names: {
    ours(theirs) {
      const name = mxnetName(theirs);
      return name === undefined ? undefined : resNet38Names.ours(name);
    },
    theirs(ours) {
      const name = resNet38Names.theirs(ours);
      return name === undefined ? undefined : nameInMxnet(name);
    },
  },
  beside: /^arg:linear1000_/,
};

export const resNet38Encoders = {
  resnet38: {
    normalization: imagenetNormalization,
    multiple: 8,
    dilates: false,
    features: (scope, x, asked) => deepestMaps(resNet38(scope, x, { norms: asked.norms ?? "batch" })),
    published: [pytorch, mxnet],
  } satisfies Encoder,
};
