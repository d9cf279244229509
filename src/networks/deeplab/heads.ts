/** DeepLab's two heads: class scores of places from features. */
import { normalInitializer, zerosInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import { channelDropout, dropout } from "../../nn/dropout.ts";
import { add, relu } from "../../ops/index.ts";

export const headNames = ["aspp", "large-fov", "deep-aspp"] as const;
export type DeepLabHead = (typeof headNames)[number];

/** Whether a name is one of a DeepLab's heads. */
export function isDeepLabHead(name: string): name is DeepLabHead {
  return headNames.some((each) => each === name);
}

export interface HeadOptions {
  readonly head: DeepLabHead;
  /** Dilations of the branches of `aspp`. */
  readonly rates?: readonly number[];
  /** Of `large-fov`, and the channels of it and of the branches of `deep-aspp`. */
  readonly dilation?: number;
  readonly hidden?: number;
}

const initializer = normalInitializer(0.01);

/**
 * `aspp` (Chen et al. 2018, DeepLab v2): one 3 × 3 convolution for each dilation, their scores added. `large-fov` (Chen et al. 2015, v1): a
 * dilated 3 × 3, a 1 × 1 and the scores, with dropout of channels. `deep-aspp` (v2 on VGG-16): such a branch for each dilation, with dropout
 * of elements, added (L2G's code has both so).
 * Parameters: branch1, branch2 … (`aspp`); conv1, conv2, scores (`large-fov`), below branch1 … (`deep-aspp`).
 *
 * x: [B, D, h, w] → [B, classes, h, w].
 */
export function deepLabHead(
  scope: Scope,
  x: Tensor,
  classes: number,
  { head, rates = [6, 12, 18, 24], dilation = 12, hidden = 1024 }: HeadOptions,
): Tensor {
  if (head === "large-fov") return deep(scope, x, classes, { dilation, hidden, drop: channelDropout });
  return rates
    .map((rate, i) => {
      const place = scope.at(`branch${i + 1}`);
      return head === "aspp"
        ? conv2d(place, x, classes, { ...around(rate), initializer, biasInitializer: zerosInitializer })
        : deep(place, x, classes, { dilation: rate, hidden, drop: dropout });
    })
    .reduce((total, scores) => add(total, scores));
}

function around(dilation: number) {
  return { kernel: 3, padding: dilation, dilation } as const;
}

interface DeepOptions {
  readonly dilation: number;
  readonly hidden: number;
  readonly drop: typeof dropout;
}

function deep(scope: Scope, x: Tensor, classes: number, { dilation, hidden, drop }: DeepOptions): Tensor {
  const options = { initializer, biasInitializer: zerosInitializer };
  const first = relu(conv2d(scope.at("conv1"), x, hidden, { ...around(dilation), ...options }));
  const dropped = drop(scope.at("conv1"), first, 0.5);
  const second = relu(conv2d(scope.at("conv2"), dropped, hidden, { kernel: 1, ...options }));
  return conv2d(scope.at("scores"), drop(scope.at("conv2"), second, 0.5), classes, { kernel: 1, ...options });
}
