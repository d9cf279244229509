import { normalInitializer, zerosInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import { type Grid, resizePositions } from "../../nn/embedding.ts";
import { groupNorm, layerNorm } from "../../nn/norm.ts";
import { cropped, patchTokens } from "../../nn/patches.ts";
import { transformerBlock } from "../../nn/transformer.ts";
import { add, axisSize, concat, expand, mean, relu, split } from "../../ops/index.ts";
import { type Grouping, groupingBlock, imageInitializers, tokenMixer, widened } from "./grouping.ts";
import type { ImageEncoderSettings } from "./settings.ts";
import { sinusoidalPositions } from "./sinusoidal.ts";

/** A stage's results. */
export interface ImageStage {
  /** Segments that the stage made; of the last stage its tokens. [B, G, D′] */
  readonly tokens: Tensor;
  /** Group tokens behind the stage's transformer blocks, before it grouped; null where it has none. [B, T, D] */
  readonly groupTokens: Tensor | null;
  /** Null for the last stage. */
  readonly grouping: Grouping | null;
}

export interface ImageTokens {
  /** Mean of the last tokens, [B, D]. */
  readonly pooled: Tensor;
  /** Final segments, or patches where nothing is grouped, [B, G, D]. */
  readonly tokens: Tensor;
  /** Of each grouping block: the noise-free probability that a token is of a group, [B, G, L]. */
  readonly soft: readonly Tensor[];
  /** Of each grouping block: what tokens were merged by, [B, G, L]. */
  readonly used: readonly Tensor[];
  /** Rows and columns of patches; patch tokens are in row-major order. */
  readonly grid: Grid;
  /** Patches without and with their positions, [B, N, D]. */
  readonly patches: Tensor;
  readonly positioned: Tensor;
  readonly stages: readonly ImageStage[];
}

export interface ImageEncoderOptions {
  /** Standard Gumbel noise of each grouping block, [B, G, L]. Default: drawn by the host where the settings want any. */
  readonly noise?: readonly Tensor[];
}

/**
 * Image encoder (Xu et al. 2022, section 3.1): a vision transformer in stages; learned group tokens go along with the
 * image's tokens, and at the end of a stage each token goes to one group, whose tokens become one segment.
 *
 * images: [B, 3, H, W] float, normalized. Rows and columns beyond whole patches are left out; positions are resized to
 * other sizes than the settings' (bicubic, a = −0.75), but in training the size must be that.
 */
export function imageEncoder(
  scope: Scope,
  images: Tensor,
  settings: ImageEncoderSettings,
  { noise }: ImageEncoderOptions = {},
): ImageTokens {
  const { imageSize, patchSize, stemChannels, width, depths } = settings;
  const [, , height, columns] = images.shape;
  if (scope.training && (height !== imageSize || columns !== imageSize)) {
    throw scope.error(
      `images must be ${imageSize} × ${imageSize} pixels in training, got ${height} × ${columns}. Resize or crop them.`,
    );
  }
  const grid: Grid = [Math.floor(height / patchSize), Math.floor(columns / patchSize)];
  const stemmed = stem(scope.at("stem"), cropped(images, grid[0] * patchSize, grid[1] * patchSize), stemChannels);
  const patch = patchSize / 2 ** stemChannels.length;
  const projected = patchTokens(scope.at("patches"), stemmed, width, { patch }); // [B, N, D]
  const patches = layerNorm(scope.at("patchNorm"), projected);
  const positioned = add(patches, positions(scope, grid, settings));

  const rates = dropPathRates(settings);
  const stages: ImageStage[] = [];
  let tokens = positioned;
  for (const [s, depth] of depths.entries()) {
    const groupTokens = groupTokensOf(scope.at(`stage${s + 1}`), s, axisSize(images, 0), settings, stages[s - 1]);
    const before = depths.slice(0, s).reduce((sum, blocks) => sum + blocks, 0);
    const place = { index: s, rates: rates.slice(before, before + depth), noise: noise?.[s] };
    const stage = imageStage(scope.at(`stage${s + 1}`), tokens, groupTokens, settings, place);
    stages.push(stage);
    tokens = stage.tokens;
  }
  const final = layerNorm(scope.at("norm"), tokens); // [B, G, D]
  const groupings = stages.flatMap(({ grouping }) => grouping ?? []);
  return {
    pooled: mean(final, { axes: [1] }),
    tokens: final,
    soft: groupings.map(({ soft }) => soft),
    used: groupings.map(({ used }) => used),
    ...{ grid, patches, positioned, stages },
  };
}

/** Channels that are normed together in the stem. */
export const stemGroup = 8;

/** x: [B, 3, H, W] → [B, C, H / 2ⁿ, W / 2ⁿ] of n convolutions; normed image by image, so that it does not matter which are in a batch. */
function stem(scope: Scope, x: Tensor, channels: readonly number[]): Tensor {
  return channels.reduce((seen, width, index) => {
    const layer = scope.at(`layer${index + 1}`);
    const convolved = conv2d(layer.at("conv"), seen, width, { kernel: 3, stride: 2, padding: 1, bias: false });
    return relu(groupNorm(layer.at("norm"), convolved, { groups: width / stemGroup }));
  }, x);
}

/** Stochastic depth of each block, in order: evenly from 0 to `dropPath`. */
export function dropPathRates({ depths, dropPath }: Pick<ImageEncoderSettings, "depths" | "dropPath">): number[] {
  const blocks = depths.reduce((sum, depth) => sum + depth, 0);
  return Array.from({ length: blocks }, (_, i) => (blocks === 1 ? 0 : (dropPath * i) / (blocks - 1)));
}

/** Width of the tokens in a stage, from 0. */
export function stageWidth(
  { width, widthFactors }: Pick<ImageEncoderSettings, "width" | "widthFactors">,
  stage: number,
): number {
  return Math.trunc(width * widthFactors[stage]);
}

/** Position vectors of a grid of patches, [1, rows · columns, D]. */
function positions(scope: Scope, grid: Grid, { imageSize, patchSize, width, position }: ImageEncoderSettings): Tensor {
  const side = Math.floor(imageSize / patchSize);
  const table =
    position === "learned"
      ? scope.parameter("positions", [1, side * side, width], normalInitializer(0.02))
      : constant(sinusoidalPositions([side, side], width));
  return resizePositions(table, [side, side], grid, { mode: "bicubic" });
}

/**
 * Group tokens that a stage begins with, [B, T, D]: learned ones, and to them is added what the former stage's have become;
 * null where the stage has none.
 */
function groupTokensOf(
  scope: Scope,
  index: number,
  batch: number,
  settings: ImageEncoderSettings,
  former: ImageStage | undefined,
): Tensor | null {
  const count = settings.groupTokens[index];
  if (count === 0) return null;
  const width = stageWidth(settings, index);
  const previous = former?.groupTokens ?? null;
  // Those that are added to others start at 0.
  const initializer = previous === null ? normalInitializer(0.02) : zerosInitializer;
  const learned = scope.parameter("groupTokens", [1, count, width], initializer);
  if (previous === null) return expand(learned, [batch, count, width]);
  return add(projectGroupTokens(scope.at("tokenProjector"), previous, count, width, settings), learned);
}

/** Group tokens of a stage made into `count` ones of `width` for the next. x: [B, T, D] → [B, count, width]. */
function projectGroupTokens(
  scope: Scope,
  x: Tensor,
  count: number,
  width: number,
  settings: ImageEncoderSettings,
): Tensor {
  const before = axisSize(x, -1);
  // Where the width grows, the parts that have the old one are kept apart.
  const place = before === width ? scope : scope.at("narrow");
  const normed = layerNorm(place.at("norm"), x);
  const mixed = tokenMixer(place.at("mixer"), normed, settings, { hidden: Math.floor(before / 2), outputs: count });
  return before === width ? mixed : widened(scope.at("widening"), mixed, width, settings);
}

/** Transformer blocks over tokens and group tokens together, then the grouping block, if it is not the last stage. */
function imageStage(
  scope: Scope,
  x: Tensor,
  groupTokens: Tensor | null,
  settings: ImageEncoderSettings,
  { index, rates, noise }: { readonly index: number; readonly rates: readonly number[]; readonly noise?: Tensor },
): ImageStage {
  const width = stageWidth(settings, index);
  const heads = settings.heads[index];
  let all = groupTokens === null ? x : concat([x, groupTokens], { axis: 1 }); // [B, L + T, D]
  for (const [block, rate] of rates.entries()) {
    all = transformerBlock(scope.at(`layer${block + 1}`), all, {
      heads,
      hidden: Math.trunc(settings.mlpRatio * width),
      epsilon: 1e-5,
      dropPath: rate,
      attentionInitializers: imageInitializers(settings),
      mlpInitializers: imageInitializers(settings),
    });
  }
  const [tokens, grown] =
    groupTokens === null ? [all, null] : split(all, [axisSize(x, 1), axisSize(groupTokens, 1)], { axis: 1 });
  if (index === settings.depths.length - 1) return { tokens, groupTokens: grown, grouping: null };
  if (grown === null) {
    throw scope.error("group tokens must be above 0 in a stage that groups, got 0. Give the stage some.");
  }
  const outputs = stageWidth(settings, index + 1);
  const groups = settings.outputGroups[index];
  const grouping = groupingBlock(scope.at("grouping"), tokens, grown, { groups, heads, outputs, settings, noise });
  return { tokens: grouping.segments, groupTokens: grown, grouping };
}
