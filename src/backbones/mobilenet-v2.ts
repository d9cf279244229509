import { heNormalInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { imagenetNormalization, symmetricNormalization } from "../nn/image-input.ts";
import { linear } from "../nn/linear.ts";
import { add, clip, globalAveragePool, reshape } from "../ops/index.ts";
import { type Place, renaming } from "../weights/rename.ts";
import { convNorm, type Encoder, type EncoderOptions, type FeatureMap, type PublishedNames } from "./encoder.ts";

export interface MobileNetV2Options extends EncoderOptions {
  /**
   * Where a stride of 2 begins: `symmetric` pads both sides alike (PyTorch), `same` has its odd row and column below and to
   * the right (TensorFlow). Weights of one see a shifted picture with the other.
   */
  readonly padding?: "symmetric" | "same";
  /** Channels of the stem. */
  readonly width?: number;
  /** Groups of blocks: expansion, channels, blocks, stride of the first. */
  readonly groups?: readonly BlockGroup[];
}

export type BlockGroup = readonly [expansion: number, channels: number, blocks: number, stride: 1 | 2];

/** Inverted residual blocks of width 1 (Sandler et al. 2018, table 2). */
export const mobileNetV2Groups: readonly BlockGroup[] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

const relu6 = (x: Tensor) => clip(x, { min: 0, max: 6 });
const initializer = heNormalInitializer("fanOut"); // as torchvision starts it

/**
 * MobileNetV2 (Sandler et al. 2018), of width 1 by default. Parameters: stem, block1 to block17 with expand, depthwise and project (each
 * a conv and a norm).
 *
 * x: [B, 3, H, W] float, normalized → maps at strides 2, 4, 8, 16, 32 of 16, 24, 32, 96 and 320 channels.
 */
export function mobileNetV2(
  scope: Scope,
  x: Tensor,
  {
    norms = "batch",
    outputStride = 32,
    padding = "symmetric",
    width = 32,
    groups = mobileNetV2Groups,
  }: MobileNetV2Options = {},
): readonly FeatureMap[] {
  const epsilon = padding === "same" ? 1e-3 : 1e-5;
  const momentum = padding === "same" ? 0.003 : 0.1;
  const unit = (place: Scope, input: Tensor, channels: number, kernel: number, options: object = {}) =>
    convNorm(place, input, channels, { kernel, norms, initializer, epsilon, momentum, ...options });
  const around = (dilation: number) => (padding === "same" ? "same" : dilation);

  let y = relu6(unit(scope.at("stem"), x, width, 3, { stride: 2, padding: around(1) }));
  const maps: FeatureMap[] = [];
  let [reached, dilation, number] = [2, 1, 0];
  for (const [expansion, channels, count, wanted] of groups) {
    const stride = reached * wanted > outputStride ? 1 : wanted;
    if (wanted === 2 && stride === 2) maps.push({ stride: reached, map: y });
    for (let i = 0; i < count; i++) {
      const block = scope.at(`block${++number}`);
      const inner = expansion * y.shape[1];
      const expanded = expansion === 1 ? y : relu6(unit(block.at("expand"), y, inner, 1));
      const step = i === 0 ? stride : 1;
      const spatial = { stride: step, dilation, padding: around(dilation), groups: inner };
      const mixed = relu6(unit(block.at("depthwise"), expanded, inner, 3, spatial));
      const projected = unit(block.at("project"), mixed, channels, 1);
      y = step === 1 && y.shape[1] === channels ? add(y, projected) : projected;
      // The first block of a group that keeps its resolution still has the kernel of the group before.
      if (i === 0 && stride < wanted) dilation *= wanted;
    }
    reached *= stride;
  }
  return [...maps, { stride: reached, map: y }];
}

/**
 * `mobileNetV2` with the convolution `last` and the classification head `head`. x: [B, 3, H, W] → features after pooling
 * [B, 1280] and logits [B, classes].
 */
export function mobileNetV2Classifier(
  scope: Scope,
  x: Tensor,
  { classes, ...options }: MobileNetV2Options & { classes: number },
): { readonly pooled: Tensor; readonly logits: Tensor } {
  const maps = mobileNetV2(scope, x, options);
  const { norms, padding } = options;
  const epsilon = padding === "same" ? 1e-3 : 1e-5;
  const settings = { kernel: 1, norms, initializer, epsilon };
  const last = relu6(convNorm(scope.at("last"), maps[maps.length - 1].map, 1280, settings));
  const pooled = reshape(globalAveragePool(last), [x.shape[0], 1280]);
  return { pooled, logits: linear(scope.at("head"), pooled, classes) };
}

/** Blocks of torchvision, `features.N`: the first has no expansion, so that its parts have other numbers. */
const torchvision: PublishedNames = {
  library: "torchvision",
  names: renaming([
    ["stem.conv", "features.0.0"],
    ["stem.norm", "features.0.1"],
    ["block1.depthwise.conv", "features.1.conv.0.0"],
    ["block1.depthwise.norm", "features.1.conv.0.1"],
    ["block1.project.conv", "features.1.conv.1"],
    ["block1.project.norm", "features.1.conv.2"],
    ["block#.expand.conv", "features.#.conv.0.0"],
    ["block#.expand.norm", "features.#.conv.0.1"],
    ["block#.depthwise.conv", "features.#.conv.1.0"],
    ["block#.depthwise.norm", "features.#.conv.1.1"],
    ["block#.project.conv", "features.#.conv.2"],
    ["block#.project.norm", "features.#.conv.3"],
  ]),
  beside: /^(features\.18|classifier)\./,
};

/** timm numbers blocks within groups, and the three convolutions of a block by their kind. */
function timmPlaces(): Place[] {
  let number = 0;
  const blocks = mobileNetV2Groups.flatMap(([expansion, , count], group) =>
    Array.from({ length: count }, (_, i): Place[] => {
      const [own, theirs] = [`block${++number}`, `blocks.${group}.${i}`];
      return expansion === 1
        ? [
            [`${own}.depthwise.conv`, `${theirs}.conv_dw`],
            [`${own}.depthwise.norm`, `${theirs}.bn1`],
            [`${own}.project.conv`, `${theirs}.conv_pw`],
            [`${own}.project.norm`, `${theirs}.bn2`],
          ]
        : [
            [`${own}.expand.conv`, `${theirs}.conv_pw`],
            [`${own}.expand.norm`, `${theirs}.bn1`],
            [`${own}.depthwise.conv`, `${theirs}.conv_dw`],
            [`${own}.depthwise.norm`, `${theirs}.bn2`],
            [`${own}.project.conv`, `${theirs}.conv_pwl`],
            [`${own}.project.norm`, `${theirs}.bn3`],
          ];
    }).flat(),
  );
  return [["stem.conv", "conv_stem"], ["stem.norm", "bn1"], ...blocks];
}

const timm: PublishedNames = {
  library: "timm",
  names: renaming(timmPlaces()),
  beside: /^(conv_head|bn2|classifier)\./,
};

/** Hugging Face's port of TensorFlow's weights: the first block is part of the stem. */
function transformersPlaces(): Place[] {
  const parts = { conv: "convolution", norm: "normalization" };
  const of = (own: string, theirs: string) =>
    Object.entries(parts).map(([ours, name]): Place => [`${own}.${ours}`, `${theirs}.${name}`]);
  return [
    ...of("stem", "conv_stem.first_conv"),
    ...of("block1.depthwise", "conv_stem.conv_3x3"),
    ...of("block1.project", "conv_stem.reduce_1x1"),
    ...Array.from({ length: 16 }, (_, i) => [
      ...of(`block${i + 2}.expand`, `layer.${i}.expand_1x1`),
      ...of(`block${i + 2}.depthwise`, `layer.${i}.conv_3x3`),
      ...of(`block${i + 2}.project`, `layer.${i}.reduce_1x1`),
    ]).flat(),
  ];
}

const transformers: PublishedNames = {
  library: "transformers",
  names: renaming(transformersPlaces()),
  beside: /^(conv_1x1|classifier|segmentation_head)\./,
};

/** TF-Slim's weights with norms folded into the convolutions. */
const folded: PublishedNames = {
  library: "tf-slim",
  names: renaming([
    ["stem.conv", "features.0"],
    ["block#.expand.conv", "features.#.expand"],
    ["block#.depthwise.conv", "features.#.depthwise"],
    ["block#.project.conv", "features.#.project"],
  ]),
  beside: /^(features\.18|classifier)\./,
  norms: "folded",
};

export const mobileNetV2Encoders: Readonly<Record<"mobilenet-v2" | "mobilenet-v2-tf", Encoder>> = {
  "mobilenet-v2": {
    normalization: imagenetNormalization,
    multiple: 32,
    dilates: true,
    features: mobileNetV2,
    published: [torchvision, timm],
  },
  "mobilenet-v2-tf": {
    normalization: symmetricNormalization,
    multiple: 32,
    dilates: true,
    features: (scope, x, options) => mobileNetV2(scope, x, { ...options, padding: "same" }),
    published: [transformers, folded],
  },
};
