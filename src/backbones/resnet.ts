import { heNormalInitializer, type Initializer, zerosInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { caffeNormalization, imagenetNormalization } from "../nn/image-input.ts";
import { linear } from "../nn/linear.ts";
import { add, globalAveragePool, maxPool, relu, reshape } from "../ops/index.ts";
import { type Place, type Renaming, renaming } from "../weights/rename.ts";
import { blueFirst } from "./caffe.ts";
import {
  type ConvNormOptions,
  convNorm,
  deepestMaps,
  type Encoder,
  type EncoderOptions,
  type FeatureMap,
  type PublishedNames,
} from "./encoder.ts";

/** Units of each stage: ResNet-50 has 3, 4, 6, 3. */
export type ResNetUnits = readonly [number, number, number, number];

/** He et al. 2016, table 1; of basic units, as ResNet-18 has them. */
export const resNet18Units: ResNetUnits = [2, 2, 2, 2];
/** The same of bottleneck units. */
export const resNet50Units: ResNetUnits = [3, 4, 6, 3];
/** The same of bottleneck units. */
export const resNet101Units: ResNetUnits = [3, 4, 23, 3];

export interface ResNetOptions extends EncoderOptions {
  readonly units?: ResNetUnits;
  /** Two 3×3 convolutions a unit (18 and 34 layers), or a bottleneck of three that is four times as wide outside (default). */
  readonly unit?: "basic" | "bottleneck";
  /** Channels of the stem; bottleneck stages have 4, 8, 16 and 32 times as many, basic ones 1, 2, 4 and 8 times. */
  readonly width?: number;
  /** Channels of the stem where it is deep; its first two convolutions have half as many. Default: `width`. */
  readonly stemWidth?: number;
  /** `deep`: three 3×3 convolutions in place of one of 7×7 (v1c; He et al. 2019, "bag of tricks", fig. 2b). */
  readonly stem?: "plain" | "deep";
  /**
   * `caffe`: strides lie on the first 1×1 convolution, the pool rounds sizes up, and a stage whose kernels are widened widens its
   * first unit's as well (the original network; DeepLab's). Default: `torchvision`.
   */
  readonly form?: "torchvision" | "caffe";
  /** The first unit of a stage whose kernels are widened has those of the stage before. Default: in torchvision's form. */
  readonly contractsDilation?: boolean;
  /** The last norm of a unit starts at 0, so that at first a unit adds nothing (Goyal et al. 2017). Default: at 1. */
  readonly silentUnits?: boolean;
}

// He et al. 2015 by fan-out, as torchvision starts its residual networks.
const initializer = heNormalInitializer("fanOut");

/**
 * Residual network (He et al. 2016, table 1) with the stride on the 3 × 3 convolution, as torchvision has it. Parameters:
 * stem.conv, stem.norm, stage1.unit1.conv1, stage1.unit1.norm1, …, stage1.unit1.shortcut.
 *
 * x: [B, 3, H, W] float, normalized → five maps, at strides 2 (the stem), 4, 8, 16 and 32 (the stages).
 */
export function resNet(scope: Scope, x: Tensor, options: ResNetOptions = {}): readonly FeatureMap[] {
  const {
    units = resNet50Units,
    width = 64,
    outputStride = 32,
    stem: kind = "plain",
    norms,
    unit = "bottleneck",
    form = "torchvision",
    contractsDilation = form === "torchvision",
    stemWidth = width,
    silentUnits = false,
  } = options;
  const stem =
    kind === "deep"
      ? deepStem(scope.at("stem"), x, stemWidth, options)
      : plainStem(scope.at("stem"), x, width, options);
  const maps: FeatureMap[] = [{ stride: 2, map: stem }];
  let y = maxPool(stem, { kernel: 3, strides: 2, padding: 1, ceilMode: form === "caffe" }); // [B, width, H/4, W/4]

  let reached = 4;
  let dilation = 1;
  for (const [stage, count] of units.entries()) {
    const wanted = stage === 0 ? 1 : 2;
    const stride = reached * wanted > outputStride ? 1 : wanted;
    const firstDilation = dilation;
    if (stride < wanted) dilation *= wanted;
    reached *= stride;
    for (let i = 0; i < count; i++) {
      y = (unit === "basic" ? basic : bottleneck)(scope.at(`stage${stage + 1}`).at(`unit${i + 1}`), y, {
        width: width * 2 ** stage,
        stride: i === 0 ? stride : 1,
        dilation: i === 0 && contractsDilation ? firstDilation : dilation,
        norms,
        form,
        lastNorm: silentUnits ? zerosInitializer : undefined,
      });
    }
    maps.push({ stride: reached, map: y });
  }
  return maps;
}

/** `resNet` with the classification head `head`. x: [B, 3, H, W] → logits [B, classes]. */
export function resNetClassifier(
  scope: Scope,
  x: Tensor,
  { classes, ...options }: ResNetOptions & { classes: number },
): Tensor {
  const last = resNet(scope, x, options).at(-1)!.map;
  const pooled = reshape(globalAveragePool(last), [last.shape[0], last.shape[1]]);
  return linear(scope.at("head"), pooled, classes);
}

type StemOptions = Pick<ResNetOptions, "norms">;

function plainStem(scope: Scope, x: Tensor, width: number, { norms }: StemOptions): Tensor {
  return relu(convNorm(scope, x, width, { kernel: 7, stride: 2, padding: 3, norms, initializer }));
}

function deepStem(scope: Scope, x: Tensor, width: number, { norms }: StemOptions): Tensor {
  const unit = (index: number, input: Tensor, channels: number, stride: number) =>
    relu(convNorm(scope.at(`unit${index}`), input, channels, { kernel: 3, stride, padding: 1, norms, initializer }));
  return unit(3, unit(2, unit(1, x, width / 2, 2), width / 2, 1), width, 1);
}

interface UnitOptions extends StemOptions {
  readonly width: number;
  readonly stride: number;
  readonly dilation: number;
  readonly form: NonNullable<ResNetOptions["form"]>;
  /** How the weight of the unit's last norm starts. */
  readonly lastNorm: Initializer | undefined;
}

/** relu(x + expand(relu(spatial(relu(reduce(x)))))), each convolution with a norm. [B, C, H, W] → [B, 4·width, …]. */
function bottleneck(scope: Scope, x: Tensor, options: UnitOptions): Tensor {
  const { width, stride, form, lastNorm: normInitializer } = options;
  const [first, second] = form === "caffe" ? [stride, 1] : [1, stride];
  const reduced = relu(unitConv(scope, 1, x, width, { ...options, kernel: 1, stride: first }));
  const mixed = relu(unitConv(scope, 2, reduced, width, { ...options, kernel: 3, stride: second }));
  const expanded = unitConv(scope, 3, mixed, 4 * width, { ...options, kernel: 1, stride: 1, normInitializer });
  return relu(add(expanded, shortcut(scope, x, 4 * width, options)));
}

/** relu(x + second(relu(first(x)))), each convolution with a norm. [B, C, H, W] → [B, width, …]. */
function basic(scope: Scope, x: Tensor, options: UnitOptions): Tensor {
  const { width, lastNorm: normInitializer } = options;
  const first = relu(unitConv(scope, 1, x, width, { ...options, kernel: 3 }));
  const second = unitConv(scope, 2, first, width, { ...options, kernel: 3, stride: 1, normInitializer });
  return relu(add(second, shortcut(scope, x, width, options)));
}

function unitConv(
  scope: Scope,
  index: number,
  x: Tensor,
  channels: number,
  {
    kernel,
    stride,
    dilation,
    norms,
    normInitializer,
  }: UnitOptions & Pick<ConvNormOptions, "kernel" | "normInitializer">,
): Tensor {
  const spatial = kernel > 1 ? { stride, dilation, padding: dilation } : { stride };
  const place = { at: (name: string) => scope.at(`${name}${index}`) };
  return convNorm(place, x, channels, { kernel, norms, initializer, normInitializer, ...spatial });
}

/** The input where its shape stays, its projection elsewhere. */
function shortcut(scope: Scope, x: Tensor, channels: number, { stride, norms }: UnitOptions): Tensor {
  if (stride === 1 && x.shape[1] === channels) return x;
  return convNorm(scope.at("shortcut"), x, channels, { kernel: 1, stride, norms, initializer });
}

const stages: readonly Place[] = [
  ["stage#.unit#.conv#", "layer#.@.conv#"],
  ["stage#.unit#.norm#", "layer#.@.bn#"],
  ["stage#.unit#.shortcut.conv", "layer#.@.downsample.0"],
  ["stage#.unit#.shortcut.norm", "layer#.@.downsample.1"],
];

/** Names of torchvision, which timm and others share. */
const torchvision: PublishedNames = {
  library: "torchvision",
  names: renaming([["stem.conv", "conv1"], ["stem.norm", "bn1"], ...stages]),
  beside: /^fc\./,
};

const deepTimm: PublishedNames = {
  library: "timm",
  names: renaming([
    ["stem.unit1.conv", "conv1.0"],
    ["stem.unit1.norm", "conv1.1"],
    ["stem.unit2.conv", "conv1.3"],
    ["stem.unit2.norm", "conv1.4"],
    ["stem.unit3.conv", "conv1.6"],
    ["stem.unit3.norm", "bn1"],
    ...stages,
  ]),
  beside: /^fc\./,
};

const deepMmsegmentation: PublishedNames = {
  library: "mmsegmentation",
  names: renaming([
    ["stem.unit1.conv", "stem.0"],
    ["stem.unit1.norm", "stem.1"],
    ["stem.unit2.conv", "stem.3"],
    ["stem.unit2.norm", "stem.4"],
    ["stem.unit3.conv", "stem.6"],
    ["stem.unit3.norm", "stem.7"],
    ...stages,
  ]),
  beside: /^(fc|head)\./,
};

/** Names of DeepLab in PyTorch (kazuto1011's), without the head; the trunk of `base.` names. */
export const deepLabResNetNames: Renaming = renaming([
  ["stem.conv", "layer1.conv1.conv"],
  ["stem.norm", "layer1.conv1.bn"],
  ...[1, 2, 3, 4].flatMap((stage) =>
    (
      [
        ["conv1", "reduce.conv"],
        ["norm1", "reduce.bn"],
        ["conv2", "conv3x3.conv"],
        ["norm2", "conv3x3.bn"],
        ["conv3", "increase.conv"],
        ["norm3", "increase.bn"],
        ["shortcut.conv", "shortcut.conv"],
        ["shortcut.norm", "shortcut.bn"],
      ] as const
    ).map(([ours, theirs]): Place => [`stage${stage}.unit#.${ours}`, `layer${stage + 1}.block#.${theirs}`]),
  ),
]);

const deepLab: PublishedNames = {
  library: "deeplab-pytorch",
  names: deepLabResNetNames,
  beside: /^(fc|aspp|fov|layer6)\./,
  layout: blueFirst("stem.conv.weight"),
};

function encoderOf(options: ResNetOptions): Encoder {
  return {
    normalization: options.form === "caffe" ? caffeNormalization : imagenetNormalization,
    multiple: 32,
    roundsUp: true,
    dilates: true,
    features: (scope, x, asked) => deepestMaps(resNet(scope, x, { ...options, ...asked }), asked),
    published:
      options.form === "caffe" ? [deepLab] : options.stem === "deep" ? [deepTimm, deepMmsegmentation] : [torchvision],
  };
}

export const resNetEncoders = {
  resnet18: encoderOf({ units: resNet18Units, unit: "basic" }),
  resnet34: encoderOf({ units: resNet50Units, unit: "basic" }),
  resnet50: encoderOf({}),
  resnet101: encoderOf({ units: resNet101Units }),
  "resnet101-caffe": encoderOf({ units: resNet101Units, form: "caffe" }),
  "resnet50-v1c": encoderOf({ stem: "deep", silentUnits: true }),
  "resnet101-v1c": encoderOf({ units: resNet101Units, stem: "deep", silentUnits: true }),
};
