import { truncatedNormalInitializer, zerosInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { conv2d } from "../nn/conv.ts";
import { linear } from "../nn/linear.ts";
import { layerNorm } from "../nn/norm.ts";
import { transformerBlock } from "../nn/transformer.ts";
import { add, concat, expand, reshape, slice, transpose } from "../ops/index.ts";

export interface VitOptions {
  /** Pixels along a side of a patch. */
  readonly patch?: number;
  readonly width?: number;
  readonly depth?: number;
  readonly heads?: number;
  /** Of stochastic depth in the last block; it grows evenly from 0 in the first. */
  readonly dropPath?: number;
}

const initializer = truncatedNormalInitializer(0.02);
const linearInitializers = { weightInitializer: initializer, biasInitializer: zerosInitializer };

/**
 * Vision transformer (Dosovitskiy et al. 2021); ViT-S/16 by default. Parameters: patches, classToken, positions,
 * layer1.norm1, …, norm.
 *
 * x: [B, 3, H, W] float, normalized, sides multiples of the patch → tokens [B, 1 + H/patch·W/patch, width], the class
 * token first, after the last norm.
 */
export function vit(
  scope: Scope,
  x: Tensor,
  { patch = 16, width = 384, depth = 12, heads = 6, dropPath = 0 }: VitOptions = {},
): Tensor {
  const [batch, , height, columns] = x.shape;
  if (height % patch !== 0 || columns % patch !== 0) {
    throw scope.error(
      `image sides must be multiples of ${patch}, got ${height} × ${columns}. Pad or resize the image.`,
    );
  }
  const count = (height / patch) * (columns / patch);
  const embedded = conv2d(scope.at("patches"), x, width, { kernel: patch, stride: patch });
  const patches = transpose(reshape(embedded, [batch, width, count]), [0, 2, 1]); // [B, T, D]
  const classToken = scope.parameter("classToken", [1, 1, width], initializer);
  const positions = scope.parameter("positions", [1, count + 1, width], initializer);

  let tokens = add(concat([expand(classToken, [batch, 1, width]), patches], { axis: 1 }), positions); // [B, 1 + T, D]
  for (let i = 0; i < depth; i++) {
    tokens = transformerBlock(scope.at(`layer${i + 1}`), tokens, {
      heads,
      dropPath: depth === 1 ? 0 : (dropPath * i) / (depth - 1),
      attentionInitializers: linearInitializers,
      mlpInitializers: linearInitializers,
    });
  }
  return layerNorm(scope.at("norm"), tokens, { epsilon: 1e-6 });
}

/** `vit` with the classification head `head` on the class token. x: [B, 3, H, W] → logits [B, classes]. */
export function vitClassifier(
  scope: Scope,
  x: Tensor,
  { classes, ...options }: VitOptions & { classes: number },
): Tensor {
  const tokens = vit(scope, x, options);
  const first = slice(tokens, [{ axis: 1, start: 0, end: 1 }]);
  return linear(scope.at("head"), reshape(first, [tokens.shape[0], tokens.shape[2]]), classes, linearInitializers);
}
