import { heNormalInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { conv2d } from "../nn/conv.ts";
import { caffeNormalization, imagenetNormalization } from "../nn/image-input.ts";
import { maxPool, relu } from "../ops/index.ts";
import { type Place, type Renaming, renaming } from "../weights/rename.ts";
import { blueFirst } from "./caffe.ts";
import type { Encoder, EncoderOptions, FeatureMap } from "./encoder.ts";

export interface VggOptions extends Pick<EncoderOptions, "outputStride"> {
  /** Channels of the first stage; the others have 2, 4, 8 and 8 times as many. */
  readonly width?: number;
  /** Channels of the stages, where they are others. */
  readonly channels?: readonly number[];
  /** Convolutions of each stage; 2, 2, 4, 4, 4 is VGG-19. */
  readonly units?: readonly number[];
  /** `plain`: 2 × 2 as published. `overlapping`: 3 × 3 around each place, as DeepLab has them. */
  readonly pooling?: "plain" | "overlapping";
}

const initializer = heNormalInitializer("fanOut");
/** Convolutions of the five stages as published. */
export const vgg16Units: readonly number[] = [2, 2, 3, 3, 3];

/**
 * VGG-16 without its fully connected layers (Simonyan and Zisserman 2015, configuration D). Parameters: stage1.conv1, …, stage5.conv3.
 *
 * x: [B, 3, H, W] float, normalized → the last map of each stage, at strides 1, 2, 4, 8 and 16 (no pool is behind the fifth), and the fourth
 * pooled, which the fifth stage sees. outputStride 8: the fourth pool is 3 × 3 with stride 1, and the fifth stage's kernels are widened to
 * 2 (L2G, DeepLab).
 */
export function vgg16(
  scope: Scope,
  x: Tensor,
  {
    width = 64,
    channels: widths = [1, 2, 4, 8, 8].map((times) => times * width),
    units = vgg16Units,
    pooling = "plain",
    outputStride = 32,
  }: VggOptions = {},
): { readonly maps: readonly FeatureMap[]; readonly pooledFourth: FeatureMap } {
  const isDense = outputStride === 8;
  const maps: FeatureMap[] = [];
  let stride = 1;
  let y = x;
  let pooledFourth: FeatureMap = { stride, map: y };
  for (const [stage, count] of units.entries()) {
    if (stage > 0) {
      const keeps = stage === 4 && isDense;
      y = maxPool(
        y,
        keeps || pooling === "overlapping" ? { kernel: 3, strides: keeps ? 1 : 2, padding: 1 } : { kernel: 2 },
      );
      if (!keeps) stride *= 2;
    }
    if (stage === 4) pooledFourth = { stride, map: y };
    const dilation = stage === 4 && isDense ? 2 : 1;
    for (let i = 0; i < count; i++) {
      const place = scope.at(`stage${stage + 1}`).at(`conv${i + 1}`);
      y = relu(conv2d(place, y, widths[stage], { kernel: 3, padding: dilation, dilation, initializer }));
    }
    maps.push({ stride, map: y });
  }
  return { maps, pooledFourth };
}

/** theirs: their name of a convolution, by its stage, its place in that, and how many are before it in all; from 0. */
function namesBy(theirs: (stage: number, place: number, before: number) => string, units = vgg16Units): Renaming {
  const places = units.flatMap((count, stage) => Array.from({ length: count }, (_, place) => [stage, place]));
  return renaming(
    places.map(([stage, place], before): Place => [`stage${stage + 1}.conv${place + 1}`, theirs(stage, place, before)]),
  );
}

/** torchvision's: `features.N`, counted over convolutions, ReLUs and pools. */
export function vggNames(units: readonly number[]): Renaming {
  return namesBy((stage, _, before) => `features.${2 * before + stage}`, units);
}

export const vgg16Names = vggNames(vgg16Units);

/** DeepLab's of L2G's code: units of two in a row, counted with the pools, the fifth stage apart. */
export const deepLabVggNames = namesBy((stage, place, before) =>
  stage === 4 ? `layer2.${place}.0` : `layer1.${before + stage}.0`,
);

/**
 * VGG-16 as DeepLab has it: pools of 3 × 3, stride 8, and a last pool that keeps the size (Chen et al. 2015; L2G's code).
 * x: [B, 3, H, W] float, normalized → maps at strides 2, 4 and 8, the last one pooled.
 */
function deepLabVgg(scope: Scope, x: Tensor): readonly FeatureMap[] {
  const { maps } = vgg16(scope, x, { pooling: "overlapping", outputStride: 8 });
  const { stride, map } = maps[maps.length - 1];
  return [maps[1], maps[2], { stride, map: maxPool(map, { kernel: 3, strides: 1, padding: 1 }) }];
}

export const vggEncoders = {
  vgg16: {
    normalization: imagenetNormalization,
    multiple: 16,
    dilates: true,
    features: (scope, x, asked) => {
      const { maps } = vgg16(scope, x, asked);
      return maps.filter(({ stride }, i) => i > 0 && stride !== maps[i + 1]?.stride);
    },
    published: [{ library: "torchvision", names: vgg16Names, beside: /^classifier\./ }],
  } satisfies Encoder,
  "vgg16-deeplab": {
    normalization: caffeNormalization,
    multiple: 8,
    roundsUp: true,
    dilates: false,
    features: deepLabVgg,
    published: [
      {
        library: "deeplab-pytorch",
        names: deepLabVggNames,
        beside: /^aspp\./,
        layout: blueFirst("stage1.conv1.weight"),
      },
    ],
  } satisfies Encoder,
};
