/** Swin Transformer (Liu et al. 2021): windows of tokens, merged 2 × 2 between stages. */
import { truncatedNormalInitializer, zerosInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { linear } from "../nn/linear.ts";
import { layerNorm } from "../nn/norm.ts";
import { patchTokens } from "../nn/patches.ts";
import { windowBlocks } from "../nn/window-attention.ts";
import { pad, rearrange, reshape, transpose } from "../ops/index.ts";
import type { FeatureMap } from "./encoder.ts";

export interface SwinOptions {
  /** Channels of the first stage; each stage behind it has twice as many. */
  readonly width?: number;
  /** Blocks of each stage. */
  readonly depths?: readonly number[];
  readonly heads?: readonly number[];
  /** Tokens along a side of a window. */
  readonly window?: number;
  /** Pixels along a side of a patch. */
  readonly patch?: number;
  /** Hidden channels of an MLP over those outside. */
  readonly mlpRatio?: number;
  /** Of stochastic depth in the last block; it grows evenly from 0 in the first. */
  readonly dropPath?: number;
}

const initializers = {
  weightInitializer: truncatedNormalInitializer(0.02),
  biasInitializer: zerosInitializer,
};

/**
 * Swin Transformer (Liu et al. 2021, fig. 3); Swin-T by default. Parameters: patches, patchNorm, stage1.block1.norm1, …,
 * stage1.merge.norm, stage1.merge.reduction, …, norm1, … (of each stage's result).
 *
 * Patches and maps that do not come out even are padded with zeros below and to the right. Merged channels lie channel by
 * channel (4c + 2·row + column), as mmsegmentation has them; the authors' files have them place by place, see `ourMerging`.
 *
 * x: [B, 3, H, W] float, normalized, any sides → a map of each stage, normalized: [B, width·2ˢ, ⌈H / 4·2ˢ⌉, ⌈W / 4·2ˢ⌉].
 */
export function swin(scope: Scope, x: Tensor, options: SwinOptions = {}): readonly FeatureMap[] {
  const {
    width = 96,
    depths = [2, 2, 6, 2],
    heads = [3, 6, 12, 24],
    window = 7,
    patch = 4,
    mlpRatio = 4,
    dropPath = 0,
  } = options;
  if (heads.length !== depths.length) {
    throw scope.error(`expected heads of ${depths.length} stages, got ${heads.length}. Name them for each stage.`);
  }
  let map = embedded(scope, x, width, patch); // [B, H/4, W/4, C]
  const total = depths.reduce((sum, depth) => sum + depth, 0);
  let before = 0;
  const maps: FeatureMap[] = [];
  for (const [stage, depth] of depths.entries()) {
    const place = scope.at(`stage${stage + 1}`);
    const first = before;
    map = windowBlocks(place, map, {
      ...initializers,
      depth,
      heads: heads[stage],
      window,
      hidden: mlpRatio * map.shape[3],
      dropPaths: Array.from({ length: depth }, (_, i) => (total === 1 ? 0 : (dropPath * (first + i)) / (total - 1))),
    });
    before += depth;
    const normed = layerNorm(scope.at(`norm${stage + 1}`), map);
    maps.push({ stride: patch * 2 ** stage, map: transpose(normed, [0, 3, 1, 2]) });
    if (stage < depths.length - 1) map = merged(place.at("merge"), map);
  }
  return maps;
}

/** Patches as tokens on their grid, normalized. [B, 3, H, W] → [B, ⌈H/patch⌉, ⌈W/patch⌉, width]. */
function embedded(scope: Scope, x: Tensor, width: number, patch: number): Tensor {
  const [batch, , height, columns] = x.shape;
  const [rows, across] = [Math.ceil(height / patch), Math.ceil(columns / patch)];
  const whole = pad(x, { after: [0, 0, rows * patch - height, across * patch - columns] });
  const tokens = patchTokens(scope.at("patches"), whole, width, { patch });
  return reshape(layerNorm(scope.at("patchNorm"), tokens), [batch, rows, across, width]);
}

/** Neighbours 2 × 2 as one token of twice the channels. [B, H, W, C] → [B, ⌈H/2⌉, ⌈W/2⌉, 2C]. */
function merged(scope: Scope, x: Tensor): Tensor {
  const [, height, width, channels] = x.shape;
  const even = pad(x, { after: [0, height % 2, width % 2, 0] });
  const four = rearrange(even, "B (rows h) (columns w) C -> B rows columns (C h w)", { h: 2, w: 2 });
  return linear(scope.at("reduction"), layerNorm(scope.at("norm"), four), 2 * channels, {
    ...initializers,
    bias: false,
  });
}

/** Channels, blocks, heads and windows of the published sizes (Liu et al. 2021, sec. 3.3). */
export const swinSizes = {
  tiny: { width: 96, depths: [2, 2, 6, 2], heads: [3, 6, 12, 24] },
  small: { width: 96, depths: [2, 2, 18, 2], heads: [3, 6, 12, 24] },
  base: { width: 128, depths: [2, 2, 18, 2], heads: [4, 8, 16, 32] },
  large: { width: 192, depths: [2, 2, 18, 2], heads: [6, 12, 24, 48] },
} as const;
