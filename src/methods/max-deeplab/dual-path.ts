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
  /** Slots read pixels; default true. */
  readonly memoryToPixel?: boolean;
  readonly memoryToMemory: boolean;
  readonly pixelToMemory: boolean;
  readonly dropRate?: number;
}

export interface DualPathResult {
  /** As `pixels`, not rectified. */
  readonly pixels: Tensor;
  /** As `memory`, rectified. */
  readonly memory: Tensor;
  /** What slots read: [B, heads, N, S], of S = H·W pixels, N slots, or both, pixels first; null where they read nothing. */
  readonly memoryWeights: Tensor | null;
  /** What pixels read: [B, heads, H·W, N]; null where they read nothing. */
  readonly pixelWeights: Tensor | null;
}

/** pixels: [B, C, H, W], not rectified; memory: [B, M, N, 1], a column per slot. */
export function dualPathTransformer(
  scope: Scope,
  pixels: Tensor,
  memory: Tensor,
  { filters, heads, ffnChannels, memoryToPixel = true, memoryToMemory, pixelToMemory, dropRate = 0 }: DualPathOptions,
): DualPathResult {
  const [keyDepth, valueDepth] = [filters, 2 * filters];
  if (keyDepth % heads !== 0) {
    throw scope.error(
      `the transformer's width must be a multiple of heads, got ${keyDepth} and ${heads}. Change either.`,
    );
  }
  /** Queries, keys and values of one side, as far as they are wanted. */
  const project = (side: "memory" | "pixel", x: Tensor, asks: boolean, isRead: boolean): Projected => {
    if (!asks && !isRead) return { query: null, key: null, value: null };
    const narrow = convNormRelu(scope.at(`${side}Conv1`), x, valueDepth);
    const depths = [...(asks ? [keyDepth] : []), ...(isRead ? [keyDepth, valueDepth] : [])];
    const width = depths.reduce((left, right) => left + right, 0);
    const initializer = truncatedNormalInitializer(narrow.shape[1] ** -0.5);
    const name = `${side}${asks && isRead ? "Qkv" : asks ? "Query" : "Kv"}Conv`;
    const y = convNorm(scope.at(name), narrow, width, { initializer });
    const parts = (depths.length === 1 ? [y] : split(y, depths, { axis: 1 })).map((part) =>
      rearrange(part, "B (h d) H W -> B h (H W) d", { h: heads }),
    );
    const query = asks ? parts[0] : null;
    const [key, value] = isRead ? parts.slice(-2) : [null, null];
    return { query, key, value };
  };
  const ofMemory = project("memory", memory, memoryToPixel || memoryToMemory, memoryToMemory || pixelToMemory);
  const ofPixels = project("pixel", relu(pixels), pixelToMemory, memoryToPixel);

  const sources = [...(memoryToPixel ? [ofPixels] : []), ...(memoryToMemory ? [ofMemory] : [])];
  const behind = (parts: readonly Tensor[]) => (parts.length === 1 ? parts[0] : concat(parts, { axis: 2 }));
  let next = memory;
  let memoryWeights: Tensor | null = null;
  if (ofMemory.query !== null) {
    const keys = behind(sources.map(({ key }) => key!));
    const values = behind(sources.map(({ value }) => value!));
    const size = { height: memory.shape[2], width: 1 };
    const read = attend(scope.at("memoryAttention"), ofMemory.query, keys, values, size);
    const change = convNorm(scope.at("memoryConv3"), read.y, memory.shape[1], { gamma: silent });
    next = relu(add(memory, dropPath(scope.at("memory"), change, dropRate)));
    memoryWeights = read.weights;
  }
  if (ffnChannels > 0) {
    const hidden = convNormRelu(scope.at("memoryFfnConv1"), next, ffnChannels);
    const more = convNorm(scope.at("memoryFfnConv2"), hidden, memory.shape[1], { gamma: silent });
    next = relu(add(next, dropPath(scope.at("ffn"), more, dropRate)));
  }
  if (ofPixels.query === null) return { pixels, memory: next, memoryWeights, pixelWeights: null };

  // The memory as it came in, not `next`.
  const [, , height, width] = pixels.shape;
  const told = attend(scope.at("pixelAttention"), ofPixels.query, ofMemory.key!, ofMemory.value!, { height, width });
  const feedback = convNorm(scope.at("pixelConv3"), told.y, pixels.shape[1], { gamma: silent });
  return {
    pixels: add(pixels, dropPath(scope.at("pixel"), feedback, dropRate)),
    memory: next,
    memoryWeights,
    pixelWeights: told.weights,
  };
}

interface Projected {
  readonly query: Tensor | null;
  readonly key: Tensor | null;
  readonly value: Tensor | null;
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
