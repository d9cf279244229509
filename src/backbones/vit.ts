import { truncatedNormalInitializer, zerosInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { conv2d } from "../nn/conv.ts";
import { type Grid, type PositionResizing, resizePositions } from "../nn/embedding.ts";
import { linear } from "../nn/linear.ts";
import { layerNorm } from "../nn/norm.ts";
import { transformerBlock } from "../nn/transformer.ts";
import { add, concat, expand, reshape, slice, split, transpose } from "../ops/index.ts";
import type { FeatureMap } from "./encoder.ts";

export interface VitOptions {
  /** Pixels along a side of a patch. */
  readonly patch?: number;
  readonly width?: number;
  readonly depth?: number;
  readonly heads?: number;
  /** Of stochastic depth in the last block; it grows evenly from 0 in the first. */
  readonly dropPath?: number;
  /** Rows and columns that positions are kept for and trained on. Default: those of the picture. */
  readonly grid?: Grid;
  /** How positions are resized where the picture has another grid. Default: bicubic with antialias, as timm does it. */
  readonly positionResizing?: PositionResizing;
  /** Learned tokens that stand for no patch and have no position (Darcet et al. 2024). */
  readonly registers?: number;
  /** What LayerScale starts at (see `transformerBlock`); default: there is none. */
  readonly layerScale?: number;
}

const initializer = truncatedNormalInitializer(0.02);
const linearInitializers = { weightInitializer: initializer, biasInitializer: zerosInitializer };

/**
 * Vision transformer (Dosovitskiy et al. 2021); ViT-S/16 by default. Parameters: patches, classToken, positions (the class
 * token's first), registers, layer1.norm1, …, norm.
 *
 * x: [B, 3, H, W] float, normalized, sides multiples of the patch → tokens [B, 1 + registers + H/patch·W/patch, width], the
 * class token first and registers behind it, after the last norm.
 */
export function vit(scope: Scope, x: Tensor, options: VitOptions = {}): Tensor {
  const { width = 384, depth = 12, heads = 6, dropPath = 0, registers = 0, layerScale } = options;
  const { classToken, patches } = embedded(scope, x, options);
  const [batch] = patches.shape;
  const repeated = (token: Tensor) => expand(token, [batch, token.shape[1], width]);
  const extra = registers === 0 ? [] : [repeated(scope.parameter("registers", [1, registers, width], initializer))];

  let tokens = concat([repeated(classToken), ...extra, patches], { axis: 1 }); // [B, 1 + R + T, D]
  for (let i = 0; i < depth; i++) {
    tokens = transformerBlock(scope.at(`layer${i + 1}`), tokens, {
      heads,
      layerScale,
      dropPath: depth === 1 ? 0 : (dropPath * i) / (depth - 1),
      attentionInitializers: linearInitializers,
      mlpInitializers: linearInitializers,
    });
  }
  return layerNorm(scope.at("norm"), tokens, { epsilon: 1e-6 });
}

/** Class token [1, 1, D] and patches [B, T, D], their positions added. */
function embedded(
  scope: Scope,
  x: Tensor,
  { patch = 16, width = 384, grid, positionResizing = { mode: "bicubic", antialias: true } }: VitOptions,
): { readonly classToken: Tensor; readonly patches: Tensor } {
  const [batch, , height, columns] = x.shape;
  if (height % patch !== 0 || columns % patch !== 0) {
    throw scope.error(
      `image sides must be multiples of ${patch}, got ${height} × ${columns}. Pad or resize the image.`,
    );
  }
  const wanted: Grid = [height / patch, columns / patch];
  const kept = grid ?? wanted;
  const projected = conv2d(scope.at("patches"), x, width, { kernel: patch, stride: patch });
  const patches = transpose(reshape(projected, [batch, width, wanted[0] * wanted[1]]), [0, 2, 1]); // [B, T, D]
  const classToken = scope.parameter("classToken", [1, 1, width], initializer);
  const count = kept[0] * kept[1];
  const positions = scope.parameter("positions", [1, 1 + count, width], initializer);
  const [first, rest] = split(positions, [1, count], { axis: 1 });
  return {
    classToken: add(classToken, first),
    patches: add(patches, resizePositions(rest, kept, wanted, positionResizing)),
  };
}

/** `vit` as an encoder: x: [B, 3, H, W] → one map of the patches' tokens, [B, width, H/patch, W/patch]. */
export function vitFeatures(scope: Scope, x: Tensor, options: VitOptions = {}): readonly FeatureMap[] {
  const { patch = 16, registers = 0 } = options;
  const tokens = vit(scope, x, options);
  const [batch, , width] = tokens.shape;
  const patches = slice(tokens, [{ axis: 1, start: 1 + registers }]); // [B, T, D]
  const [, , height, columns] = x.shape;
  const map = reshape(transpose(patches, [0, 2, 1]), [batch, width, height / patch, columns / patch]);
  return [{ stride: patch, map }];
}

/** `vit` with the classification head `head` on the class token. x: [B, 3, H, W] → logits [B, classes]. */
export function vitClassifier(
  scope: Scope,
  x: Tensor,
  { classes, ...options }: VitOptions & { classes: number },
): Tensor {
  const tokens = vit(scope, x, options);
  const [batch, , width] = tokens.shape;
  const first = slice(tokens, [{ axis: 1, start: 0, end: 1 }]);
  return linear(scope.at("head"), reshape(first, [batch, width]), classes, linearInitializers);
}
