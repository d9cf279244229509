/**
 * The residual network of TransUNet's encoder: a stem and three stages with weight-standardised convolutions and group
 * norms (Chen et al. 2021, sec. 3.2, "CNN-Transformer hybrid"; Kolesnikov et al. 2020 for the kind of convolution).
 */
import {
  type Initializer,
  lecunNormalInitializer,
  onesInitializer,
  zerosInitializer,
} from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { standardizedConv2d } from "../../nn/conv.ts";
import { groupNorm } from "../../nn/norm.ts";
import { add, axisSize, maxPool, pad, relu } from "../../ops/index.ts";
import { frameworkInitializer } from "../unet/decoder.ts";
import type { TransUNetSettings } from "./settings.ts";

export type HybridSettings = Pick<
  TransUNetSettings,
  "encoderConvention" | "initialization" | "stemWidth" | "normGroups" | "stageUnits"
>;

/** Where TransUNet's code and the JAX code that trained the published weights compute different things. */
export interface Convention {
  /** Padding of a k×k convolution. */
  readonly padding: (kernel: number) => number | "same";
  readonly poolPadding: 0 | "same";
  readonly standardization: "sqrt(var+eps)" | "sqrt(var)+eps";
  /** Groups and epsilon of the norm on a unit's projection. */
  readonly projectionNorm: (channels: number, groups: number) => { readonly groups: number; readonly epsilon: number };
  readonly gelu: "none" | "tanh";
}

export const conventions: Readonly<Record<TransUNetSettings["encoderConvention"], Convention>> = {
  transunet: {
    padding: (kernel) => (kernel - 1) / 2,
    poolPadding: 0,
    standardization: "sqrt(var+eps)",
    projectionNorm: (channels) => ({ groups: channels, epsilon: 1e-5 }),
    gelu: "none",
  },
  jax: {
    padding: () => "same",
    poolPadding: "same",
    standardization: "sqrt(var)+eps",
    projectionNorm: (_, groups) => ({ groups, epsilon: 1e-6 }),
    gelu: "tanh",
  },
};

/** What a module of the residual network is told. */
export interface Style {
  readonly convention: Convention;
  readonly groups: number;
  readonly convInitializer: Initializer;
  /** Of the weight of a unit's last norm; 0 lets the unit start as its shortcut. */
  readonly lastNormInitializer: Initializer;
}

/** How the residual units are to be. */
export function residualStyle({
  encoderConvention,
  initialization,
  normGroups,
}: Pick<HybridSettings, "encoderConvention" | "initialization" | "normGroups">): Style {
  const jax = initialization === "jax";
  return {
    convention: conventions[encoderConvention],
    groups: normGroups,
    convInitializer: jax ? lecunNormalInitializer : frameworkInitializer,
    lastNormInitializer: jax ? zerosInitializer : onesInitializer,
  };
}

/** Options that all convolutions of the residual network share. */
function standardized({ convention, convInitializer }: Style, kernel: number, stride = 1) {
  return {
    kernel,
    stride,
    padding: convention.padding(kernel),
    mode: convention.standardization,
    epsilon: 1e-5,
    initializer: convInitializer,
  } as const;
}

const epsilon = 1e-6; // of every group norm but the projection's

/**
 * Residual unit with the norm after each convolution; its code calls it pre-activation, which it is not.
 * The stride sits on the 3×3. x: [B, I, H, W] → [B, outputs, H/stride, W/stride].
 */
export function residualUnit(
  scope: Scope,
  x: Tensor,
  { middle, outputs, stride, style }: { middle: number; outputs: number; stride: 1 | 2; style: Style },
): Tensor {
  const { convention, groups, lastNormInitializer } = style;
  let shortcut = x;
  if (stride !== 1 || axisSize(x, 1) !== outputs) {
    const projected = standardizedConv2d(scope.at("shortcut").at("conv"), x, outputs, standardized(style, 1, stride));
    shortcut = groupNorm(scope.at("shortcut").at("norm"), projected, convention.projectionNorm(outputs, groups)); // [B, outputs, ...]
  }
  let y = standardizedConv2d(scope.at("conv1"), x, middle, standardized(style, 1)); // [B, middle, H, W]
  y = relu(groupNorm(scope.at("norm1"), y, { groups, epsilon }));
  y = standardizedConv2d(scope.at("conv2"), y, middle, standardized(style, 3, stride)); // [B, middle, H/stride, W/stride]
  y = relu(groupNorm(scope.at("norm2"), y, { groups, epsilon }));
  y = standardizedConv2d(scope.at("conv3"), y, outputs, standardized(style, 1)); // [B, outputs, ...]
  y = groupNorm(scope.at("norm3"), y, { groups, epsilon, initializer: lastNormInitializer });
  return relu(add(shortcut, y));
}

export interface HybridFeatures {
  /** After the first convolution: [B, w, H/2, W/2]. */
  readonly root: Tensor;
  /** After the max-pool: [B, w, ~H/4, ~W/4]. */
  readonly pooled: Tensor;
  /** Of the three stages: 4w, 8w, 16w channels at ~1/4, 1/8, 1/16. */
  readonly stages: readonly Tensor[];
  /** For the decoder, deepest first: 8w at H/8, 4w at H/4 (padded where the stage is smaller), w at H/2. */
  readonly features: readonly Tensor[];
}

/** The residual network (TransUNet `ResNetV2`). image: [B, 3, H, W] in [−1, 1], sides multiples of 16. */
export function hybridBackbone(scope: Scope, image: Tensor, settings: HybridSettings): HybridFeatures {
  const { stemWidth, stageUnits } = settings;
  const [, , height, width] = image.shape;
  const style = residualStyle(settings);
  const { convention, groups } = style;
  let root = standardizedConv2d(scope.at("stem").at("conv"), image, stemWidth, standardized(style, 7, 2)); // [B, w, H/2, W/2]
  root = relu(groupNorm(scope.at("stem").at("norm"), root, { groups, epsilon }));
  const pooled = maxPool(root, { kernel: 3, strides: 2, padding: convention.poolPadding }); // [B, w, ~H/4, ~W/4]

  const stages: Tensor[] = [];
  let x = pooled;
  stageUnits.forEach((units, stage) => {
    const middle = stemWidth * 2 ** stage;
    for (let unit = 1; unit <= units; unit++) {
      const stride = stage > 0 && unit === 1 ? 2 : 1;
      x = residualUnit(scope.at(`stage${stage + 1}`).at(`unit${unit}`), x, {
        middle,
        outputs: 4 * middle,
        stride,
        style,
      });
    }
    stages.push(x);
  });
  const features = [padTo(stages[1], height / 8, width / 8), padTo(stages[0], height / 4, width / 4), root];
  return { root, pooled, stages, features };
}

/** Zeros at the bottom and right up to height × width. Differs from TransUNet, which takes both sizes from the height. */
function padTo(x: Tensor, height: number, width: number): Tensor {
  const below = height - axisSize(x, 2);
  const right = width - axisSize(x, 3);
  if (below === 0 && right === 0) return x;
  return pad(x, { before: [0, 0, 0, 0], after: [0, 0, below, right], mode: "constant", value: 0 });
}
