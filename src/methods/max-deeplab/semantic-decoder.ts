/** The auxiliary semantic decoder of the smaller network: atrous pyramid (Chen et al. 2018, DeepLabv3+) and two fusions. */
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { dropout } from "../../nn/dropout.ts";
import { averagePool, concat, resize } from "../../ops/index.ts";
import { convNormRelu, separableBlock } from "./layers.ts";

export interface SemanticDecoderOptions {
  readonly asppChannels: number;
  readonly asppRates: readonly number[];
  readonly semanticChannels: number;
  /** Widths that the maps of finer strides are projected to, one each. */
  readonly lowLevelChannels: readonly number[];
  readonly asppDropout: number;
  /** Window of the image pooling, cells of the coarse map; null: all of it. */
  readonly poolSize?: readonly [height: number, width: number] | null;
}

/** Two maps on one grid: bilinear, corner on corner. */
export function resizedTo(x: Tensor, [height, width]: readonly [number, number]): Tensor {
  if (x.shape[2] === height && x.shape[3] === width) return x;
  return resize(x, [height, width], { mode: "bilinear", alignCorners: true });
}

/** feature: [B, C, h, w], rectified; lowLevel: finer maps, the coarsest first → [B, semanticChannels, as the finest]. */
export function semanticDecoder(
  scope: Scope,
  feature: Tensor,
  lowLevel: readonly Tensor[],
  options: SemanticDecoderOptions,
): Tensor {
  let x = atrousPyramid(scope.at("aspp"), feature, options);
  for (const [i, finer] of lowLevel.entries()) {
    const projected = convNormRelu(scope.at(`lowLevelConv${i + 1}`), finer, options.lowLevelChannels[i]);
    const joined = concat([resizedTo(x, [finer.shape[2], finer.shape[3]]), projected], { axis: 1 });
    x = separableBlock(scope.at(`fusionConv${i + 1}`), joined, options.semanticChannels);
  }
  return x;
}

function atrousPyramid(
  scope: Scope,
  x: Tensor,
  { asppChannels, asppRates, asppDropout, poolSize = null }: SemanticDecoderOptions,
): Tensor {
  const [height, width] = [x.shape[2], x.shape[3]];
  const atrous = asppRates.map((dilation, i) =>
    convNormRelu(scope.at(`asppConv${i + 1}`).at("conv"), x, asppChannels, { kernel: 3, dilation }),
  );
  // A window larger than the map is the whole map.
  const kernel = [Math.min(poolSize?.[0] ?? height, height), Math.min(poolSize?.[1] ?? width, width)] as const;
  const pooled = convNormRelu(scope.at("asppPool").at("conv"), averagePool(x, { kernel, strides: 1 }), asppChannels);
  const all = [convNormRelu(scope.at("conv"), x, asppChannels), ...atrous, resizedTo(pooled, [height, width])];
  return dropout(scope, convNormRelu(scope.at("projConv"), concat(all, { axis: 1 }), asppChannels), asppDropout);
}
