/** The dual-path transformer (Wang et al. 2021, sec. 3.2): slots read pixels and slots, pixels read slots. */
import { truncatedNormalInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { dropPath } from "../../nn/dropout.ts";
import { batchNorm2d } from "../../nn/norm.ts";
import { add, concat, matmul, rearrange, relu, softmax, split } from "../../ops/index.ts";
import { convNorm, convNormRelu, norms, silent } from "./layers.ts";

export interface DualPathOptions {
  /** F. Keys have F numbers, values and the bottleneck 2 F, all heads together. */
  readonly filters: number;
  readonly heads: number;
  /** 0: there is no feed-forward network. */
  readonly ffnChannels: number;
  readonly memoryToMemory: boolean;
  readonly pixelToMemory: boolean;
  readonly dropRate?: number;
}

export interface DualPathResult {
  /** As `pixels`, not rectified. */
  readonly pixels: Tensor;
  /** As `memory`, rectified. */
  readonly memory: Tensor;
  /** What slots read: [B, heads, N, H·W, or with slots behind pixels H·W + N]. */
  readonly memoryWeights: Tensor;
  /** What pixels read: [B, heads, H·W, N]; null where they read nothing. */
  readonly pixelWeights: Tensor | null;
}

/** pixels: [B, C, H, W], not rectified; memory: [B, M, N, 1], a column per slot. */
export function dualPathTransformer(
  scope: Scope,
  pixels: Tensor,
  memory: Tensor,
  { filters, heads, ffnChannels, memoryToMemory, pixelToMemory, dropRate = 0 }: DualPathOptions,
): DualPathResult {
  const [keyDepth, valueDepth] = [filters, 2 * filters];
  if (keyDepth % heads !== 0) {
    throw scope.error(
      `the transformer's width must be a multiple of heads, got ${keyDepth} and ${heads}. Change either.`,
    );
  }
  const narrowMemory = convNormRelu(scope.at("memoryConv1"), memory, valueDepth);
  const narrowPixels = convNormRelu(scope.at("pixelConv1"), relu(pixels), valueDepth);
  const project = (name: string, x: Tensor, depths: readonly number[]) => {
    const width = depths.reduce((left, right) => left + right, 0);
    const initializer = truncatedNormalInitializer(x.shape[1] ** -0.5);
    const y = convNorm(scope.at(name), x, width, { initializer });
    return (depths.length === 1 ? [y] : split(y, depths, { axis: 1 })).map((part) =>
      rearrange(part, "B (h d) H W -> B h (H W) d", { h: heads }),
    );
  };
  const memoryIsRead = memoryToMemory || pixelToMemory;
  const [memoryQuery, memoryKey, memoryValue] = memoryIsRead
    ? project("memoryQkvConv", narrowMemory, [keyDepth, keyDepth, valueDepth])
    : project("memoryQueryConv", narrowMemory, [keyDepth]);
  const [pixelQuery, pixelKey, pixelValue] = pixelToMemory
    ? project("pixelQkvConv", narrowPixels, [keyDepth, keyDepth, valueDepth])
    : [null, ...project("pixelKvConv", narrowPixels, [keyDepth, valueDepth])];

  const behind = (some: Tensor, others: Tensor) => (memoryToMemory ? concat([some, others], { axis: 2 }) : some);
  const read = attend(
    scope.at("memoryAttention"),
    memoryQuery,
    behind(pixelKey!, memoryKey),
    behind(pixelValue!, memoryValue),
    { height: memory.shape[2], width: 1 },
  );
  const change = convNorm(scope.at("memoryConv3"), read.y, memory.shape[1], { gamma: silent });
  let next = relu(add(memory, dropPath(scope.at("memory"), change, dropRate)));
  if (ffnChannels > 0) {
    const hidden = convNormRelu(scope.at("memoryFfnConv1"), next, ffnChannels);
    const more = convNorm(scope.at("memoryFfnConv2"), hidden, memory.shape[1], { gamma: silent });
    next = relu(add(next, dropPath(scope.at("ffn"), more, dropRate)));
  }
  if (pixelQuery === null) return { pixels, memory: next, memoryWeights: read.weights, pixelWeights: null };

  // The memory as it came in, not `next`.
  const [, , height, width] = pixels.shape;
  const told = attend(scope.at("pixelAttention"), pixelQuery, memoryKey, memoryValue, { height, width });
  const feedback = convNorm(scope.at("pixelConv3"), told.y, pixels.shape[1], { gamma: silent });
  return {
    pixels: add(pixels, dropPath(scope.at("pixel"), feedback, dropRate)),
    memory: next,
    memoryWeights: read.weights,
    pixelWeights: told.weights,
  };
}

/** q: [B, h, T, d], k: [B, h, S, d], v: [B, h, S, e]; T = height · width → y: [B, h·e, height, width], weights: [B, h, T, S]. */
function attend(
  scope: Scope,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { height, width }: { readonly height: number; readonly width: number },
): { readonly y: Tensor; readonly weights: Tensor } {
  const scores = batchNorm2d(scope.at("normSimilarity"), matmul(q, k, { transposeB: true }), norms);
  const weights = softmax(scores, { axis: -1 });
  const values = rearrange(matmul(weights, v), "B h (H W) e -> B (h e) H W", { H: height, W: width });
  return { y: relu(batchNorm2d(scope.at("normRetrievedValue"), values, norms)), weights };
}
