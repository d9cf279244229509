import { float32 } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { heNormalInitializer, onesInitializer, zerosInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { conv2d } from "../nn/conv.ts";
import { imagenetNormalization } from "../nn/image-input.ts";
import { batchNorm2d } from "../nn/norm.ts";
import { add, batchNormFrozen, maxPool, relu } from "../ops/index.ts";
import { renaming } from "../weights/rename.ts";
import type { Encoder, EncoderOptions, FeatureMap, PublishedNames } from "./encoder.ts";

export interface ResNetV2Options extends EncoderOptions {
  /** Units of each stage: [3, 4, 6, 3] are 50 layers, and [3, 4, 6] what there is of them up to stride 16. */
  readonly units?: readonly number[];
  /** Channels of the stem; stages have 4, 8, 16 and 32 times as many. */
  readonly width?: number;
}

const initializer = heNormalInitializer("fanOut");

/**
 * Pre-activation residual network (He et al. 2016b, "identity mappings", fig. 4e) as Gluon has it: norm and ReLU before each
 * convolution, the stride on the 3 × 3, the projection behind a unit's first ReLU. Parameters: input (running averages that
 * pictures are normalized by), stem.conv, stem.norm, stage1.unit1.norm1, stage1.unit1.conv1, …, stage1.unit1.shortcut.conv,
 * norm.
 *
 * x: [B, 3, H, W] float, normalized → maps at strides 2 (the stem), 4, 8, 16 (after the ReLU of the stage that follows) and
 * 32; the last is behind norm and ReLU.
 */
export function resNetV2(
  scope: Scope,
  x: Tensor,
  { units = [3, 4, 6, 3], width = 64, outputStride = 32, norms = "batch" }: ResNetV2Options = {},
): readonly FeatureMap[] {
  if (norms === "folded") {
    throw new InputError(
      `${scope.path}: expected norms batch or frozen, got folded. Norms before a convolution cannot be folded.`,
    );
  }
  const frozen = norms === "frozen";
  const active = (place: Scope, y: Tensor) => relu(batchNorm2d(place, y, { frozen }));
  const conv = (place: Scope, y: Tensor, channels: number, options: { kernel: number; [key: string]: unknown }) =>
    conv2d(place, y, channels, { bias: false, initializer, ...options });

  const stem = conv(scope.at("stem").at("conv"), standardized(scope.at("input"), x), width, {
    kernel: 7,
    stride: 2,
    padding: 3,
  });
  const first = active(scope.at("stem").at("norm"), stem);
  const maps: FeatureMap[] = [{ stride: 2, map: first }];
  let y = maxPool(first, { kernel: 3, strides: 2, padding: 1 });
  let [reached, dilation] = [4, 1];
  for (const [stage, count] of units.entries()) {
    const wanted = stage === 0 ? 1 : 2;
    const stride = reached * wanted > outputStride ? 1 : wanted;
    const before = dilation;
    if (stride < wanted) dilation *= wanted;
    const middle = width * 2 ** stage;
    for (let i = 0; i < count; i++) {
      const unit = scope.at(`stage${stage + 1}`).at(`unit${i + 1}`);
      const step = i === 0 ? stride : 1;
      const entered = active(unit.at("norm1"), y);
      // What leaves a stage is not normalized; where the next one begins it is.
      if (i === 0 && stage > 0 && step === 2) maps.push({ stride: reached, map: entered });
      const reduced = conv(unit.at("conv1"), entered, middle, { kernel: 1 });
      const spread = i === 0 ? before : dilation;
      const spatial = { kernel: 3, stride: step, padding: spread, dilation: spread };
      const mixed = conv(unit.at("conv2"), active(unit.at("norm2"), reduced), middle, spatial);
      const expanded = conv(unit.at("conv3"), active(unit.at("norm3"), mixed), 4 * middle, { kernel: 1 });
      const around =
        i === 0 ? conv(unit.at("shortcut").at("conv"), entered, 4 * middle, { kernel: 1, stride: step }) : y;
      y = add(expanded, around);
    }
    reached *= stride;
  }
  return [...maps, { stride: reached, map: active(scope.at("norm"), y) }];
}

/** By running averages alone, which no training moves: what Gluon's networks do with pictures before all else. */
function standardized(scope: Scope, x: Tensor): Tensor {
  const mean = scope.average("running_mean", [3], zerosInitializer);
  const variance = scope.average("running_var", [3], onesInitializer);
  return batchNormFrozen(x, constant(float32([3], [1, 1, 1])), constant(float32([3], [0, 0, 0])), mean, variance, {
    epsilon: 1e-5,
  });
}

/** Names as in the files that TESSERA's maintainers test with, of the ONNX Model Zoo's resnet50-v2. */
const gluon: PublishedNames = {
  library: "gluon",
  names: renaming([
    ["input", "norm0"],
    ["stem.conv", "conv1"],
    ["stem.norm", "norm1"],
    ["stage#.unit#.conv#", "layer#.@.conv#"],
    ["stage#.unit#.norm#", "layer#.@.norm#"],
    ["stage#.unit#.shortcut.conv", "layer#.@.downsample"],
    ["norm", "norm"],
  ]),
  beside: /^(fc|classifier)\./,
};

function encoderOf(units: readonly number[], multiple: number): Encoder {
  return {
    normalization: imagenetNormalization,
    multiple,
    dilates: true,
    features: (scope, x, options) => resNetV2(scope, x, { units, ...options }),
    published: [gluon],
  };
}

export const resNetV2Encoders = {
  "resnet50-v2": encoderOf([3, 4, 6, 3], 32),
  /** Its first three stages: what detectors call C4. */
  "resnet50-v2-c4": encoderOf([3, 4, 6], 16),
};
