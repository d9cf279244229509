/** The image encoder's head: levels of the backbone are aggregated, and each cell of the grid gets a token (Chen et al. 2023, fig. 3). */
import { convNorm } from "../../backbones/encoder.ts";
import { heNormalInitializer, normalInitializer, zerosInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import { channelDropout } from "../../nn/dropout.ts";
import { layerNorm } from "../../nn/norm.ts";
import { windowBlocks } from "../../nn/window-attention.ts";
import { axisSize, concat, conv, relu, resize, transpose } from "../../ops/index.ts";

export interface HeadSettings {
  /** Channels that each level is brought to. */
  readonly levelWidth: number;
  /** Channels of all levels together. */
  readonly width: number;
  /** Channels that tokens are chosen from. */
  readonly classifierWidth: number;
  readonly codes: number;
  /** Window blocks behind the aggregation and a layer norm (multi-level aggregation, MLA), or neither. */
  readonly aggregates: boolean;
  readonly depth: number;
  readonly heads: number;
  readonly window: number;
  /** Chance that a channel is dropped in front of the classifier. */
  readonly dropout: number;
}

/** As published with Swin-L; the others have a depth of 6. */
export const publishedHead: HeadSettings = {
  levelWidth: 384,
  width: 512,
  classifierWidth: 2048,
  codes: 8192,
  aggregates: true,
  depth: 2,
  heads: 16,
  window: 7,
  dropout: 0.1,
};

/** Rows and columns of a map. */
export type MapSize = readonly [rows: number, columns: number];

export interface HeadOutputs {
  /** All levels together: [B, width, h, w]. */
  readonly fused: Tensor;
  /** Behind the window blocks and their norm: [B, h, w, width]; `fused` where there are none. */
  readonly attended: Tensor;
  /** What tokens are chosen from, and the linear map that chooses: features [B, classifierWidth, h, w]. */
  readonly classifier: TokenClassifier;
}

/** logits = weight · features + bias, of which there are many: `tokenLogits` has them all, `tokenCrossEntropy` needs only some at once. */
export interface TokenClassifier {
  /** [B, C, h, w]. */
  readonly features: Tensor;
  /** [V, C, 1, 1]. */
  readonly weight: Tensor;
  /** [V]. */
  readonly bias: Tensor;
}

const initializer = heNormalInitializer("fanOut");

/**
 * Parameters: level1.conv, level1.norm, …, fusion, block1, …, norm, classifier, tokens.
 *
 * levels: [B, C, H, W] each, in the order of their convolutions; grid: rows and columns of tokens.
 */
export function tokenHead(scope: Scope, levels: readonly Tensor[], settings: HeadSettings, grid: MapSize): HeadOutputs {
  const { levelWidth, width, classifierWidth, codes, aggregates, depth, heads, window, dropout } = settings;
  const fused = fuse(scope, levels, { levelWidth, width }, grid);
  const map = transpose(fused, [0, 2, 3, 1]); // [B, h, w, width]
  const blocks = () => windowBlocks(scope, map, { depth, heads, window, hidden: 2 * width });
  const attended = aggregates ? layerNorm(scope.at("norm"), blocks()) : map;
  const last = transpose(attended, [0, 3, 1, 2]);
  const features = relu(convNorm(scope.at("classifier"), last, classifierWidth, { kernel: 1, initializer }));
  const place = scope.at("tokens");
  return {
    fused,
    attended,
    classifier: {
      features: channelDropout(scope.at("classifier"), features, dropout),
      weight: place.parameter("weight", [codes, classifierWidth, 1, 1], normalInitializer(0.01)),
      bias: place.parameter("bias", [codes], zerosInitializer),
    },
  };
}

/** [B, V, h, w]. */
export function tokenLogits({ features, weight, bias }: TokenClassifier): Tensor {
  return conv(features, weight, { bias });
}

/**
 * Classes of pixels, for the labels of those that have none (spec of the authors' code: the auxiliary head), in training alone.
 * Parameters: level1, …, fusion, classes.
 *
 * levels as in `tokenHead` → [B, classes, rows, columns] of `grid`.
 */
export function pixelHead(
  scope: Scope,
  levels: readonly Tensor[],
  { levelWidth, classes }: { readonly levelWidth: number; readonly classes: number },
  grid: MapSize,
): Tensor {
  return pixelClasses(scope, fuse(scope, levels, { levelWidth, width: levelWidth }, grid), classes);
}

/** The same from the token head's own fused levels ("single fusion"). Parameters: classes. fused: [B, C, h, w] → [B, classes, h, w]. */
export function pixelClasses(scope: Scope, fused: Tensor, classes: number): Tensor {
  return conv2d(scope.at("classes"), fused, classes, { kernel: 1 });
}

/** Each level by itself, brought to one size, then all together. → [B, width, rows, columns]. */
function fuse(
  scope: Scope,
  levels: readonly Tensor[],
  { levelWidth, width }: { readonly levelWidth: number; readonly width: number },
  grid: MapSize,
): Tensor {
  const unit = (place: Scope, x: Tensor, channels: number) =>
    relu(convNorm(place, x, channels, { kernel: 1, initializer }));
  const brought = levels.map((level, i) => sized(unit(scope.at(`level${i + 1}`), level, levelWidth), grid));
  return unit(scope.at("fusion"), concat(brought, { axis: 1 }), width);
}

/** x: [B, C, H, W] → [B, C, rows, columns], bilinear, half-pixel centres. */
export function sized(x: Tensor, [rows, columns]: MapSize): Tensor {
  return axisSize(x, 2) === rows && axisSize(x, 3) === columns ? x : resize(x, [rows, columns]);
}
