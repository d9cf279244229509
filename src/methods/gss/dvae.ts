/** The discrete VAE of DALL-E (Ramesh et al. 2021) at any size: a picture becomes a grid of codes, and a grid of codes a picture. */
import { type Initializer, normalInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import { add, axisSize, clip, maxPool, mul, relu } from "../../ops/index.ts";
import { type Renaming, renaming } from "../../weights/rename.ts";

export interface DvaeSettings {
  /** Of pictures; the decoder gives as many scales of its distribution besides. */
  readonly channels: number;
  readonly codes: number;
  /** Channels of the first group (`n_hid`); each further one of the encoder has twice as many. */
  readonly width: number;
  /** Channels that the decoder begins with (`n_init`). */
  readonly entryWidth: number;
  readonly blocksPerGroup: number;
  /** Each but one halves the picture, or doubles it. */
  readonly groups: number;
  /**
   * How weights begin. Default `published`: N(0, 1 / (inputs · kernel²)). `spread`: the encoder's first and last layers besides take no
   * notice of what all their inputs share, and the last is larger: then pictures of other colours have other codes from the
   * first step on, where otherwise nearly all have the same.
   */
  readonly start?: "published" | "spread";
}

/** As released: 97.6 million parameters. */
export const publishedDvae: DvaeSettings = {
  ...{ channels: 3, codes: 8192, width: 256, entryWidth: 128, blocksPerGroup: 2, groups: 4 },
};

/** What each part of an encoder or decoder gives, the last being what it is for. */
export interface DvaeParts {
  readonly input: Tensor;
  /** Behind each group, its pooling or enlarging included. */
  readonly groups: readonly Tensor[];
  readonly output: Tensor;
}

const epsilon = 0.1;

/** Pixels in [0, 1] → [0.1, 0.9]: a logit of them stays small. */
export function mapPixels(x: Tensor): Tensor {
  return add(mul(x, 1 - 2 * epsilon), epsilon);
}

/** The way back, cut to [0, 1]. */
export function unmapPixels(y: Tensor): Tensor {
  return clip(mul(add(y, -epsilon), 1 / (1 - 2 * epsilon)), { min: 0, max: 1 });
}

/** Pixels of a picture per code, down and across. */
export function dvaeStride({ groups }: Pick<DvaeSettings, "groups">): number {
  return 2 ** (groups - 1);
}

/** mapped: [B, channels, H, W] as of `mapPixels` → parts; output: [B, codes, ⌊H / stride⌋, ⌊W / stride⌋], no activation. */
export function dvaeEncoder(scope: Scope, mapped: Tensor, settings: DvaeSettings): DvaeParts {
  const { codes, width, groups, start } = settings;
  const spread = start === "spread";
  const input = layer(scope.at("input"), mapped, width, 7, spread ? spreadStart.input : {});
  const outputs: Tensor[] = [];
  let x = input;
  for (let i = 0; i < groups; i++) {
    x = group(scope.at(`group${i + 1}`), x, width * 2 ** i, settings, [3, 3, 3, 1]);
    if (i < groups - 1) x = maxPool(x, { kernel: 2, strides: 2 });
    outputs.push(x);
  }
  return {
    input,
    groups: outputs,
    output: layer(scope.at("output"), relu(x), codes, 1, spread ? spreadStart.output : {}),
  };
}

/** Our names, below `encoder` or `decoder`, and those of the release. */
export const dvaeNames: Renaming = renaming([
  ["input.weight", "blocks.input.w"],
  ["input.bias", "blocks.input.b"],
  ["output.weight", "blocks.output.conv.w"],
  ["output.bias", "blocks.output.conv.b"],
  ["group#.block#.skip.weight", "blocks.group_#.block_#.id_path.w"],
  ["group#.block#.skip.bias", "blocks.group_#.block_#.id_path.b"],
  ["group#.block#.conv#.weight", "blocks.group_#.block_#.res_path.conv_#.w"],
  ["group#.block#.conv#.bias", "blocks.group_#.block_#.res_path.conv_#.b"],
]);

/** Logits of pictures differ by a few times the noise that is added to them; a shift tells light colours from dark ones of one hue. */
const spreadStart: Readonly<Record<"input" | "branch" | "output", LayerStart>> = {
  input: { gain: 2, centred: true, shift: 0.35 },
  branch: { gain: 2.5 },
  output: { gain: 8, centred: true },
};

interface LayerStart {
  readonly gain?: number;
  readonly centred?: boolean;
  readonly shift?: number;
}

/** w ~ N(0, gain² / (inputs · kernel²)), b ~ N(0, shift²). centred: w less its mean over all inputs of an output. */
export function layer(
  scope: Scope,
  x: Tensor,
  channels: number,
  kernel: number,
  { gain = 1, centred = false, shift = 0 }: LayerStart = {},
): Tensor {
  const usual = normalInitializer(gain * Math.sqrt(1 / (axisSize(x, 1) * kernel ** 2)));
  return conv2d(scope, x, channels, {
    ...{ kernel, padding: (kernel - 1) / 2 },
    ...{ initializer: centred ? centredInitializer(usual) : usual, biasInitializer: normalInitializer(shift) },
  });
}

/** Numbers of another initializer, less their mean over the inputs of each output. */
function centredInitializer(initializer: Initializer): Initializer {
  return (shape, random) => {
    const array = initializer(shape, random);
    const data = Float32Array.from(array.data as Float32Array);
    const size = data.length / shape[0];
    for (let output = 0; output < shape[0]; output++) {
      const own = data.subarray(output * size, (output + 1) * size);
      const mean = own.reduce((total, value) => total + value, 0) / size;
      for (let i = 0; i < size; i++) own[i] -= mean;
    }
    return { ...array, data };
  };
}

/**
 * Residual blocks. enlarge: what the first one's input is enlarged by, which each pixel's own layers need not wait for: a 1 × 1
 * convolution of the smaller map gives the same numbers with a quarter of the work, and the widest maps are never made.
 */
export function group(
  scope: Scope,
  x: Tensor,
  channels: number,
  { blocksPerGroup, groups, start }: DvaeSettings,
  kernels: readonly number[],
  enlarge: (x: Tensor) => Tensor = (same) => same,
): Tensor {
  const gain = 1 / (groups * blocksPerGroup) ** 2;
  const spread = start === "spread";
  return Array.from({ length: blocksPerGroup }).reduce<Tensor>((input, _, i) => {
    const place = scope.at(`block${i + 1}`);
    const skip = axisSize(input, 1) === channels ? input : layer(place.at("skip"), input, channels, 1);
    const branch = kernels.reduce((y, kernel, j) => {
      const width = j < kernels.length - 1 ? channels / 4 : channels;
      const z = layer(place.at(`conv${j + 1}`), relu(y), width, kernel, spread ? spreadStart.branch : {});
      return i === 0 && j === 0 ? enlarge(z) : z;
    }, input);
    return add(i === 0 ? enlarge(skip) : skip, mul(branch, gain));
  }, x);
}
