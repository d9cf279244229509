import { heNormalInitializer, type Initializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { conv2d } from "../nn/conv.ts";
import { linear } from "../nn/linear.ts";
import { batchNorm2d } from "../nn/norm.ts";
import { add, globalAveragePool, maxPool, relu, reshape } from "../ops/index.ts";

/** Bottleneck units of each stage: ResNet-50 has 3, 4, 6, 3. */
export type ResNetUnits = readonly [number, number, number, number];

export const resNet50Units: ResNetUnits = [3, 4, 6, 3];
export const resNet101Units: ResNetUnits = [3, 4, 23, 3];

export interface ResNetOptions {
  readonly units?: ResNetUnits;
  /** Channels of the stem; stages have 4, 8, 16 and 32 times as many. */
  readonly width?: number;
  /** The last stages keep their resolution and widen their kernels instead: 32 (none), 16 (last) or 8 (last two). */
  readonly outputStride?: 32 | 16 | 8;
  /** Use running averages in batch norms even while training. */
  readonly frozenNorm?: boolean;
}

// He et al. 2015 by fan-out, as torchvision starts its residual networks.
const initializer: Initializer = heNormalInitializer("fanOut");

/**
 * Residual network of bottleneck units (He et al. 2016, table 1), with the stride on the 3 × 3 convolution, as
 * torchvision has it. Parameters: stem.conv, stem.norm, stage1.unit1.conv1, stage1.unit1.norm1, …, stage1.unit1.shortcut.
 *
 * x: [B, 3, H, W] float, normalized → feature maps of the four stages, [B, 4·width, H/4, W/4] … [B, 32·width, H/32, W/32].
 */
export function resNet(
  scope: Scope,
  x: Tensor,
  { units = resNet50Units, width = 64, outputStride = 32, frozenNorm = false }: ResNetOptions = {},
): readonly Tensor[] {
  const stem = conv2d(scope.at("stem").at("conv"), x, width, {
    kernel: 7,
    stride: 2,
    padding: 3,
    bias: false,
    initializer,
  });
  let y = relu(batchNorm2d(scope.at("stem").at("norm"), stem, { frozen: frozenNorm }));
  y = maxPool(y, { kernel: 3, strides: 2, padding: 1 }); // [B, width, H/4, W/4]

  let reached = 4;
  let dilation = 1;
  return units.map((count, stage) => {
    const wanted = stage === 0 ? 1 : 2;
    const stride = reached * wanted > outputStride ? 1 : wanted;
    // The first unit of a stage that keeps its resolution still has the kernel of the stage before (torchvision).
    const firstDilation = dilation;
    if (stride < wanted) dilation *= wanted;
    reached *= stride;
    for (let i = 0; i < count; i++) {
      y = bottleneck(scope.at(`stage${stage + 1}`).at(`unit${i + 1}`), y, {
        width: width * 2 ** stage,
        stride: i === 0 ? stride : 1,
        dilation: i === 0 ? firstDilation : dilation,
        frozenNorm,
      });
    }
    return y;
  });
}

/** `resNet` with the classification head `head`. x: [B, 3, H, W] → logits [B, classes]. */
export function resNetClassifier(
  scope: Scope,
  x: Tensor,
  { classes, ...options }: ResNetOptions & { classes: number },
): Tensor {
  const last = resNet(scope, x, options)[3];
  const pooled = reshape(globalAveragePool(last), [last.shape[0], last.shape[1]]);
  return linear(scope.at("head"), pooled, classes);
}

interface BottleneckOptions {
  readonly width: number;
  readonly stride: number;
  readonly dilation: number;
  readonly frozenNorm: boolean;
}

/** relu(x + expand(relu(spatial(relu(reduce(x)))))), each convolution with a batch norm. [B, C, H, W] → [B, 4·width, …]. */
function bottleneck(scope: Scope, x: Tensor, { width, stride, dilation, frozenNorm }: BottleneckOptions): Tensor {
  const unit = (index: number, input: Tensor, channels: number, kernel: number) => {
    const spatial = kernel > 1 ? { stride, dilation, padding: dilation } : {};
    const y = conv2d(scope.at(`conv${index}`), input, channels, { kernel, bias: false, initializer, ...spatial });
    return batchNorm2d(scope.at(`norm${index}`), y, { frozen: frozenNorm });
  };
  const reduced = relu(unit(1, x, width, 1));
  const mixed = relu(unit(2, reduced, width, 3));
  const expanded = unit(3, mixed, 4 * width, 1);

  const sameShape = stride === 1 && x.shape[1] === 4 * width;
  return relu(add(expanded, sameShape ? x : projection(scope.at("shortcut"), x, { width, stride, frozenNorm })));
}

function projection(
  scope: Scope,
  x: Tensor,
  { width, stride, frozenNorm }: Omit<BottleneckOptions, "dilation">,
): Tensor {
  const y = conv2d(scope.at("conv"), x, 4 * width, { kernel: 1, stride, bias: false, initializer });
  return batchNorm2d(scope.at("norm"), y, { frozen: frozenNorm });
}
